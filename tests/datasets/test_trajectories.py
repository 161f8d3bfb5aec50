"""Trajectories: what is written is read, whole or by windows, by us and by VTK; what cannot be is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, Sample, check
from gno.datasets.archive import reseal
from gno.errors import ConfigError, DataError
from gno.mesh.mesh import Mesh

FIELDS = (
    FieldSpec("depth", role="static"),
    FieldSpec("a", role="input"),
    FieldSpec("u", role="target", components=2, transient=True),
    FieldSpec("k", role="target", location="cell", transient=True),
)
LENGTHS = (3, 1, 4, 2)


def trajectory(mesh: Mesh, i: int) -> Sample:
    """Trajectory ``i``, with as many instants as ``LENGTHS`` says."""
    rng, n, c = np.random.default_rng(i), mesh.num_points, mesh.num_cells
    still = mesh.with_data({"depth": mesh.points.sum(axis=1), "a": rng.random(n)}, {})
    time = 0.5 + np.cumsum(rng.random(LENGTHS[i]))
    series = {"u": rng.normal(size=(len(time), n, 2))}, {"k": rng.random((len(time), c)).astype(np.float32)}
    return Sample(still, {"re": 10.0 * i}, i, time, *series)


def append(writer: DatasetWriter, sample: Sample, split: str | None = None) -> None:
    series = {"point_series": sample.point_series, "cell_series": sample.cell_series}
    writer.append(sample.mesh, sample.params, split, time=sample.time, **series)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    from tests.datasets.conftest import mixed_2d

    return [trajectory(mixed_2d(2 + (i == 2)), i) for i in range(len(LENGTHS))]


@pytest.fixture(scope="module")
def made(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "a.vtkhdf"
    with DatasetWriter(path, FIELDS) as writer:
        for sample in samples:
            append(writer, sample, "test" if sample.index == 3 else "train")
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A file of four trajectories on two meshes, for this test alone."""
    return Path(shutil.copy(made, tmp_path / "a.vtkhdf"))


def assert_same(found: Sample, wanted: Sample, window: slice = slice(None)) -> None:
    assert found.time is not None
    assert wanted.time is not None
    np.testing.assert_array_equal(found.time, wanted.time[window])
    for name in ("depth", "a"):
        np.testing.assert_array_equal(found.mesh.point_data[name], wanted.mesh.point_data[name])
    np.testing.assert_array_equal(found.point_series["u"], wanted.point_series["u"][window])
    np.testing.assert_array_equal(found.cell_series["k"], wanted.cell_series["k"][window])
    assert found.cell_series["k"].dtype == np.float32
    assert found.params == wanted.params


def test_what_is_written_is_read(path: Path, samples: list[Sample]) -> None:
    with MeshDataset(path) as dataset:
        assert dataset.in_time
        assert dataset.num_instants.tolist() == list(LENGTHS)
        assert dataset.num_meshes == 2
        for found, wanted in zip(dataset, samples, strict=True):
            assert_same(found, wanted)
            at = found.at(-1)
            np.testing.assert_array_equal(at.point_data["u"], wanted.point_series["u"][-1])
            np.testing.assert_array_equal(at.cell_data["k"], wanted.cell_series["k"][-1])
    with MeshDataset(path, "test") as dataset:
        assert dataset.num_instants.tolist() == [2]
        assert dataset[0].index == 3


@pytest.mark.parametrize(("start", "stop", "step"), [(0, 4, 1), (1, 3, 1), (3, 4, 1), (0, 4, 2), (1, 4, 2)])
def test_a_window_is_those_instants(path: Path, samples: list[Sample], start: int, stop: int, step: int) -> None:
    with MeshDataset(path) as dataset:
        assert_same(dataset.window(2, start, stop, step), samples[2], slice(start, stop, step))


