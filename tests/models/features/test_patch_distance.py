"""Distances to patches, against distances known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from gno.errors import DataError
from gno.mesh import Mesh, shapes
from gno.models.features.boundary_distance import boundary_distance
from gno.models.features.patch_distance import patch_distance


@pytest.mark.parametrize("mesh", [shapes.square(0.1, kind="structured"), shapes.cube(0.25, kind="hexahedron")])
def test_on_a_grid_the_nearest_node_of_a_side_is_the_nearest_point(mesh: Mesh) -> None:
    x = mesh.points[:, 0]
    assert np.abs(patch_distance(mesh, ["left"]) - x).max() < 1e-12
    assert np.abs(patch_distance(mesh, ["left", "right"]) - np.minimum(x, 1 - x)).max() < 1e-12
    assert np.abs(patch_distance(mesh, ["*"]) - boundary_distance(mesh)).max() < 1e-12


@pytest.mark.parametrize("size", [0.1, 0.05])
def test_elsewhere_it_is_too_large_by_what_half_a_side_of_a_cell_makes(size: float) -> None:
    mesh = shapes.square_with_holes(size, [(0.5, 0.5, 0.2)], seed=1)
    exact, found = boundary_distance(mesh), patch_distance(mesh, list(mesh.boundary))
    sides = np.concatenate([mesh.points[facets] for facets in mesh.boundary.values()])
    half = np.linalg.norm(sides[:, 1] - sides[:, 0], axis=1).max() / 2
    assert (found >= exact - 1e-12).all()
    assert (found <= np.sqrt(exact**2 + half**2) + 1e-12).all()


def test_nodes_in_another_order_have_the_same_distances() -> None:
    mesh = shapes.square_with_holes(0.1, [(0.5, 0.5, 0.2)], seed=1)
    hole = list(mesh.boundary)[-1]
    order = np.random.default_rng(0).permutation(mesh.num_points)
    place = np.argsort(order)
    turned = Mesh(
        mesh.points[order],
        {kind: place[cells] for kind, cells in mesh.cells.items()},
        {name: place[facets] for name, facets in mesh.boundary.items()},
    )
    away = patch_distance(mesh, [hole])
    assert np.array_equal(patch_distance(turned, [hole]), away[order])
    assert (away == 0).sum() == len(np.unique(mesh.boundary[hole]))


def test_in_a_periodic_box_the_way_through_its_face_may_be_shorter() -> None:
    mesh = shapes.square(0.1, kind="structured")
    x = mesh.points[:, 0]
    assert np.abs(patch_distance(mesh, ["left"], (1.0, 0.0)) - np.minimum(x, 1 - x)).max() < 1e-12
    assert np.abs(patch_distance(mesh, ["left"], (0.0, 1.0)) - x).max() < 1e-12


def test_a_patch_that_is_not_there_is_refused() -> None:
    mesh = shapes.square(0.25)
    with pytest.raises(DataError, match=r"no patch 'airfoil'"):
        patch_distance(mesh, ["airfoil"])
    empty = Mesh(mesh.points, mesh.cells, {"wing": np.zeros((0, 2), dtype=np.int64)})
    with pytest.raises(DataError, match=r"no node lies on 'wing'"):
        patch_distance(empty, ["wing"])
