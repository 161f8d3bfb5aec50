"""A generated file is the same however it came to be."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from gno.datasets import MeshDataset
from gno.errors import ConfigError, DataError, ResourceError
from gno.problems import Darcy, generate
from gno.problems.problem import Draw

PROBLEM = Darcy(nodes=40, field_nodes=360, refinement=2, test_fraction=0.5, shapes=("square", "l_shape"))


class KilledError(Exception):
    """Stands for a kill between two samples."""


def test_stopped_run_resumes_to_the_same_file(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KilledError

    whole = generate(PROBLEM, tmp_path / "whole.h5", 6)
    with pytest.raises(KilledError):
        generate(PROBLEM, tmp_path / "parts.h5", 6, progress=stop)
    assert not (tmp_path / "parts.h5").exists()
    seen: list[tuple[int, int]] = []
    parts = generate(PROBLEM, tmp_path / "parts.h5", 6, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(4, 6), (5, 6), (6, 6)]
    assert parts.read_bytes() == whole.read_bytes()


def test_workers_give_the_same_file(tmp_path: Path) -> None:
    alone = generate(PROBLEM, tmp_path / "alone.h5", 4)
    together = generate(PROBLEM, tmp_path / "together.h5", 4, workers=2)
    assert alone.read_bytes() == together.read_bytes()


@dataclass(frozen=True, kw_only=True)
class Mortal(Darcy):
    """A problem whose sample 1 kills the process that draws it, once."""

    grave: str = ""

    def sample(self, index: int) -> Draw:
        if index == 1 and not os.path.exists(self.grave):
            Path(self.grave).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().sample(index)


def test_a_worker_that_dies_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    options = {"nodes": 40, "field_nodes": 360, "refinement": 2, "shapes": ("square",), "held_out": ()}
    problem, path = Mortal(**options, grave=str(tmp_path / "grave")), tmp_path / "d.h5"
    with pytest.raises(ResourceError, match=r"worker process has ended.*goes on where it was") as caught:
        generate(problem, path, 6, workers=2)
    assert caught.value.exit_code == 6
    assert not path.exists()
    assert len(MeshDataset(generate(problem, path, 6))) == 6


def test_file_holds_the_samples_their_splits_and_what_they_are(tmp_path: Path) -> None:
    path = generate(PROBLEM, tmp_path / "four.h5", 4)
    with MeshDataset(path) as dataset:
        assert dataset.splits["test"].tolist() == [1, 3]
        assert [spec.name for spec in dataset.fields] == ["permeability", "u"]
        assert dataset.attributes["pde"] == "darcy"
        draw = PROBLEM.sample(2)
        assert np.array_equal(dataset[2].mesh.point_data["u"], draw.mesh.point_data["u"])
        assert dataset[2].params == draw.params


def test_a_part_is_a_file_of_its_own(tmp_path: Path) -> None:
    path = generate(replace(PROBLEM, part="test"), tmp_path / "test.h5", 2)
    with MeshDataset(path, "test") as dataset:
        assert list(dataset.splits) == ["test"]
        for i in range(2):
            draw = PROBLEM.sample(2 * i + 1)
            assert np.array_equal(dataset[i].mesh.point_data["u"], draw.mesh.point_data["u"])


def test_finished_file_of_another_problem_is_not_lost(tmp_path: Path) -> None:
    path = generate(PROBLEM, tmp_path / "one.h5", 1)
    with pytest.raises(DataError, match="exists already"):
        generate(PROBLEM, path, 2)
    assert len(MeshDataset(path)) == 1
    generate(PROBLEM, path, 2, overwrite=True)
    assert len(MeshDataset(path)) == 2


def test_no_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0 samples"):
        generate(PROBLEM, tmp_path / "none.h5", 0)
