"""Shapes: exact areas, closed and named boundaries, well-shaped triangles, and the same mesh for the same seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gno.errors import ConfigError
from gno.mesh import Mesh, cell_volume, edges, faces, patch_faces
from gno.mesh.shapes import disk, l_shape, polygon, rectangle, square, square_with_holes

HOLES = [(0.3, 0.3, 0.12), (0.7, 0.65, 0.15)]
ARROW = [(0.0, 0.0), (1.0, 0.2), (2.0, 0.0), (1.4, 0.9), (0.6, 1.0)]

SHAPES: dict[str, tuple[float, Callable[[int], Mesh]]] = {
    "square": (0.07, lambda seed: square(0.07, seed=seed)),
    "rectangle": (0.1, lambda seed: rectangle(0.1, 2.0, 0.7, seed=seed)),
    "disk": (0.12, lambda seed: disk(0.12, seed=seed)),
    "l_shape": (0.06, lambda seed: l_shape(0.06, seed=seed)),
    "holes": (0.05, lambda seed: square_with_holes(0.05, HOLES, seed=seed)),
    "arrow": (0.08, lambda seed: polygon(ARROW, 0.08, seed=seed)),
}
every_shape = pytest.mark.parametrize("name", SHAPES)


def lengths(mesh: Mesh) -> np.ndarray:
    return np.linalg.norm(np.diff(mesh.points[edges(mesh)], axis=1)[:, 0], axis=1)


def angles(mesh: Mesh) -> np.ndarray:
    corners = mesh.points[mesh.cells["triangle"]]
    u, v = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    return np.degrees(np.arctan2(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0], (u * v).sum(-1)))


def shoelace(points: np.ndarray) -> float:
    x, y = points.T
    return float(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2


def check(mesh: Mesh, holes: int = 0) -> None:
    """The laws of every plane mesh: positive cells, no node unused, Euler's formula, each outer face in one patch."""
    assert (cell_volume(mesh) > 0).all()
    assert set(np.unique(np.concatenate([c.ravel() for c in mesh.cells.values()]))) == set(range(mesh.num_points))
    assert mesh.num_points - len(edges(mesh)) + mesh.num_cells == 1 - holes
    named = Counter(int(face) for numbers in patch_faces(mesh).values() for face in numbers)
    assert set(named.values()) == {1}
    assert sorted(named) == np.flatnonzero(faces(mesh).neighbor < 0).tolist()


@every_shape
def test_cells_are_positive_and_each_outer_face_has_one_name(name: str) -> None:
    check(SHAPES[name][1](0), holes=len(HOLES) if name == "holes" else 0)


@pytest.mark.parametrize(
    ("mesh", "area"),
    [
        (square(0.1, side=3.0, seed=4), 9.0),
        (square(0.13, kind="structured"), 1.0),
        (square(0.13, kind="perturbed", seed=2), 1.0),
        (square(0.13, kind="quad"), 1.0),
        (rectangle(0.2, 2.0, 0.7), 1.4),
        (l_shape(0.1, side=2.0, notch=(0.25, 0.6)), 4 * (1 - 0.25 * 0.6)),
        (polygon(ARROW, 0.15), shoelace(np.array(ARROW))),
        (polygon([(0, 0), (4, 0), (4, 4), (0, 4)], 0.4, holes=[[(1, 1), (2, 1), (1, 3)]]), 15.0),
    ],
)
def test_straight_sides_enclose_the_exact_area(mesh: Mesh, area: float) -> None:
    assert cell_volume(mesh).sum() == pytest.approx(area, rel=1e-12)


def test_round_walls_are_met_at_second_order() -> None:
    h = np.array([0.2, 0.1, 0.05])
    error = [np.pi - cell_volume(disk(float(size))).sum() for size in h]
    order = np.polyfit(np.log(h), np.log(error), 1)[0]
    assert abs(order - 2.0) < 0.1
    assert error[-1] < 2e-3
    mesh = square_with_holes(0.05, [(0.5, 0.5, 0.2)])
    around = mesh.points[mesh.boundary["hole_0"][:, 0]]
    assert cell_volume(mesh).sum() == pytest.approx(1 - abs(shoelace(around)), rel=1e-12)


