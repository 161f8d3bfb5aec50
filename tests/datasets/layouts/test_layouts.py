"""Every layout: known by itself, read where it lies, and written anew without a change."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import h5py
import numpy as np
import pytest

from gno.datasets import LAYOUTS, MeshDataset, Options, check, convert, open_layout
from gno.datasets.sources import open_source, places
from gno.errors import ConfigError, DataError
from gno.mesh.geometry import cell_volume
from tests.datasets.layouts import benchmarks


def test_each_file_fits_its_layout_alone(each: tuple[str, Path]) -> None:
    name, path = each
    with open_source(places([path])[0]) as source:
        fitting = [layout.name for layout in LAYOUTS.values() if layout.fits(source)]
    assert name in fitting[:1]
    assert set(fitting) <= {name, "vtk-folder"}  # a folder of AirfRANS is one of .vtu files, too


def test_every_sample_is_a_mesh_with_the_fields_that_are_told(each: tuple[str, Path]) -> None:
    with open_layout(each[1]) as dataset:
        assert dataset.layout == each[0]
        for series in dataset:
            assert (cell_volume(series.mesh) > 0).all()
            points, cells = series.mesh.point_data | series.point_series, series.mesh.cell_data | series.cell_series
            assert {s.name for s in dataset.fields} == {*points, *cells}
            for moving in chain(series.point_series.values(), series.cell_series.values()):
                assert series.times is not None
                assert len(moving) == len(series.times)
                assert (np.diff(series.times) > 0).all()


def test_what_is_written_is_what_was_read(each: tuple[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.h5"
    convert([each[1]], out, number=2)
    assert check(out).ok
    with open_layout(each[1]) as foreign, MeshDataset(out) as dataset:
        assert dataset.attributes["layout"] == each[0]
        assert len(dataset) == min(len(foreign), 2)
        for sample, series in zip(dataset, foreign):
            assert sample.params == series.params
            np.testing.assert_array_equal(sample.mesh.points, series.mesh.points)
            assert dataset.in_time == (series.times is not None)
            if series.times is not None:
                assert sample.time is not None
                np.testing.assert_array_equal(sample.time, series.times)
            values = {**series.mesh.point_data, **series.mesh.cell_data, **series.point_series, **series.cell_series}
            found = {**sample.mesh.point_data, **sample.mesh.cell_data, **sample.point_series, **sample.cell_series}
            assert found.keys() == values.keys()
            for name, array in values.items():
                np.testing.assert_array_equal(found[name], array)


def test_a_run_that_was_stopped_goes_on(foreign: Callable[[str], Path], tmp_path: Path) -> None:
    path, whole, out = foreign("pdebench_1d"), tmp_path / "whole.h5", tmp_path / "out.h5"

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert([path], out, progress=stop)
    assert not out.exists()
    with pytest.raises(DataError, match="of another dataset"):
        convert([path], out, options=Options(stride=2))
    assert convert([path], out) == out
    convert([path], whole)
    assert out.read_bytes() == whole.read_bytes()


def test_files_with_the_same_fields_become_one_dataset(foreign: Callable[[str], Path], tmp_path: Path) -> None:
    first = foreign("pdebench_darcy")
    second = first.rename(tmp_path / "2D_DarcyFlow_beta10.0_Test.hdf5")
    first = foreign("pdebench_darcy")
    for paths in ([first, second], [tmp_path]):
        with open_layout(*paths) as dataset:
            assert len(dataset) == 6
            assert [s.split for s in dataset] == (["train"] * 3 + ["test"] * 3)
            assert dataset[-1].split == "test"
            with pytest.raises(IndexError):
                dataset[6]
    with pytest.raises(DataError, match=r"has fields .*u.*has.*nu"):
        open_layout(first, foreign("pdebench_1d"))


def test_roles_can_be_given(foreign: Callable[[str], Path]) -> None:
    with open_layout(foreign("pdebench_cfd"), options=Options(inputs=("density",))) as dataset:
        assert [s.role for s in dataset.fields] == ["input", *["target"] * 4]
    with pytest.raises(ConfigError, match=r"no field 'densty'.*did you mean 'density'"):
        open_layout(foreign("pdebench_cfd"), options=Options(inputs=("densty",)))


def test_an_unknown_file_is_answered_by_what_it_holds_and_the_nearest_layout(
    foreign: Callable[[str], Path], tmp_path: Path
) -> None:
    import h5py

    path = foreign("pdebench_darcy")
    with h5py.File(path, "r+") as file:
        file.move("nu", "coefficient")
    with pytest.raises(DataError) as caught:
        open_layout(path)
    assert "HDF5 and holds: coefficient (3, 5, 6), tensor (3, 1, 5, 6)" in caught.value.what
    assert "nearest is pdebench-darcy (PDEBench Darcy flow), for which it lacks 'nu' with 3 axes" in caught.value.why
    with pytest.raises(DataError, match=r"is not of the layout 'the-well'.*lacks attribute 'n_trajectories'"):
        open_layout(path, layout="the-well")
    with pytest.raises(ConfigError, match=r"'thewell' is unknown.*did you mean 'the-well'"):
        open_layout(path, layout="thewell")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds: nothing"):
        open_layout(tmp_path / "empty")
    with pytest.raises(DataError, match=r"no such file.*did you mean"):
        open_layout(path.with_name("2D_DarcyFlow_beta1.0_Trian.hdf5"))
    (tmp_path / "table.csv").write_text("1,2\n")
    with pytest.raises(DataError, match=r"suffix '.csv' is unknown.*\.mat"):
        open_layout(tmp_path / "table.csv")
    with pytest.raises(ConfigError, match="no files"):
        open_layout()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"strid": 2}, "no option 'strid'.*did you mean 'stride'"),
        ({"stride": 0}, "at least 1"),
        ({"stride": 1.5}, "must be a number"),
        ({"extent": [0, 1, 2]}, "x0,x1,y0,y1"),
        ({"extent": [1, 0]}, "x0 < x1"),
        ({"extent": ["a", 0]}, "must be numbers"),
        ({"end_time": -1}, "larger than 0"),
        ({"alpha": 0}, "larger than 0"),
        ({"periodic": 1}, "true or false"),
        ({"inputs": 1}, "must be names"),
        ({"inputs": "u", "targets": ["u", "p"]}, "among inputs and targets"),
    ],
)
def test_options_that_cannot_be_are_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Options.of(given)


def test_an_extent_of_another_dimension_is_refused(foreign: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match="extent has 2 numbers; the grid has 2 axes"):
        open_layout(foreign("fno_v5"), options=Options(extent=(0.0, 1.0)))


@pytest.mark.parametrize("kind", ["count", "short"])
def test_what_a_layout_takes_for_granted_is_no_fault_of_ours(tmp_path: Path, kind: str) -> None:
    path = benchmarks.the_well(tmp_path)
    with h5py.File(path, "r+") as file:
        if kind == "count":
            file.attrs["n_trajectories"] = "many"
        else:
            attributes = dict(file["scalars/b"].attrs)
            del file["scalars/b"]
            file["scalars"].create_dataset("b", data=[1.0]).attrs.update(attributes)
    with pytest.raises(DataError, match="is damaged"), open_layout(path) as dataset:
        list(dataset)
