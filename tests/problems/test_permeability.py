"""Permeability at cells and at nodes."""

from __future__ import annotations

import numpy as np
import pytest

from gno.errors import DataError
from gno.mesh import Mesh, shapes
from gno.problems.coefficient import log_normal, two_phase
from gno.problems.permeability import cell_permeability, mean_permeability

MESH = shapes.square(0.2)


def test_cells_come_first_then_nodes() -> None:
    at_cells, at_nodes = np.full(MESH.num_cells, 2.0), np.full(MESH.num_points, 3.0)
    assert np.allclose(cell_permeability(MESH.with_data({"permeability": at_nodes}, {})), 3)
    both = MESH.with_data({"permeability": at_nodes}, {"permeability": at_cells})
    assert np.allclose(cell_permeability(both), 2)
    assert mean_permeability(both) == pytest.approx(2)


def test_mean_is_weighted_by_volume() -> None:
    points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [4, 0], [4, 1]])
    mesh = Mesh(points, {"quad": np.array([[0, 1, 2, 3], [1, 4, 5, 2]])})
    assert mean_permeability(mesh.with_data({}, {"permeability": np.array([1.0, 5.0])})) == pytest.approx(4)


@pytest.mark.parametrize(
    ("values", "what"),
    [(None, "no field 'permeability'"), (np.zeros(3), "shape"), (-1.0, "permeability is -1"), (np.nan, "is nan")],
)
def test_what_cannot_be_a_permeability_is_refused(values: object, what: str) -> None:
    if values is None:
        mesh = MESH
    else:
        array = values if isinstance(values, np.ndarray) else np.full(MESH.num_cells, values)
        mesh = Mesh(MESH.points, MESH.cells)
        object.__setattr__(mesh, "cell_data", {"permeability": array})
    with pytest.raises(DataError, match=what):
        cell_permeability(mesh)


def test_media() -> None:
    phi = np.linspace(-1, 1, 5)
    assert set(two_phase(phi)) == {3.0, 12.0}
    assert set(two_phase(phi, contrast=100.0)) == {0.12, 12.0}
    assert np.allclose(np.log(log_normal(phi, 2.5)), 2.5 * phi)
