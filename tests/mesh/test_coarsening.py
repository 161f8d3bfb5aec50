"""Coarsening: so many nodes, the boundary kept with its names and corners, valid cells, graded like the mesh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gno.errors import ConfigError, GnoError, MeshError
from gno.mesh import Mesh, cell_volume, coarsen, edges, faces, load, node_volume, patch_faces
from gno.mesh.arcs import Arc, arcs
from gno.mesh.shapes import airfoil_c, airfoil_o, cube, disk, l_shape, naca, rectangle, square, square_with_holes

FINE = Path(__file__).parents[2].parent / "shared" / "data" / "meshes" / "NACA0012_fine.su2"
HOLES = [(0.3, 0.3, 0.15), (0.7, 0.7, 0.1)]

CASES: dict[str, tuple[Callable[[], Mesh], int]] = {
    "holes": (lambda: square_with_holes(0.03, HOLES), 250),
    "l_shape": (lambda: l_shape(0.04), 60),
    "quads": (lambda: rectangle(0.05, 2.0, 0.7, kind="quad"), 120),
    "disk": (lambda: disk(0.08), 80),
    "o": (lambda: airfoil_o(naca("4412"), around=96, outward=48), 400),
    "c": (lambda: airfoil_c(naca("0012"), around=96, outward=40, wake=40), 600),
}
every_case = pytest.mark.parametrize("name", CASES)


def lengths(mesh: Mesh) -> np.ndarray:
    """Edge lengths that the areas around the nodes stand for."""
    return np.sqrt(2 / np.sqrt(3) * node_volume(mesh))


def check(coarse: Mesh, fine: Mesh) -> None:
    """The laws of every coarse mesh."""
    assert (cell_volume(coarse) > 0).all()
    assert list(coarse.boundary) == list(fine.boundary)
    named = Counter(int(face) for numbers in patch_faces(coarse).values() for face in numbers)
    assert sorted(named) == np.flatnonzero(faces(coarse).neighbor < 0).tolist()
    euler = [mesh.num_points - len(edges(mesh)) + mesh.num_cells for mesh in (coarse, fine)]
    assert euler[0] == euler[1]  # as many holes
    for name, facets in coarse.boundary.items():
        of_fine = {tuple(point) for point in fine.points[np.unique(fine.boundary[name])].tolist()}
        assert {tuple(point) for point in coarse.points[np.unique(facets)].tolist()} <= of_fine


@every_case
@pytest.mark.parametrize("seed", range(2))
def test_a_coarse_mesh_is_valid_and_keeps_a_part_of_the_boundary(name: str, seed: int) -> None:
    make, num = CASES[name]
    fine = make()
    coarse = coarsen(fine, num, seed=seed)
    check(coarse, fine)
    assert abs(coarse.num_points - num) <= 3
    corners = coarse.points[coarse.cells["triangle"]]
    u, v = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    angle = np.degrees(np.arctan2(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0], (u * v).sum(-1)))
    assert angle.min() > 5
    assert np.percentile(angle.min(1), 5) > 20


@every_case
def test_edges_grow_everywhere_alike(name: str) -> None:
    make, num = CASES[name]
    fine = make()
    coarse = coarsen(fine, num)
    inner = np.setdiff1d(np.arange(coarse.num_points), coarse.boundary_nodes)
    away = np.hypot(*(coarse.points[inner, None] - fine.points).transpose(2, 0, 1))
    log_ratio = np.log(lengths(coarse)[inner] / lengths(fine)[away.argmin(1)])
    expected = np.log((fine.num_points / num) ** 0.5)
    assert abs(np.median(log_ratio) - expected) < 0.3
    assert log_ratio.std() < 0.5
    assert (
        np.log(lengths(fine)).std() < 0.2
        or np.corrcoef(np.log(lengths(coarse)[inner]), np.log(lengths(fine)[away.argmin(1)]))[0, 1] > 0.9
    )


@pytest.mark.parametrize(
    "fine",
    [
        square(0.05),
        l_shape(0.05),
        rectangle(0.05, 2.0, 0.7),
        square_with_holes(0.04, [[(0.4, 0.4), (0.7, 0.4), (0.5, 0.7)]]),
    ],
)
def test_straight_sides_keep_their_area_and_corners(fine: Mesh) -> None:
    coarse = coarsen(fine, 60)
    check(coarse, fine)
    assert cell_volume(coarse).sum() == pytest.approx(cell_volume(fine).sum(), rel=1e-12)


@pytest.mark.skipif(not FINE.exists(), reason="the mesh of the paper is not here")
@pytest.mark.parametrize(("num", "keep"), [(353, {}), (353, {"airfoil": 20, "farfield": 20}), (1843, {}), (100, {})])
def test_the_fine_mesh_of_the_paper_becomes_a_coarse_one(num: int, keep: dict[str, int]) -> None:
    fine = load(FINE)
    coarse = coarsen(fine, num, keep=keep)
    check(coarse, fine)
    assert coarse.num_points == num
    for name in keep:
        assert len(coarse.boundary[name]) == keep[name]
    rim, of_fine = (
        m.points[np.unique(m.boundary["farfield"])] for m in (coarse, fine)
    )  # no circle to a fifth of a percent
    assert {*map(tuple, rim)} <= {*map(tuple, of_fine)}
    wall = coarse.points[np.unique(coarse.boundary["airfoil"])]
    assert (abs(wall - [1.0, 0.0]).max(1) < 1e-12).any()  # the trailing edge
    assert (abs(wall).max(1) < 1e-2).any()  # the nose
    h = lengths(coarse)
    near = np.hypot(*(coarse.points - [0.5, 0]).T) < 0.7
    assert h[~near].max() > 50 * h[near].min()


def test_round_walls_get_more_nodes_where_they_turn() -> None:
    t = np.linspace(0, 2 * np.pi, 201)[:-1]
    ellipse = np.column_stack([np.cos(t), 0.2 * np.sin(t)])
    at = np.cumsum(np.hypot(*np.diff(np.concatenate([ellipse, ellipse[:1]]), axis=0).T))
    even = np.array(
        [np.interp(np.arange(200) / 200 * at[-1], np.append(0, at), np.append(x, x[0])) for x in ellipse.T]
    ).T
    ring = np.concatenate([even, 0.9 * even])
    node = np.arange(200)
    after = np.roll(node, -1)
    mesh = Mesh(
        ring,
        {"quad": np.column_stack([node, after, after + 200, node + 200])},
        {"outer": np.column_stack([node, after]), "inner": np.column_stack([after, node]) + 200},
    )
    (arc,) = next(loop for loop in arcs(mesh) if loop[0].patch == "outer")
    x = arc.points[arc.thinned(40)[:-1], 0]
    assert len(np.unique(arc.thinned(40))) == 41
    assert (abs(x) > 0.9).sum() > 1.5 * (abs(even[::5, 0]) > 0.9).sum()


def test_both_sides_of_a_nose_keep_as_many_nodes() -> None:
    angle = np.linspace(np.pi / 2, 3 * np.pi / 2, 11)
    upper = np.column_stack([np.linspace(1, 0, 16)[:-1], np.full(15, 0.1)])
    nose = 0.1 * np.column_stack([np.cos(angle), np.sin(angle)])
    arc = Arc("wall", np.arange(41), np.concatenate([upper, nose, upper[::-1] * [1, -1]]))
    for count in range(arc.fewest, arc.num_edges + 1):
        place = arc.thinned(count)
        assert (place[0], place[-1], len(place)) == (0, arc.num_edges, count + 1)
        assert (np.diff(place) > 0).all()
        assert abs(place + place[::-1] - arc.num_edges).max() <= 1


def test_arcs_end_at_corners_and_at_the_ends_of_patches() -> None:
    mesh = square_with_holes(0.05, [(0.5, 0.5, 0.2)])
    loops = arcs(mesh)
    assert sorted(len(loop) for loop in loops) == [1, 4]
    half = Mesh(mesh.points, mesh.cells, {"left": mesh.boundary["left"][:7], **{"hole": mesh.boundary["hole_0"]}})
    outer = max(arcs(half), key=len)
    assert [arc.patch for arc in outer].count("left") == 1
    assert len(outer) == 5
    assert sum(arc.num_edges for loop in loops for arc in loop) == sum(map(len, mesh.boundary.values()))


def test_the_same_seed_gives_the_same_mesh_and_fields_are_left_out() -> None:
    fine = square(0.05).with_data({"u": np.zeros(square(0.05).num_points)})
    one, again, other = (coarsen(fine, 80, seed=seed) for seed in (3, 3, 4))
    assert one.points.tobytes() == again.points.tobytes()
    assert one.points.tobytes() != other.points.tobytes()
    assert one.point_data == {}


def test_nodes_that_no_cell_uses_do_not_count() -> None:
    fine = square(0.1)
    more = Mesh(
        np.concatenate([[[50.0, 50.0]], fine.points]),
        {"triangle": fine.cells["triangle"] + 1},
        {name: facets + 1 for name, facets in fine.boundary.items()},
    )
    assert np.array_equal(coarsen(more, 50).points, coarsen(fine, 50).points)


def pinched() -> Mesh:
    points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [2, 1], [2, 2], [1, 2]])
    return Mesh(points, {"quad": np.array([[0, 1, 2, 3], [2, 4, 5, 6]])})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: coarsen(cube(0.5), 10), "the mesh is 3-D"),
        (lambda: coarsen(square(0.1), 2), "num_nodes is 2; the boundary alone takes 4"),
        (lambda: coarsen(square(0.1), -1000), "num_nodes is -1000; it must be 1 or more"),
        (lambda: coarsen(square(0.1), 10_000), "num_nodes is 10000; the mesh has"),
        (lambda: coarsen(square(0.1), 50, keep={"wing": 3}), "keep names 'wing'; the patches are left, right"),
        (lambda: coarsen(square(0.1), 20, keep={"left": 10, "right": 10, "top": 10}), "boundary alone takes"),
        (lambda: coarsen(pinched(), 5), "touches itself in node 2"),
        (
            lambda: coarsen(Mesh(np.eye(3)[:, :2], {"triangle": np.array([[0, 1, 2]])[:, ::-1]}), 2),
            "num_nodes|inverted",
        ),
    ],
)
def test_a_mesh_that_cannot_be_coarsened_is_refused(make: Callable[[], Mesh], says: str) -> None:
    with pytest.raises(GnoError, match=says) as caught:
        make()
    assert isinstance(caught.value, ConfigError | MeshError)
