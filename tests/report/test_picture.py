from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from gno.errors import DataError, ResourceError
from gno.mesh import Mesh
from gno.report import field_picture, fields_picture, panels
from gno.report.surface import Surface

Pixels = Callable[[Path], np.ndarray]
Grid = Callable[..., Mesh]


def colorful(pixels: np.ndarray) -> float:
    """Share of the pixels that are neither white nor gray."""
    return float((np.ptp(pixels, axis=2) > 0.1).mean())


def test_the_surface_of_a_plane_mesh_covers_it(grid: Grid) -> None:
    for quads in (False, True):
        mesh = grid(3, 2, quads=quads)
        surface = Surface.of(mesh)
        a, b, c = (mesh.points[surface.triangles[:, k]] for k in range(3))
        area = np.cross(np.pad(b - a, ((0, 0), (0, 1))), np.pad(c - a, ((0, 0), (0, 1))))[:, 2] / 2
        assert (area > 0).all()
        assert np.isclose(area.sum(), 1.0)
        assert set(surface.cell) == set(range(mesh.num_cells))


def test_the_surface_of_a_solid_is_its_hull(cube: Mesh) -> None:
    assert len(Surface.of(cube).triangles) == 12


def test_faces_padded_with_minus_one_stay_triangles() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]], float)
    surface = Surface.of(Mesh(points, {"wedge": np.arange(6)[None]}))
    assert len(surface.triangles) == 2 + 3 * 2
    assert surface.triangles.min() == 0


@pytest.mark.parametrize("location", ["point", "cell"])
@pytest.mark.parametrize("quads", [False, True])
def test_a_field_is_drawn(tmp_path: Path, grid: Grid, pixels: Pixels, location: str, quads: bool) -> None:
    mesh = grid(quads=quads)
    mesh = mesh.with_data({"u": mesh.points[:, 0]}, {"u": np.arange(float(mesh.num_cells))})
    picture = pixels(field_picture(mesh, "u", tmp_path / "u.png", location=location, units="Pa"))
    assert colorful(picture) > 0.4


def test_the_same_field_gives_the_same_bytes(tmp_path: Path, grid: Grid) -> None:
    mesh = grid()
    mesh = mesh.with_data({"u": mesh.points[:, 1] ** 2})
    first, second = (field_picture(mesh, "u", tmp_path / f"{k}.png").read_bytes() for k in range(2))
    assert first == second


def test_nodes_that_no_cell_uses_are_not_in_the_picture(tmp_path: Path, grid: Grid) -> None:
    mesh = grid()
    mesh = mesh.with_data({"u": mesh.points[:, 1] ** 2})
    stray = Mesh(np.vstack([mesh.points, [[50.0, 50.0]]]), mesh.cells, {}, {"u": np.append(mesh.point_data["u"], 99.0)})
    pictures = [
        draw(m, what, tmp_path / f"{draw.__name__}{k}.png").read_bytes()
        for draw, what in ((field_picture, "u"), (fields_picture, {"u": "m"}))
        for k, m in enumerate((mesh, stray))
    ]
    assert pictures[0] == pictures[1]
    assert pictures[2] == pictures[3]


def test_what_is_not_finite_is_gray(tmp_path: Path, grid: Grid, pixels: Pixels) -> None:
    mesh = grid()
    holes = np.where(mesh.points[:, 0] > 0.5, np.nan, mesh.points[:, 1])
    whole = pixels(field_picture(mesh.with_data({"u": mesh.points[:, 1]}), "u", tmp_path / "whole.png"))
    half = pixels(field_picture(mesh.with_data({"u": holes}), "u", tmp_path / "half.png"))
    assert 0.3 * colorful(whole) < colorful(half) < 0.7 * colorful(whole)


def test_a_vector_is_drawn_by_its_length_and_a_constant_field_at_all(tmp_path: Path, grid: Grid) -> None:
    mesh = grid()
    fields = {"v": np.stack([mesh.points[:, 0]] * 2, axis=1), "one": np.ones(mesh.num_points)}
    assert fields_picture(mesh.with_data(fields), {"v": "m/s", "one": "1"}, tmp_path / "both.png").exists()


def test_a_solid_is_drawn(tmp_path: Path, cube: Mesh, pixels: Pixels) -> None:
    mesh = cube.with_data({"u": cube.points[:, 2]}, {"c": np.ones(1)})
    assert colorful(pixels(field_picture(mesh, "u", tmp_path / "u.png"))) > 0.15
    assert fields_picture(mesh, {"u": "1", "c": "1"}, tmp_path / "both.png").exists()
    assert panels(mesh, mesh.points[:, 2], mesh.points[:, 2] + 0.1, tmp_path / "panels.png").exists()


def test_truth_and_prediction_share_their_colors(tmp_path: Path, grid: Grid, pixels: Pixels) -> None:
    mesh = grid()
    truth = mesh.points[:, 0]
    same = pixels(panels(mesh, truth, truth, tmp_path / "same.png", name="u"))
    twice = pixels(panels(mesh, truth, 2 * truth, tmp_path / "twice.png", name="u"))
    left = slice(0, int(0.28 * same.shape[1]))
    assert abs(same[:, left] - twice[:, left]).max() > 0.2, "the colors of the truth follow the prediction's range"


@pytest.mark.parametrize("width", [0.1, 1.0, 20.0])
def test_panels_keep_a_size_whatever_the_shape_of_the_mesh(
    tmp_path: Path, grid: Grid, pixels: Pixels, width: float
) -> None:
    mesh = grid(width=width)
    picture = pixels(panels(mesh, mesh.points[:, 0], mesh.points[:, 1], tmp_path / "p.png"))
    assert 300 < picture.shape[0] < 1400
    assert 500 < picture.shape[1] < 2000


def test_drawing_leaves_matplotlib_as_it_was(tmp_path: Path, grid: Grid) -> None:
    import sys

    before, had_pyplot = dict(mpl.rcParams), "matplotlib.pyplot" in sys.modules
    mesh = grid()
    field_picture(mesh.with_data({"u": mesh.points[:, 0]}), "u", tmp_path / "u.png")
    assert dict(mpl.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == had_pyplot


def test_a_field_that_is_not_there_is_refused(tmp_path: Path, grid: Grid) -> None:
    with pytest.raises(DataError, match="no field 'p'"):
        field_picture(grid(), "p", tmp_path / "p.png")
    with pytest.raises(DataError, match=r"prediction \(7,\)"):
        panels(grid(), np.zeros(49), np.zeros(7), tmp_path / "p.png")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_a_matter_of_resources(tmp_path: Path, grid: Grid) -> None:
    mesh = grid()
    with pytest.raises(ResourceError, match="cannot be written"):
        field_picture(mesh.with_data({"u": mesh.points[:, 0]}), "u", tmp_path / "no" / "u.png")
