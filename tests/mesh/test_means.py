"""Means between cells and nodes, against the sums they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from gno.mesh import Mesh, cell_volume, shapes
from gno.mesh.means import around_nodes, corner_mean

MESH = shapes.square(0.2)


@pytest.mark.parametrize("components", [(), (1,), (3,)])
def test_around_nodes_equals_the_sum_over_the_cells_of_each(components: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).lognormal(size=(MESH.num_cells, *components))
    volume, triangles = cell_volume(MESH), MESH.cells["triangle"]
    found = around_nodes(MESH, values)
    assert found.shape == (MESH.num_points, *components)
    for node in (0, 5, MESH.num_points - 1):
        touching = (triangles == node).any(axis=1)
        assert found[node] == pytest.approx(np.average(values[touching], axis=0, weights=volume[touching]))


def test_constants_stay_as_they_are_and_linear_fields_are_exact_at_the_centers() -> None:
    for mesh in (MESH, shapes.square(0.25, kind="quad"), shapes.cube(0.5)):
        assert np.allclose(around_nodes(mesh, np.full(mesh.num_cells, 2.5)), 2.5)
        vertices = np.concatenate([mesh.points[cells].mean(axis=1) for cells in mesh.cells.values()])
        assert np.allclose(corner_mean(mesh, mesh.points), vertices)


def test_a_node_without_cells_gets_zero() -> None:
    points = np.array([[0.0, 0], [1, 0], [0, 1], [5, 5]])
    mesh = Mesh(points, {"triangle": np.array([[0, 1, 2]])})
    assert around_nodes(mesh, np.array([3.0])).tolist() == [3.0, 3.0, 3.0, 0.0]