def test_a_window_reads_nothing_else(samples: list[Sample], tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", FIELDS, compress=False) as writer:
        append(writer, samples[2])
    with h5py.File(tmp_path / "a", "r+") as file:
        file["VTKHDF/PointData/u"][samples[2].mesh.num_points] += 1.0  # instant 1
    with MeshDataset(tmp_path / "a") as dataset:
        assert_same(dataset.window(0, 2, 4), samples[2], slice(2, 4))
        for start in (0, 1):
            with pytest.raises(DataError, match=r"sample 0 of .* is damaged; checksum of /VTKHDF/PointData/u differs"):
                dataset.window(0, start, 2)
        with pytest.raises(DataError, match=r"sample 0 of .* is damaged; checksum of /VTKHDF/PointData/u differs"):
            dataset[0]


def test_a_still_field_and_the_times_are_bound_to_every_window(path: Path) -> None:
    for name, where in (("VTKHDF/PointData/a", 0), ("gno/time", 1)):
        with h5py.File(path, "r+") as file:
            file[name][where] *= 1.0 + 1e-9
            reseal(file)
        with MeshDataset(path) as dataset, pytest.raises(DataError, match=r"sample 0 of .* is damaged"):
            dataset.window(0, 2, 3)
        with h5py.File(path, "r+") as file:
            file[name][where] /= 1.0 + 1e-9


@pytest.mark.parametrize("window", [(0, 5), (-1, 2), (2, 2), (0, 2, 0)])
def test_a_window_that_is_not_there_is_refused(path: Path, window: tuple[int, ...]) -> None:
    with MeshDataset(path) as dataset, pytest.raises(ConfigError, match="sample 2 has 4"):
        dataset.window(2, *window)


def test_statistics_are_over_all_instants_of_the_training_trajectories(path: Path, samples: list[Sample]) -> None:
    with MeshDataset(path) as dataset:
        train = np.concatenate([s.point_series["u"].reshape(-1, 2) for s in samples[:3]])
        np.testing.assert_allclose(dataset.statistics["u"].mean, train.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(dataset.statistics["u"].std, train.std(axis=0), rtol=1e-12)
        assert dataset.statistics["u"].count == len(train)
        assert dataset.statistics["a"].count == sum(s.mesh.num_points for s in samples[:3])


def test_the_check_tells_trajectories(path: Path) -> None:
    report = check(path)
    assert report.ok
    assert "4 trajectories of 1 to 4 instants on 2 meshes" in str(report)
    assert "parameter re: 0 to 30" in str(report)
    with h5py.File(path, "r+") as file:
        file["gno/stats/u/mean"][0] += 1.0
        reseal(file)
    assert any("mean of 'u'" in problem for problem in check(path).problems)


def test_resuming_ends_alike(made: Path, samples: list[Sample], tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "b", FIELDS)
    append(writer, samples[0], "train")
    writer.close()
    with DatasetWriter(tmp_path / "b", FIELDS, resume=True) as writer:
        for sample in samples[writer.num_samples :]:
            append(writer, sample, "test" if sample.index == 3 else "train")
    assert (tmp_path / "b").read_bytes() == made.read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": None}, "has no time; of the fields of .* some are transient"),
        ({"time": [0.0, 2.0, 1.0]}, "instant 2 is 1; instants are finite and rise"),
        ({"time": [0.0, np.nan, 1.0]}, "instant 1 is nan"),
        ({"time": []}, r"time has shape \(0,\)"),
        ({"time": [0.0, 1.0]}, r"'u' has shape \(3, 9, 2\); it must be \(2, 9, 2\)"),
        ({"point_series": {"v": np.ones((3, 9, 2))}}, "'u' is not in the point series.*have: v"),
        ({"point_series": {"u": np.full((3, 9, 2), np.inf)}}, "'u' at instant 0 has 18 of 18 values"),
    ],
)
def test_what_cannot_be_is_refused(samples: list[Sample], tmp_path: Path, change: dict[str, Any], message: str) -> None:
    sample, writer = samples[0], DatasetWriter(tmp_path / "a", FIELDS)
    given = {"time": sample.time, "point_series": sample.point_series, "cell_series": sample.cell_series} | change
    with pytest.raises(DataError, match=message):
        writer.append(sample.mesh, sample.params, **given)
    assert writer.num_samples == 0
    append(writer, sample)
    writer.seal()
    assert check(tmp_path / "a").ok