@pytest.mark.parametrize("kind", ["delaunay", "structured", "perturbed", "quad"])
def test_the_sides_of_a_square_lie_where_their_names_say(kind: str) -> None:
    mesh = square(0.21, side=2.0, kind=kind, seed=1)
    check(mesh)
    for name, axis, value in (("left", 0, 0.0), ("right", 0, 2.0), ("bottom", 1, 0.0), ("top", 1, 2.0)):
        ends = mesh.points[mesh.boundary[name]]
        assert (ends[..., axis] == value).all()
        assert np.abs(np.diff(ends[..., 1 - axis])).sum() == pytest.approx(2.0)


def test_the_outline_is_walked_with_the_shape_on_the_left() -> None:
    mesh = square_with_holes(0.1, HOLES)
    a, b = np.concatenate([mesh.points[f] for f in mesh.boundary.values()]).transpose(1, 0, 2)
    assert float((a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1]).sum()) / 2 == pytest.approx(cell_volume(mesh).sum())


def test_circles_and_notches_lie_where_they_should() -> None:
    wall = disk(0.3, radius=2.0, center=(5.0, -1.0))
    assert list(wall.boundary) == ["wall"]
    assert np.hypot(*(wall.points[wall.boundary["wall"]] - [5.0, -1.0]).T) == pytest.approx(2.0)
    holes = square_with_holes(0.05, HOLES)
    for (x, y, radius), name in zip(HOLES, ("hole_0", "hole_1")):
        assert np.hypot(*(holes.points[holes.boundary[name]] - [x, y]).T) == pytest.approx(radius)
    notch = l_shape(0.1, notch=(0.25, 0.6))
    assert (notch.points[notch.boundary["notch_right"], 0] == 0.75).all()
    assert (notch.points[notch.boundary["notch_top"], 1] == 0.4).all()


@pytest.mark.parametrize("turn", [1, -1])
def test_sides_keep_their_names_in_either_direction(turn: int) -> None:
    corners = np.array(ARROW)[::turn]
    mesh = polygon(corners, 0.2)
    assert list(mesh.boundary) == [f"side_{i}" for i in range(5)]
    for i in range(5):
        a, b = corners[i], corners[(i + 1) % 5]
        middle = mesh.points[mesh.boundary[f"side_{i}"]].mean(1)
        away = (b - a)[0] * (middle - a)[:, 1] - (b - a)[1] * (middle - a)[:, 0]
        assert np.abs(away).max() < 1e-12
    names = ["a", "b", "a", "c", "c"]
    assert set(polygon(corners, 0.2, names=names).boundary) == set(names)


def test_corners_are_nodes() -> None:
    points = {tuple(p) for p in polygon(ARROW, 0.15).points.tolist()}
    assert set(ARROW) <= points


@every_shape
@pytest.mark.parametrize("seed", range(4))
def test_no_triangle_is_a_sliver_and_edges_have_the_target_length(name: str, seed: int) -> None:
    h, make = SHAPES[name]
    mesh = make(seed)
    found = angles(mesh)
    assert found.min() > 24
    assert found.max() < 120
    assert np.percentile(found.min(1), 5) > 35
    assert lengths(mesh).mean() == pytest.approx(h, rel=0.08)


@every_shape
def test_the_same_seed_gives_the_same_mesh_and_another_seed_another(name: str) -> None:
    make = SHAPES[name][1]
    one, again, other = make(3), make(3), make(4)
    assert one.points.tobytes() == again.points.tobytes()
    assert np.array_equal(one.cells["triangle"], again.cells["triangle"])
    assert one.points.tobytes() != other.points.tobytes()


def test_a_mesh_scales_and_moves_with_its_shape() -> None:
    one, far = disk(0.2), disk(0.2 * 2**10, radius=2.0**10, center=(2.0**20, -(2.0**20)))
    assert far.num_points == one.num_points
    assert np.allclose((far.points - [2.0**20, -(2.0**20)]) / 2**10, one.points, atol=1e-6)


