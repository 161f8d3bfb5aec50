"""Distances to the boundary, against distances known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from gno.mesh import Mesh, shapes
from gno.models.boundary_distance import boundary_distance


@pytest.mark.parametrize("kind", ["delaunay", "quad"])
def test_square(kind: str) -> None:
    mesh = shapes.square(0.11, kind=kind, side=2.0)
    x, y = mesh.points.T
    assert np.abs(boundary_distance(mesh) - np.minimum.reduce([x, 2 - x, y, 2 - y])).max() < 1e-12


def test_a_reentrant_corner_is_the_nearest_point_of_the_boundary() -> None:
    mesh = shapes.l_shape(0.1, side=1.0, notch=(0.5, 0.5))
    x, y = mesh.points.T
    before = (x < 0.5) & (y < 0.5)  # there the notch shows its corner, elsewhere a side
    notch = np.where(before, np.hypot(x - 0.5, y - 0.5), np.maximum(0.5 - x, 0.5 - y))
    assert np.abs(boundary_distance(mesh) - np.minimum.reduce([x, 1 - x, y, 1 - y, notch])).max() < 1e-12


def test_long_faces_beside_short_ones_are_measured_exactly() -> None:
    """A thin triangle whose nearest side has its middle far away."""
    x = np.array([[0.0, 0], [100, 0], [0, 1], [0.5, 0.4], [99, 0.005]])
    cells = np.array([[0, 1, 4], [0, 4, 3], [0, 3, 2], [2, 3, 4], [2, 4, 1]])
    mesh = Mesh(x, {"triangle": cells})
    away = boundary_distance(mesh)
    assert away[:3].tolist() == [0, 0, 0]
    assert away[4] == pytest.approx(min(0.005, (1 - 0.99 - 0.005) / np.hypot(1, 0.01)), rel=1e-9)
    assert away[3] == pytest.approx(0.4)


@pytest.mark.parametrize("kind", ["tetra", "hexahedron"])
def test_cube(kind: str) -> None:
    mesh = shapes.cube(0.25, kind=kind)
    x = mesh.points
    assert np.abs(boundary_distance(mesh) - np.minimum(x, 1 - x).min(axis=1)).max() < 1e-12