def test_a_steady_dataset_has_no_time(tmp_path: Path, samples: list[Sample]) -> None:
    with DatasetWriter(tmp_path / "a", FIELDS[:2]) as writer:
        with pytest.raises(DataError, match=r"the sample has a time; of the fields of .* none are transient"):
            writer.append(samples[0].mesh, time=[0.0])
        writer.append(samples[0].mesh)
    with MeshDataset(tmp_path / "a") as dataset:
        assert not dataset.in_time
        assert (dataset[0].time, dataset[0].num_instants, dataset.num_instants.tolist()) == (None, 1, [1])
        assert dataset.window(0, 0, 1).mesh.point_data.keys() == dataset[0].at(0).point_data.keys()
        with pytest.raises(DataError, match="instant 1 is asked for; the sample has 1"):
            dataset[0].at(1)
    with pytest.raises(ConfigError, match="static and transient"):
        FieldSpec("depth", role="static", transient=True)


@pytest.mark.parametrize(
    ("table", "row", "value", "message"),
    [
        ("gno/time", 1, -1.0, r"gno/time\[1\] = -1; the instants of a trajectory are finite and rise"),
        ("gno/trajectory", 0, 9, r"gno/trajectory\[0\] = 9; there are 4"),
        ("gno/trajectory", 3, 0, "trajectory 1 is empty"),
        ("gno/trajectory", 1, 2, r"gno/trajectory\[1\] = 2; it must be 0"),
        ("VTKHDF/Steps/PartOffsets", 1, 1, r"PartOffsets\[1\] = 1; it must be 0"),
        ("VTKHDF/Steps/PointDataOffsets/u", 2, 0, r"PointDataOffsets/u\[2\] = 0; it must be 18"),
        ("VTKHDF/Steps/PointDataOffsets/a", 1, 4, r"PointDataOffsets/a\[1\] = 4; it must be 0"),
    ],
)
def test_tables_that_contradict_are_refused(path: Path, table: str, row: int, value: float, message: str) -> None:
    with h5py.File(path, "r+") as file:
        file[table][row] = value
        reseal(file)
    with pytest.raises(DataError, match=message):
        MeshDataset(path)


def test_vtk_shows_each_instant(path: Path, samples: list[Sample]) -> None:
    pytest.importorskip("vtkmodules.vtkIOHDF")
    from tests.datasets.test_vtkhdf import assert_shows, steps

    grids = iter(steps(path))
    for sample in samples:
        for t in range(sample.num_instants):
            assert_shows(next(grids), sample.at(t), FIELDS)
    with h5py.File(path) as file:
        slider = file["VTKHDF/Steps/Values"][...]
    assert (np.diff(slider) > 0).all()
    np.testing.assert_array_equal(slider[: LENGTHS[0]], samples[0].time)


def test_a_sample_goes_through_worker_processes(path: Path, samples: list[Sample]) -> None:
    import pickle

    with MeshDataset(path) as dataset:
        assert_same(dataset[2], samples[2])
        copy = pickle.loads(pickle.dumps(dataset))
        assert_same(copy.window(2, 1, 3), samples[2], slice(1, 3))
        copy.close()


def test_random_splits_deal_trajectories(samples: list[Sample], tmp_path: Path) -> None:
    from gno.datasets import random_split

    writer = DatasetWriter(tmp_path / "a", FIELDS)
    for sample in samples:
        append(writer, sample)
    writer.seal(random_split(4, {"train": 0.75, "test": 0.25}))
    with MeshDataset(tmp_path / "a") as dataset:
        assert sorted(np.concatenate(list(dataset.splits.values())).tolist()) == [0, 1, 2, 3]
