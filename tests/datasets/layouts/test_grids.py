"""Fields at known points of grids: which axis is which, in each layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gno.datasets import open_layout
from gno.errors import DataError
from tests.datasets.layouts.single import at, first

File = Callable[[str], Path]
Ramp = Callable[..., np.ndarray]


def test_fno_darcy(foreign: File, values: Ramp) -> None:
    s = first(foreign("fno_v5"), 2)
    node = at(s, 0.25, 0.75)  # a grid of 5 points with both ends: indices 1 and 3
    assert s.mesh.point_data["coeff"][node] == 213
    assert s.mesh.point_data["sol"][node] == pytest.approx(21.3)
    assert s.mesh.point_data["Kcoeff"][node] == -213
    assert s.times is None
    assert {name: len(f) for name, f in s.mesh.boundary.items()} == dict.fromkeys(("left", "right", "bottom", "top"), 4)


def test_fno_in_time_from_axes_in_reverse(foreign: File) -> None:
    s = first(foreign("fno_v73"), 2)
    node = at(s, 2 / 5, 5 / 6)  # periodic: the last point is one step before the end
    assert s.mesh.point_data["a"][node] == 225
    assert s.point_series["u"][:, node].tolist() == [2250, 2251, 2252, 2253]
    assert s.times is not None
    assert s.times.tolist() == [1, 2, 3, 4]
    assert first(foreign("fno_v73"), periodic=False).mesh.points.max(axis=0).tolist() == [1, 1]


def test_strides_and_extents(foreign: File) -> None:
    s = first(foreign("fno_v5"), 1, stride=2, extent=(0.0, 4.0, -1.0, 3.0))
    assert s.mesh.num_points == 9
    assert s.mesh.point_data["coeff"][at(s, 4, 1)] == 142
    s = first(foreign("fno_v73"), time_stride=2)
    assert s.times is not None
    assert s.times.tolist() == [1, 3]
    assert s.point_series["u"][:, 0].tolist() == [0, 2]


def test_plasticity(foreign: File) -> None:
    s = first(foreign("plasticity"), 1, end_time=1.5)
    node = at(s, 0.75, 0.4)
    assert s.mesh.point_data["input"][node] == 13
    assert s.point_series["output"][3, node].tolist() == [13230, 13231, 13232, 13233]
    assert s.times is not None
    assert s.times.tolist() == [0, 0.5, 1, 1.5]


def test_neuraloperator(foreign: File) -> None:
    s = first(foreign("neuraloperator"), 1)
    node = at(s, 0.5, 0.75)
    assert (s.mesh.point_data["x"][node], s.mesh.point_data["y"][node]) == (1.0, 123)
    assert s.mesh.point_data["x"].dtype == np.float32
    assert s.split == "train"


def test_a_line_becomes_a_strip_of_squares(foreign: File) -> None:
    s = first(foreign("burgers"), 2)
    x = s.mesh.points[:, 0]
    np.testing.assert_allclose(np.unique(s.mesh.points[:, 1]), [0, 0.2])
    np.testing.assert_array_equal(s.mesh.point_data["x"], 20 + np.round(5 * x))
    np.testing.assert_array_equal(s.point_series["y"][3], 230 + np.round(5 * x))
    assert (s.params, s.split) == ({"visc": 0.01}, "test")


def test_neuraloperator_with_channels(tmp_path: Path, values: Ramp) -> None:
    import h5py

    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["x"], file["y"] = values(2, 3, 4, 5), values(2, 1, 4, 5)
    with open_layout(tmp_path / "d.h5") as dataset:
        assert [(s.name, s.components) for s in dataset.fields] == [("x", 3), ("y", 1)]
        data = dataset[1].mesh.point_data
        assert data["x"][7].tolist() == [1012, 1112, 1212]
        assert data["y"][7] == 1012


def test_pdebench_on_a_line(foreign: File) -> None:
    s = first(foreign("pdebench_1d"), 1)
    assert s.point_series["u"][2].tolist() == np.repeat(120 + np.arange(5), 2).tolist()
    assert s.mesh.points[::2, 0].tolist() == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert s.times is not None
    assert s.times.tolist() == [0, 0.25, 0.5, 0.75]  # of five times in the file, four have values
    assert s.params == {"beta": 0.4}


def test_pdebench_darcy(foreign: File) -> None:
    s = first(foreign("pdebench_darcy"), 2)
    node = at(s, 0.5, 1.6)
    assert (s.mesh.point_data["nu"][node], s.mesh.point_data["u"][node]) == (224, -24 - 2000)


def test_pdebench_flow_in_space(foreign: File) -> None:
    s = first(foreign("pdebench_cfd"), 1)
    node = at(s, 0.6, 0.5, 1 / 3)
    assert [float(v[2, node]) for v in s.point_series.values()] == [(k + 1) * 12311 for k in range(5)]
    assert list(s.mesh.cells) == ["hexahedron"]
    assert list(s.mesh.boundary) == ["left", "right", "bottom", "top", "back", "front"]
    assert s.params == {"eta": 0, "zeta": 0.01, "M": 1}


def test_pdebench_groups(foreign: File) -> None:
    s = first(foreign("pdebench_groups"), 2)
    node = at(s, -0.5, 1)
    assert s.point_series["u"][3, node].tolist() == [3150 + 2, 3151 + 2]
    assert s.times is not None
    np.testing.assert_allclose(s.times, [-1, -1 / 3, 1 / 3, 1], rtol=1e-6)


def test_pdebench_incompressible(foreign: File) -> None:
    s = first(foreign("pdebench_incompressible"))
    node = at(s, 0.5, 0.25)  # middles of cells: 2.5 / 5 and 1.5 / 6
    assert s.point_series["velocity"][3, node].tolist() == [3210, 3211]
    assert s.point_series["particles"][3, node] == 3210
    assert s.mesh.point_data["force"][node].tolist() == [210, 211]


def test_the_well(foreign: File) -> None:
    with open_layout(foreign("the_well")) as dataset:
        roles = {s.name: (s.role, s.components) for s in dataset.fields}
        s = dataset[1]
        assert dataset.attributes["periodic"] == "x"
    wanted = {"mask": ("static", 1), "speed": ("input", 1), "density": ("target", 1)}
    assert roles == wanted | {"velocity": ("target", 2), "stress": ("target", 4)}
    node = at(s, 1.5, 2)
    assert (s.mesh.point_data["mask"][node], s.mesh.point_data["speed"][node]) == (3, 134)
    assert s.point_series["density"][2, node] == 1234
    assert s.point_series["velocity"][2, node].tolist() == [12340, 12341]
    assert s.point_series["stress"][2, node].tolist() == [123400, 123401, 123410, 123411]
    assert (s.params, s.split) == ({"a": 0.25, "b": 2.0}, "valid")


def test_pdearena(foreign: File) -> None:
    s = first(foreign("pdearena"), 1)
    node = at(s, 8, 32)
    assert [float(v[3, node]) for v in s.point_series.values()] == [1315, 2630, 3945]
    assert (s.split, s.params["buo_y"]) == ("valid", 0.5)
    line = first(foreign("pdearena_1d"), 2)
    assert line.point_series["u"][3, :4].tolist() == [230, 230, 231, 231]
    assert (line.split, line.params) == ("train", {"dx": 0.25})


def test_poseidon(foreign: File) -> None:
    s = first(foreign("poseidon"), 2)
    assert s.point_series["velocity"][3, at(s, 0.4, 0.5)].tolist() == [23023, 23123]


def test_geo_fno(foreign: File) -> None:
    s = first(foreign("geo_fno"), 1)
    node = at(s, 2 * 1.4 * np.sin(0.75), 2 * 1.4 * np.cos(0.75))
    assert s.mesh.point_data["Q"][node].tolist() == [1032, 1132, 1232]
    radius = np.linalg.norm(s.mesh.points[s.mesh.boundary["bottom"]], axis=-1)
    np.testing.assert_allclose(radius, 2)


def test_axes_that_do_not_fit_are_named(foreign: File) -> None:
    import h5py

    path = foreign("pdebench_1d")
    with h5py.File(path, "r+") as file:
        del file["x-coordinate"]
        file["x-coordinate"] = np.zeros(5)
    with pytest.raises(DataError, match="must be two or more, that all grow or all fall"):
        open_layout(path)
    with h5py.File(path, "r+") as file:
        del file["x-coordinate"]
        file["x-coordinate"] = np.arange(7.0)
    with pytest.raises(DataError, match=r"coordinates have \(7,\) points and 4 instants"):
        open_layout(path)
