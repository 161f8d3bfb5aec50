"""Evaluation: the model beside the solvers of the problem, on the same samples and by the same errors."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, MeshDataset
from gno.errors import ConfigError, DataError
from gno.mesh import node_volume
from gno.models import Operator
from gno.problems import Darcy
from gno.training import Event, evaluate


@pytest.fixture(scope="module")
def darcy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six samples of Darcy flow on small squares."""
    path = tmp_path_factory.mktemp("darcy") / "darcy.h5"
    problem = Darcy(nodes=60, shapes=("square",), held_out=(), refinement=3, test_fraction=0.5, seed=2)
    with DatasetWriter(path, problem.fields, attributes=problem.attributes()) as writer:
        for i in range(6):
            mesh, params, split = problem.sample(i)
            writer.append(mesh, params, split)
    return path


@pytest.fixture(scope="module")
def model(darcy: Path) -> Path:
    """An untrained model."""
    path = darcy.parent / "model.safetensors"
    torch.manual_seed(0)
    with MeshDataset(darcy) as dataset:
        Operator.from_dataset(dataset, "gkn", width=4, depth=1, boundary="zero").save(path)
    return path


def test_the_errors_are_those_of_the_predictions(darcy: Path, model: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    metrics = evaluate(model, darcy, tmp_path / "eval", progress=events.append)
    operator, errors = Operator.load(model), []
    with MeshDataset(darcy, "test") as dataset:
        for sample in dataset:
            u, weight = sample.mesh.point_data["u"], node_volume(sample.mesh)
            v = operator.predict(sample.mesh).point_data["u"]
            errors.append(((weight * (v - u) ** 2).sum() / (weight * u**2).sum()) ** 0.5)
    assert metrics["relative_l2"] == pytest.approx(np.mean(errors), rel=1e-9)
    with open(tmp_path / "eval" / "per_sample.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["relative_l2"]) for row in rows] == pytest.approx(errors, rel=1e-6)
    assert {"sample", "nodes", "relative_h1", "relative_max", "seconds", "solver_relative_l2"} <= rows[0].keys()
    assert metrics["num_samples"] == len(rows) == len(events)
    worst = max(rows, key=lambda row: float(row["relative_l2"]))
    assert metrics["worst_sample"] == int(worst["sample"])
    assert json.loads((tmp_path / "eval" / "metrics.json").read_text()) == json.loads(json.dumps(metrics))


def test_the_solver_is_better_than_the_mean_permeability_and_sees_no_target(
    darcy: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    solve = Darcy.solve
    monkeypatch.setattr(Darcy, "solve", lambda self, mesh: seen.append(set(mesh.point_data)) or solve(self, mesh))
    metrics = evaluate(model, darcy, tmp_path)
    assert 0 < metrics["solver_relative_l2"] < metrics["baseline_relative_l2"] < 1
    assert all(metrics[f"{method}seconds"] > 0 for method in ("", "solver_", "baseline_"))
    assert seen
    assert all("u" not in names for names in seen)


def test_data_of_no_problem_of_ours_are_compared_with_no_solver(small_data: Path, tmp_path: Path) -> None:
    with MeshDataset(small_data) as dataset:
        Operator.from_dataset(dataset, "gkn", width=4, depth=1).save(tmp_path / "m.safetensors")
    events: list[Event] = []
    metrics = evaluate(tmp_path / "m.safetensors", small_data, tmp_path, progress=events.append)
    assert "relative_l2" in metrics
    assert not any(name.startswith(("solver_", "baseline_")) for name in metrics)
    assert "no solver" in events[0].message


def test_what_cannot_be_evaluated_is_refused(darcy: Path, model: Path, small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="split 'valid'"):
        evaluate(model, darcy, out, split="valid")
    with MeshDataset(small_data) as dataset, DatasetWriter(tmp_path / "b.h5", dataset.fields[:1]) as writer:
        for sample in dataset:
            writer.append(sample.mesh, split="test" if sample.index else "train")
    with pytest.raises(DataError, match="field 'u'"):
        evaluate(model, tmp_path / "b.h5", out)
    assert not out.exists()