def test_grids_have_the_cells_that_they_should() -> None:
    for kind, count in (("structured", 2 * 12), ("perturbed", 2 * 12), ("quad", 12)):
        mesh = rectangle(0.5, 2.0, 1.5, kind=kind)
        assert (mesh.num_points, mesh.num_cells) == (20, count)
    structured, perturbed = square(0.1, kind="structured"), square(0.1, kind="perturbed", seed=5)
    moved = np.hypot(*(perturbed.points - structured.points).T)
    assert moved[structured.boundary_nodes].max() == 0
    assert 0.02 < moved.max() <= 0.025
    assert not np.array_equal(perturbed.points, square(0.1, kind="perturbed", seed=6).points)


@settings(deadline=None, max_examples=25)
@given(num=st.integers(3, 12), edge_length=st.floats(0.08, 0.2), seed=st.integers(0, 2**16))
def test_any_star_can_be_meshed(num: int, edge_length: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle = (np.arange(num) + rng.uniform(-0.3, 0.3, num)) * 2 * np.pi / num
    corners = rng.uniform(0.3, 1.0, num)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    mesh = polygon(corners, edge_length, seed=seed)
    check(mesh)
    assert cell_volume(mesh).sum() == pytest.approx(shoelace(corners), rel=1e-12)
    u, v = np.roll(corners, -1, axis=0) - corners, np.roll(corners, 1, axis=0) - corners
    inner = np.degrees(np.arctan2(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], (u * v).sum(1))) % 360
    assert angles(mesh).min() > 0.4 * min(inner.min(), 55)  # no mesh does better than the sharpest corner


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: square(0.0), "edge_length is 0.0"),
        (lambda: disk(float("nan")), "edge_length is nan"),
        (lambda: square(1.5), "only about 1 wide; take an edge_length below 0.25"),
        (lambda: square(1.5, kind="quad"), "only about 1 wide"),
        (lambda: square(1e-7), "would have about"),
        (lambda: square(0.1, side=-1.0), "side is -1.0"),
        (lambda: square(0.1, kind="quad", size=lambda x: x[:, 0]), "a grid is not graded"),
        (lambda: rectangle(0.1, 1.0, float("inf")), "height is inf"),
        (lambda: square(0.1, kind="hexagons"), "known kinds: delaunay, structured, perturbed, quad"),
        (lambda: disk(0.1, radius=0.0), "radius 0.0"),
        (lambda: l_shape(0.1, notch=(0.5, 1.0)), "notch is"),
        (lambda: square_with_holes(0.1, [(2.0, 2.0, 0.1)]), "hole_0 is not apart from the boundary"),
        (lambda: square_with_holes(0.1, [(0.1, 0.5, 0.2)]), "hole_0 is not apart from the boundary"),
        (lambda: square_with_holes(0.1, [(0.5, 0.5, 0.9)]), "hole_0 is not apart from the boundary"),
        (lambda: square_with_holes(0.1, [(0.3, 0.5, 0.2), (0.6, 0.5, 0.2)]), "hole_0 is not apart from hole_1"),
        (lambda: square_with_holes(0.1, [(0.5, 0.5, 0.3), (0.5, 0.5, 0.1)]), "hole_1 is not apart from hole_0"),
        (lambda: square_with_holes(0.1, [[(0.4, 0.4), (1.4, 0.4), (0.5, 0.6)]]), "hole_0 is not apart"),
        (lambda: square_with_holes(0.1, [(0.5, 0.5)]), "hole_0 has corners of shape"),
        (lambda: polygon([(0, 0), (1, 1)], 0.1), "n of 3 or more"),
        (lambda: polygon([(0, 0), (1, 1), (1, 0), (0, 1)], 0.1), "sides 0 and 2 of the polygon cross"),
        (lambda: polygon([(0, 0), (1, 0), (0.5, 0)], 0.1), "cross or touch"),
        (lambda: polygon([(0, 0), (1, 0), (1, 0), (0, 1)], 0.1), "corners 1 and 2 of the polygon coincide"),
        (lambda: polygon([(0, 0), (1, 0), (0, float("inf"))], 0.1), "not finite"),
        (lambda: polygon([(0, 0), (1, 0), (0, 1)], 0.1, names=["a"]), "1 names for 3 sides"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(make: Callable[[], Mesh], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make()
