"""Distances to the boundary, against distances known in closed form and against every face in turn."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from scipy.spatial import Delaunay

from gno.mesh import Mesh, faces, shapes
from gno.models.features import boundary_distance as module
from gno.models.features.boundary_distance import boundary_distance


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


def by_sides(x: np.ndarray, corners: np.ndarray) -> float:
    """Distance to the nearest side of a triangle, or to a segment."""
    a, b = corners, np.roll(corners, -1, axis=0)
    t = np.clip(((x - a) * (b - a)).sum(1) / ((b - a) ** 2).sum(1), 0, 1)
    return float(np.linalg.norm(x - a - t[:, None] * (b - a), axis=1).min())


def by_face(x: np.ndarray, corners: np.ndarray) -> float:
    """Distance to a segment, or to a triangle by barycentric coordinates of the foot in least squares."""
    if len(corners) == 2:
        return by_sides(x, corners)
    basis = (corners[1:] - corners[0]).T
    weights = np.linalg.lstsq(basis, x - corners[0], rcond=None)[0]
    if weights.min() >= 0 and weights.sum() <= 1:
        return float(np.linalg.norm(x - corners[0] - basis @ weights))
    return by_sides(x, corners)


def random_mesh(dim: int, seed: int, graded: float) -> Mesh:
    """The convex hull of random points that crowd at one side, without some of its cells: a ragged boundary."""
    rng = np.random.default_rng(seed)
    x = rng.random((100, dim))
    x[:, 0] **= graded
    cells = Delaunay(x).simplices.astype(np.int64)
    return Mesh(x, {"triangle" if dim == 2 else "tetra": cells[rng.random(len(cells)) > 0.02]})


@pytest.mark.parametrize("graded", [1.0, 6.0])
@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_the_least_over_all_faces(dim: int, seed: int, graded: float) -> None:
    mesh = random_mesh(dim, seed, graded)
    outer = faces(mesh)
    pieces = mesh.points[outer.nodes[outer.neighbor < 0]]
    expected = [min(by_face(x, corners) for corners in pieces) for x in mesh.points]
    assert max(expected) > 0.01
    assert np.abs(boundary_distance(mesh) - expected).max() < 1e-12


@pytest.mark.parametrize("seed", [0, 1])
def test_quads_of_a_box_that_is_bent(seed: int) -> None:
    """Faces that are not flat are two triangles: their diagonal may be what is nearest."""
    cube = shapes.cube(0.25, kind="hexahedron")
    mesh = Mesh(cube.points + np.random.default_rng(seed).uniform(-0.04, 0.04, cube.points.shape), cube.cells)
    outer = faces(mesh)
    quads = outer.nodes[outer.neighbor < 0]
    pieces = mesh.points[np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])]
    expected = [min(by_face(x, corners) for corners in pieces) for x in mesh.points]
    assert max(expected) > 0.3
    assert np.abs(boundary_distance(mesh) - expected).max() < 1e-12


def test_the_middle_of_a_disc_is_as_far_from_every_side() -> None:
    """There all sides are candidates, and no bound may leave one out."""
    angle = 2 * np.pi * np.arange(500) / 500
    rim = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inside = np.array([[1e-3, 2e-3], [0.0, -0.4]])
    x = np.concatenate([rim, inside])
    mesh = Mesh(x, {"triangle": Delaunay(x).simplices.astype(np.int64)})
    sides = np.stack([rim, np.roll(rim, -1, axis=0)], axis=1)
    expected = [min(by_sides(point, side) for side in sides) for point in inside]
    assert np.abs(boundary_distance(mesh)[500:] - expected).max() < 1e-14


@pytest.mark.parametrize("width", [0.1, 0.02])
def test_looks_at_few_faces_a_node_however_far_these_are(width: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a face's length of the distance lie as many more as the root of the depth: a bound that grows."""
    looked: list[int] = []
    inside = module._to_inside

    def counted(point: np.ndarray, piece: np.ndarray) -> np.ndarray:
        looked.append(len(point))
        return inside(point, piece)

    monkeypatch.setattr(module, "_to_inside", counted)
    mesh = shapes.square(width, kind="delaunay")
    boundary_distance(mesh)
    assert 0.5 < sum(looked) / mesh.num_points < 2.5


def test_is_kept_as_long_as_the_mesh_and_not_to_be_written_to() -> None:
    mesh = shapes.square(0.25, kind="structured")
    away = boundary_distance(mesh)
    assert boundary_distance(mesh) is away
    with pytest.raises(ValueError, match="read-only"):
        away[0] = 1.0
    gone = weakref.ref(away)
    del mesh, away
    gc.collect()
    assert gone() is None


def test_without_cells_every_distance_is_infinite() -> None:
    assert np.isinf(boundary_distance(Mesh(np.zeros((3, 2)), {}))).all()
