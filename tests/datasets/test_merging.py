"""Files of one kind become one: every sample once, in order, with its split and its mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, merge
from gno.errors import ConfigError, DataError
from gno.mesh import shapes
from gno.problems import Darcy, generate

PROBLEM = Darcy(nodes=40, field_nodes=360, refinement=2, test_fraction=0.5, shapes=("square",))


class KilledError(Exception):
    """Stands for a kill between two samples."""


def test_shards_are_together_the_file_of_one_process(tmp_path: Path) -> None:
    whole = generate(PROBLEM, tmp_path / "whole.h5", 5)
    shards = [generate(PROBLEM, tmp_path / f"{k}.h5", 5, shard=(k, 3)) for k in range(3)]
    counts = []
    for shard in shards:
        with MeshDataset(shard) as dataset:
            counts.append(len(dataset))
    assert counts == [1, 2, 2]

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KilledError

    with pytest.raises(KilledError):
        merge(shards, tmp_path / "all.h5", progress=stop)
    seen: list[tuple[int, int]] = []
    merged = merge(shards, tmp_path / "all.h5", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 5), (4, 5), (5, 5)]
    with MeshDataset(merged) as one, MeshDataset(whole) as other:
        assert one.tables.seal == other.tables.seal  # the checksums of all that is in the file
        assert one.attributes == other.attributes
        assert {name: rows.tolist() for name, rows in one.splits.items()} == {
            name: rows.tolist() for name, rows in other.splits.items()
        }


def test_trajectories_and_splits_stay_what_they_are(tmp_path: Path) -> None:
    mesh = shapes.square(0.5)
    rng = np.random.default_rng(0)
    fields = [FieldSpec("a"), FieldSpec("u", role="target", transient=True)]
    values = rng.random((4, 3, mesh.num_points))
    for k in range(2):
        with DatasetWriter(tmp_path / f"{k}.h5", fields) as writer:
            for i in range(2):
                one = mesh.with_data({"a": values[2 * k + i, 0]})
                series = {"u": values[2 * k + i]}
                writer.append(one, {"c": float(i)}, ("train", "test")[i], time=[0.0, 1.0, 3.0], point_series=series)
    with MeshDataset(merge([tmp_path / "0.h5", tmp_path / "1.h5"], tmp_path / "all.h5")) as dataset:
        assert {name: rows.tolist() for name, rows in dataset.splits.items()} == {"train": [0, 2], "test": [1, 3]}
        assert dataset.num_meshes == 1
        for i, sample in enumerate(dataset):
            np.testing.assert_array_equal(sample.point_series["u"], values[i])
            assert sample.time is not None
            assert sample.time.tolist() == [0.0, 1.0, 3.0]
            assert sample.params == {"c": float(i % 2)}


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    one = generate(PROBLEM, tmp_path / "one.h5", 1)
    other = generate(Darcy(nodes=40, field_nodes=360, refinement=2, shapes=("square",), seed=1), tmp_path / "b.h5", 1)
    with pytest.raises(DataError, match=r"b\.h5 is not of the kind of .*one\.h5.*seed"):
        merge([one, other], tmp_path / "all.h5")
    assert not list(tmp_path.glob("all*"))
    with pytest.raises(ConfigError, match="is one of the files"):
        merge([one], one, overwrite=True)
    with pytest.raises(ConfigError, match="no datasets"):
        merge([], tmp_path / "all.h5")
    with pytest.raises(ConfigError, match="shard 2 of 2"):
        generate(PROBLEM, tmp_path / "c.h5", 4, shard=(2, 2))
