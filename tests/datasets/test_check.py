"""The report of a dataset: what is in it, and everything that is wrong with it."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec, check
from gno.datasets.archive import reseal
from gno.errors import DataError
from gno.mesh.mesh import Mesh


def test_a_sound_file_is_told_whole(file: Path, written: Callable[..., list[Mesh]]) -> None:
    report = check(file)
    assert report.ok
    assert (report.num_samples, report.num_meshes, report.dim) == (7, 4, 2)
    assert report.num_points == (9, 36)
    assert report.splits == {"train": 5, "valid": 1, "test": 1}
    assert report.num_bytes == file.stat().st_size
    assert report.checksums > 7 + 4
    text = str(report)
    assert text.endswith("Dataset OK.")
    assert "u[1]             target  point  m/s" in text


def test_every_problem_is_a_line(file: Path) -> None:
    with h5py.File(file, "r+") as raw:
        raw["VTKHDF/PointData/u"][0] = 7.0
        raw["VTKHDF/CellData/k"][-1] = 7.0
        raw["VTKHDF/Offsets"][2] += 1
    report = check(file)
    assert not report.ok
    assert [p.split(" of ")[0] for p in report.problems] == ["sample 0", "sample 6", "VTKHDF/Offsets"]
    assert str(report).endswith("Failed: 3 problems.")


def test_statistics_of_other_data_are_noticed(file: Path) -> None:
    with h5py.File(file, "r+") as raw:
        raw["gno/stats/a/mean"][0] *= 1.01
        reseal(raw)
    (problem,) = check(file).problems
    assert problem.startswith("mean of 'a' is")


def test_statistics_are_compared_without_a_train_split_too(tmp_path: Path) -> None:
    points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
    with DatasetWriter(tmp_path / "a", [FieldSpec("u")]) as writer:
        writer.append(Mesh(points, cells, {}, {"u": np.ones(3)}), split="test")
    assert "field 'u' is constant over the whole file" in check(tmp_path / "a").notes
    with h5py.File(tmp_path / "a", "r+") as raw:
        raw["gno/stats/u/max"][0] = 2.0
        reseal(raw)
    assert check(tmp_path / "a").problems == ("max of 'u' is [2.], but the whole file has [1.]",)


def test_what_may_be_meant_is_a_note(tmp_path: Path) -> None:
    points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
    with DatasetWriter(tmp_path / "a", [FieldSpec("u")]) as writer:
        for split in ("train", "test", None):
            writer.append(Mesh(points, cells, {}, {"u": np.ones(3)}), split=split)
        with pytest.warns(UserWarning, match="1 samples to validate or test are in the train split"):
            writer.seal()
    report = check(tmp_path / "a")
    assert report.ok
    assert report.notes == (
        "1 samples to validate or test are in the train split, too",
        "field 'u' is constant over the train split",
        "1 samples are in no split",
    )
    assert "note: field 'u' is constant" in str(report)


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    with pytest.raises(DataError, match="not HDF5"):
        check(tmp_path / "a")
