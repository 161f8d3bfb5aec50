"""Fields at known points of clouds and meshes, in each layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from gno.datasets import Options, open_layout
from tests.datasets.layouts.single import first

File = Callable[[str], Path]


def test_rigno_keeps_the_order_of_points_and_leaves_the_hole_open(foreign: File) -> None:
    s = first(foreign("rigno"), 1, end_time=0.002)
    n = s.mesh.num_points
    np.testing.assert_array_equal(s.point_series["u"][0, :, 1] - s.point_series["u"][0, :, 0], np.ones(n))
    assert s.mesh.point_data["c"].shape == (n,)
    assert s.times is not None
    assert s.times[-1] == 0.002
    centers = s.mesh.points[s.mesh.cells["triangle"]].mean(axis=1)
    assert np.linalg.norm(centers - 0.5, axis=1).min() > 0.23
    filled = first(foreign("rigno"), alpha=1e6).mesh
    assert filled.num_cells > s.mesh.num_cells
    assert np.linalg.norm(filled.points[filled.cells["triangle"]].mean(axis=1) - 0.5, axis=1).min() < 0.2


def test_geo_fno_elasticity(foreign: File) -> None:
    s = first(foreign("geo_fno_elasticity"), 2)
    assert s.mesh.points.max() == 3
    np.testing.assert_array_equal(s.mesh.point_data["sigma"] % 10, 2)
    assert (s.params["rr_00"], s.params["rr_41"]) == (2, 412)


def test_meshgraphnets(foreign: File) -> None:
    with open_layout(foreign("meshgraphnets")) as dataset:
        assert [(s.name, s.role) for s in dataset.fields] == [
            ("node_type", "static"),
            ("velocity", "target"),
            ("pressure", "target"),
        ]
        s = dataset[1]
    assert s.point_series["velocity"][3, 14].tolist() == [3 * 100 + 140 + 1, 3 * 100 + 141 + 1]
    assert s.point_series["pressure"][3, 14] == 3 * 100 + 140 - 1
    assert s.times is not None
    np.testing.assert_allclose(s.times, [0, 0.01, 0.02, 0.03])
    assert s.split == "valid"
    facets = {name: len(f) for name, f in s.mesh.boundary.items()}
    assert facets == {"inflow": 2, "outflow": 2, "wall": 20}  # of four edges at each end, two touch a corner


def test_a_folder_of_cases_in_time(foreign: File) -> None:
    with open_layout(foreign("vtk_folder")) as dataset:
        assert len(dataset) == 2
        s = dataset[1]
    assert s.times is not None
    assert s.times.tolist() == [0, 0.5, 1]
    np.testing.assert_array_equal(s.point_series["u"][2], s.mesh.points[:, 0] + 2)
    assert s.cell_series["p"][:, 0].tolist() == [10, 11, 12]


def test_a_folder_of_steady_files(foreign: File) -> None:
    folder = foreign("vtk_folder")
    for file in folder.glob("*/*.pvd"):
        file.unlink()
    with open_layout(folder, options=Options(inputs=("p",))) as dataset:
        assert len(dataset) == 6
        assert {s.name: s.role for s in dataset.fields} == {"u": "target", "p": "input"}
        assert dataset[4].times is None
        np.testing.assert_array_equal(dataset[4].mesh.point_data["u"], dataset[4].mesh.points[:, 0] + 1)


def test_airfrans(foreign: File) -> None:
    with open_layout(foreign("airfrans")) as dataset:
        slow, fast = dataset
    assert fast.params == {"inlet_velocity": 57.872, "angle_of_attack": 7.314}
    assert (fast.split, slow.split) == ("train", None)
    np.testing.assert_array_equal(fast.mesh.point_data["U"], fast.mesh.points)
    rim = fast.mesh.points[np.unique(fast.mesh.boundary["airfoil"])]
    np.testing.assert_allclose(np.linalg.norm(rim - 0.5, axis=1), 0.2)
    assert set(fast.mesh.boundary) == {"airfoil", "freestream"}
