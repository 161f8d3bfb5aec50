"""Meshes around airfoils: valid, closed, orthogonal, as far and as fine as asked for, nested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from gno.errors import ConfigError
from gno.mesh import Mesh, cell_volume, edges, faces, patch_faces, quality
from gno.mesh.distortion import non_orthogonality
from gno.mesh.shapes import Airfoil, airfoil_c, airfoil_o, airfoil_triangles, naca

MESHES: dict[str, Callable[[Airfoil], Mesh]] = {
    "o": lambda a: airfoil_o(a, around=48, outward=24),
    "o_wall": lambda a: airfoil_o(a, around=64, outward=40, wall_spacing=2e-3, far_field=100.0),
    "c": lambda a: airfoil_c(a, around=48, outward=24, wake=24),
    "c_wall": lambda a: airfoil_c(a, around=64, outward=40, wake=32, wall_spacing=1e-3, far_field=100.0),
    "triangles": lambda a: airfoil_triangles(a, around=60, growth=0.25),
}
every_mesh = pytest.mark.parametrize("kind", MESHES)


def shoelace(points: np.ndarray) -> float:
    x, y = (points - points[0]).T
    return float(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2


def around(mesh: Mesh, patch: str) -> np.ndarray:
    """The nodes of a patch, one after another."""
    after = dict(mesh.boundary[patch].tolist())
    nodes = [next(iter(after))]
    while (node := after[nodes[-1]]) != nodes[0]:
        nodes.append(node)
    return mesh.points[nodes]


@every_mesh
@pytest.mark.parametrize("digits", ["0012", "4412", "2424"])
def test_cells_are_positive_and_fill_the_far_field_but_for_the_airfoil(kind: str, digits: str) -> None:
    mesh = MESHES[kind](naca(digits))
    assert (cell_volume(mesh) > 0).all()
    assert list(mesh.boundary) == ["airfoil", "farfield"]
    named = Counter(int(face) for numbers in patch_faces(mesh).values() for face in numbers)
    assert sorted(named) == np.flatnonzero(faces(mesh).neighbor < 0).tolist()
    assert set(named.values()) == {1}
    assert mesh.num_points - len(edges(mesh)) + mesh.num_cells == 0  # Euler's formula of a ring
    inside, outside = shoelace(around(mesh, "airfoil")), shoelace(around(mesh, "farfield"))
    assert inside < 0 < outside  # the mesh on the left
    assert cell_volume(mesh).sum() == pytest.approx(outside + inside, rel=1e-12)


@every_mesh
def test_nodes_of_the_airfoil_lie_on_it_and_its_edge_is_one_of_them(kind: str) -> None:
    airfoil = naca("4412")
    mesh = MESHES[kind](airfoil)
    nodes = around(mesh, "airfoil")
    fine = airfoil.at(np.linspace(0, 1, 40_001))
    away = np.array([np.hypot(*(fine - node).T).min() for node in nodes])
    assert away.max() < 4e-5  # half a step of the fine points
    assert np.hypot(*(nodes - airfoil.trailing_edge).T).min() < 1e-12


@pytest.mark.parametrize("kind", ["o", "triangles"])
def test_the_far_field_is_a_circle_in_chords(kind: str) -> None:
    airfoil = Airfoil("large", 3 * naca("0012").points + [1.0, -2.0])
    mesh = MESHES[kind](airfoil)
    assert np.hypot(*(around(mesh, "farfield") - airfoil.middle).T) == pytest.approx(60, rel=1e-12)


@pytest.mark.parametrize("kind", ["c", "c_wall"])
def test_the_far_field_of_a_c_mesh_is_nowhere_nearer(kind: str) -> None:
    far_field = {"c": 20, "c_wall": 100}[kind]
    rim = around(MESHES[kind](naca("4412")), "farfield")
    away = np.hypot(*(rim - [0.5, 0]).T) / far_field
    assert 0.99 < away.min() < 1.01
    assert 1.9 < away.max() < 2.1


@pytest.mark.parametrize("num", [32, 64, 128, 256])
@pytest.mark.parametrize("far_field", [100.0, 150.0])
def test_square_o_meshes_are_valid_at_every_size(num: int, far_field: float) -> None:
    mesh = airfoil_o(naca("0012"), around=num, outward=num, far_field=far_field)
    assert mesh.num_points == num * (num + 1)
    assert mesh.num_cells == num**2
    assert (cell_volume(mesh) > 0).all()
    found = quality(mesh)
    assert found.ok
    assert found.openness < 1e-12
    assert found.max_non_orthogonality < 3
    assert found.mean_non_orthogonality < 0.05
    a, b = mesh.points[edges(mesh)].transpose(1, 0, 2)
    assert np.log(np.hypot(*(a - b).T)).std() > 1  # from the nose to the far field
    sides = mesh.points[mesh.cells["quad"]]
    length = np.linalg.norm(sides - np.roll(sides, 1, axis=1), axis=-1)
    assert np.median(length.max(1) / length.min(1)) < 1.35


def test_an_o_mesh_twice_as_fine_has_the_nodes_of_the_coarse_one() -> None:
    coarse, fine = (airfoil_o(naca("2412"), around=n, outward=n) for n in (32, 64))
    assert fine.num_cells == 4 * coarse.num_cells
    assert {name: len(f) for name, f in fine.boundary.items()} == {"airfoil": 64, "farfield": 64}
    kept = fine.points.reshape(65, 64, 2)[::2, ::2].reshape(-1, 2)
    assert abs(kept - coarse.points).max() < 1e-10


@pytest.mark.parametrize("spacing", [5e-3, 1e-3, 1e-5])
def test_the_highest_cell_on_the_airfoil_is_as_high_as_asked_and_steps_grow_evenly(spacing: float) -> None:
    rings = airfoil_o(naca("4412"), around=64, outward=64, wall_spacing=spacing).points.reshape(65, 64, 2)
    steps = np.linalg.norm(np.diff(rings, axis=0), axis=-1)
    assert steps[0].max() == pytest.approx(spacing * naca("4412").chord, rel=1e-4)
    ratio = steps[1:, 16] / steps[:-1, 16]  # a ray from mid-chord
    assert ratio.min() > 1.0
    assert ratio.max() < 1.3
    c = airfoil_c(naca("4412"), around=64, outward=48, wake=32, wall_spacing=spacing)
    cells = c.points[c.cells["quad"][32 : 32 + 64]]  # the first row: wake, airfoil, wake
    assert np.linalg.norm(cells[:, 1] - cells[:, 0], axis=1).max() == pytest.approx(spacing, rel=0.2)


@pytest.mark.parametrize(
    "mesh",
    [airfoil_o(naca("4412"), around=192, outward=96), MESHES["o_wall"](naca("4412")), MESHES["c"](naca("4412"))],
    ids=["o", "o_wall", "c"],
)
def test_lines_meet_at_right_angles_on_the_airfoil(mesh: Mesh) -> None:
    on_airfoil = np.isin(mesh.cells["quad"], mesh.boundary["airfoil"]).sum(1) == 2
    cells = mesh.points[mesh.cells["quad"][on_airfoil]]
    along, up = cells[:, 3] - cells[:, 0], cells[:, 1] + cells[:, 2] - cells[:, 0] - cells[:, 3]
    tilt = np.degrees(abs(np.angle((up @ [1, 1j]) / (along @ [1, 1j]))))
    assert np.median(abs(tilt - 90)) < 3
    assert non_orthogonality(mesh).max() < 20


def test_the_two_sides_of_the_wake_share_their_nodes() -> None:
    mesh = airfoil_c(naca("0012"), around=40, outward=16, wake=20)
    assert mesh.num_points == 17 * (40 + 1 + 2 * 20) - 21
    assert mesh.num_cells == 16 * 80
    assert len(mesh.boundary["farfield"]) == 80 + 2 * 16
    x, y = mesh.points.T
    wake = (abs(y) < 1e-9) & (x > 1 - 1e-9)
    assert wake.sum() == 21
    steps = np.diff(np.sort(x[wake]))
    assert (steps[1:] / steps[:-1]).max() < 1.8


@pytest.mark.parametrize("spacing", [None, 1e-3, 1e-5])
def test_lines_run_smoothly_past_the_trailing_edge_where_thin_cells_open_up(spacing: float | None) -> None:
    mesh = airfoil_c(naca("0012"), wall_spacing=spacing)
    lines = mesh.points[mesh.cells["quad"].reshape(48, 128 + 2 * 48, 4)[:, :, 3]] @ [1, 1j]
    steps = np.diff(lines, axis=1)
    turns = np.degrees(abs(np.angle(steps[:, 1:] / steps[:, :-1])))
    assert turns[:, 40:54].max() < 10


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("digits", ["0012", "4412"])
def test_triangles_are_small_at_both_edges_and_grow_from_there(closed: bool, digits: str) -> None:
    airfoil = naca(digits, closed=closed)
    mesh = airfoil_triangles(airfoil, around=128, growth=0.2)
    corners = mesh.points[mesh.cells["triangle"]]
    u, v = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    angle = np.degrees(np.arctan2(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0], (u * v).sum(-1)))
    assert angle.min() > 20
    assert angle.max() < 125
    assert len(mesh.boundary["airfoil"]) == pytest.approx(128, rel=0.1)
    ends = mesh.points[edges(mesh)]
    middle, length = ends.mean(1), np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    fine = airfoil.at(np.linspace(0, 1, 4001))
    away = np.array([np.hypot(*(fine - m).T).min() for m in middle])
    assert length[away > 10].mean() > 2
    assert (length < 0.05 + 0.2 * 1.7 * away).all()
    at_edges = np.minimum(np.hypot(*middle.T), np.hypot(*(middle - airfoil.trailing_edge).T)) < 0.02
    at_middle = (away < 1e-3) & (abs(middle[:, 0] - 0.5) < 0.1)
    assert length[at_edges].mean() < 0.6 * length[at_middle].mean()


def test_the_same_seed_gives_the_same_triangles() -> None:
    one, again, other = (airfoil_triangles(naca("0012"), around=40, growth=0.25, seed=s) for s in (1, 1, 2))
    assert one.points.tobytes() == again.points.tobytes()
    assert one.points.tobytes() != other.points.tobytes()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: airfoil_o(naca("0012", closed=False)), "the trailing edge of naca0012 is blunt; .*sharpened"),
        (lambda: airfoil_c(naca("0012", closed=False)), "blunt"),
        (lambda: airfoil_o(naca("0012"), around=4), "around is 4; it must be 8 or more"),
        (lambda: airfoil_c(naca("0012"), wake=1), "wake is 1"),
        (lambda: airfoil_o(naca("0012"), far_field=1.0), r"far_field is 1\.0"),
        (lambda: airfoil_c(naca("0012"), wall_spacing=-1.0), r"wall_spacing is -1\.0"),
        (lambda: airfoil_o(naca("0012"), wall_spacing=0.6), r"wall_spacing is 0\.6; 64 steps that do not shrink"),
        (lambda: airfoil_triangles(naca("0012"), around=3), "around is 3"),
        (lambda: airfoil_triangles(naca("0012"), growth=0.9), r"growth is 0\.9"),
        (lambda: airfoil_triangles(naca("0012"), far_field=float("inf")), "far_field is inf"),
    ],
)
def test_a_mesh_that_cannot_be_is_refused(make: Callable[[], Mesh], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make()
