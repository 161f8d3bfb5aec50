from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gno.errors import ConfigError, MeshError
from gno.mesh import Mesh, cell_volume, faces, patch_faces, refine
from tests.mesh.conftest import one_cell

POINTS = np.array([[0.0, 0], [1, 0.1], [1.2, 1], [0, 1], [2, 0], [2.2, 1.1]])
MIXED = Mesh(
    POINTS,
    {"quad": np.array([[0, 1, 2, 3]]), "triangle": np.array([[1, 4, 2], [4, 5, 2]])},
    {"bottom": np.array([[0, 1], [4, 1]]), "right": np.array([[4, 5]])},
    {"x": POINTS[:, 0]},
    {"kind": np.array([4.0, 3, 3])},
)


@given(n=st.integers(1, 6))
def test_the_domain_and_its_boundary_stay(n: int) -> None:
    fine = refine(MIXED, n)
    assert fine.num_cells == n * n * MIXED.num_cells
    assert cell_volume(fine).sum() == pytest.approx(cell_volume(MIXED).sum(), rel=1e-13)
    assert (cell_volume(fine) > 0).all()
    assert len(np.unique(fine.points.round(12), axis=0)) == fine.num_points  # conforming: no node stands twice
    assert len(faces(fine)) - faces(fine).num_inner == n * (len(faces(MIXED)) - faces(MIXED).num_inner)
    assert {name: len(rows) for name, rows in patch_faces(fine).items()} == {"bottom": 2 * n, "right": n}


@given(n=st.integers(2, 5))
def test_coarse_nodes_come_first_and_fields_are_interpolated(n: int) -> None:
    fine = refine(MIXED, n)
    assert (fine.points[: MIXED.num_points] == MIXED.points).all()
    assert fine.point_data["x"] == pytest.approx(fine.points[:, 0], abs=1e-13)
    assert (fine.cell_data["kind"] == np.repeat([4.0, 3, 3], n * n)).all()


def test_children_lie_in_their_parent() -> None:
    n, fine = 3, refine(MIXED, 3)
    children = fine.cells["triangle"].reshape(2, n * n, 3)
    for parent, group in zip(MIXED.cells["triangle"], children):
        a, b, c = MIXED.points[parent]
        weights = np.linalg.solve(np.stack([b - a, c - a], axis=1), (fine.points[group.ravel()] - a).T)
        assert weights.min() > -1e-12
        assert weights.sum(axis=0).max() < 1 + 1e-12


def test_what_cannot_be_refined_is_refused() -> None:
    with pytest.raises(MeshError, match="3-D"):
        refine(one_cell("tetra"), 2)
    with pytest.raises(ConfigError, match="n is 0"):
        refine(MIXED, 0)
