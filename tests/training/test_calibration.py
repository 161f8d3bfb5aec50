"""Error bands of model files: calibrated by training and by hand, measured by evaluation."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import ConfigError, SolverError
from gno.mesh import node_volume, shapes
from gno.models import Operator, learn_novelty
from gno.training import Event, Recipe, calibrate_file, evaluate, train


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty samples on one mesh: a number and a vector that follow the input up to noise."""
    path, rng = tmp_path_factory.mktemp("bands") / "d.h5", np.random.default_rng(0)
    fields = [FieldSpec("a"), FieldSpec("u", role="target"), FieldSpec("w", role="target", components=2)]
    mesh = shapes.square(0.5)
    with DatasetWriter(path, fields, attributes={"pde": "none"}) as writer:
        for i in range(30):
            a, noise = rng.uniform(1, 2, mesh.num_points), rng.normal(size=(mesh.num_points, 3))
            values = {"a": a, "u": a + 0.1 * noise[:, 0], "w": a[:, None] * [1.0, -1.0] + 0.1 * noise[:, 1:]}
            writer.append(mesh.with_data(values), split="train" if i < 4 else "valid" if i < 14 else "test")
    return path


@pytest.fixture(scope="module")
def model(data: Path) -> Path:
    path = data.parent / "m.safetensors"
    torch.manual_seed(0)
    with MeshDataset(data) as dataset:
        Operator.from_dataset(dataset, "gcn", width=4, depth=2).save(path)
    return path


def test_an_evaluation_measures_how_often_the_bands_hold(data: Path, model: Path, tmp_path: Path) -> None:
    plain = evaluate(model, data, tmp_path / "plain")
    assert "bands" not in plain
    bands = calibrate_file(model, data, tmp_path / "c.safetensors")
    assert "bands" not in evaluate(model, data, tmp_path / "plain")  # the file given was left as it was
    metrics = evaluate(tmp_path / "c.safetensors", data, tmp_path / "eval")
    operator, inside, bounded = Operator.load(tmp_path / "c.safetensors"), [], []
    with MeshDataset(data, "test") as dataset:
        for sample in dataset:
            found, volume = operator.predict(sample.mesh).point_data, node_volume(sample.mesh)
            error, share = np.linalg.norm(found["w"] - sample.mesh.point_data["w"], axis=1), volume / volume.sum()
            inside.append(share @ (error <= found["w_band"]))
            size = np.sqrt(share @ (found["w"] ** 2).sum(axis=1))
            bounded.append(np.sqrt(share @ error**2) / size <= bands["w"].bounds[2])
    row = next(r for r in metrics["bands"] if (r["field"], r["level"]) == ("w", 0.9))
    assert (row["coverage"], row["bounded"]) == (pytest.approx(np.mean(inside)), np.mean(bounded))
    assert [(r["field"], r["level"]) for r in metrics["bands"]] == [(f, k) for f in "uw" for k in (0.5, 0.8, 0.9)]
    assert json.loads((tmp_path / "eval" / "metrics.json").read_text())["bands"] == metrics["bands"]
    with open(tmp_path / "eval" / "per_sample.csv", newline="") as file:
        coverage = [float(line["coverage"]) for line in csv.DictReader(file)]
    both = [r["coverage"] for r in metrics["bands"] if r["level"] == 0.9]
    assert np.mean(coverage) == pytest.approx(np.mean(both), rel=1e-5)


def test_an_evaluation_says_how_new_each_sample_is_and_whether_errors_follow(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = Operator.load(model)
    with MeshDataset(data, "train") as dataset:
        learn_novelty(operator, (sample.mesh for sample in dataset))
    operator.save(tmp_path / "n.safetensors")
    monkeypatch.delattr("gno.training.outside.mean_novelty")  # the prediction has found it
    metrics = evaluate(tmp_path / "n.safetensors", data, tmp_path / "eval")
    with open(tmp_path / "eval" / "per_sample.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with MeshDataset(data, "test") as dataset:
        mesh = dataset[0].mesh
    expected = np.average(operator.predict(mesh).point_data["novelty"], weights=node_volume(mesh))
    assert float(rows[0]["novelty"]) == pytest.approx(expected, rel=1e-5)
    ranks = [np.argsort(np.argsort([float(row[key]) for row in rows])) for key in ("novelty", "relative_l2")]
    assert metrics["novelty_rank_correlation"] == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-9)


def test_training_calibrates_on_its_validation_split(small_data: Path, recipe: Recipe, tmp_path: Path) -> None:
    run = train(recipe, small_data, tmp_path / "run")
    operator = Operator.load(run.model)
    assert operator.bands["u"].samples == 2
    with MeshDataset(small_data, "test") as dataset:
        found = operator.predict(dataset[0].mesh).point_data
    assert 0 < np.median(found["novelty"]) < 10
    again = calibrate_file(run.model, small_data, tmp_path / "again.safetensors")
    assert again == operator.bands
    assert (tmp_path / "again.safetensors").read_bytes() == run.model.read_bytes()


def test_a_model_that_cannot_be_calibrated_is_saved_without_bands(
    small_data: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise SolverError("the prediction of 'u' has 3 of 9 values that are not finite")

    events: list[Event] = []
    monkeypatch.setattr("gno.training.calibration.calibrate", fails)
    run = train(recipe, small_data, tmp_path / "run", progress=events.append)
    assert Operator.load(run.model).bands == {}
    assert any("no error bands: the prediction of 'u'" in event.message for event in events)


def test_a_calibration_is_told_and_refused(data: Path, model: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    calibrate_file(model, data, tmp_path / "c.safetensors", split="test", progress=events.append)
    assert [(event.stage, event.done, event.total) for event in events[-1:]] == [("calibration", 16, 16)]
    with pytest.raises(ConfigError, match="split"):
        calibrate_file(model, data, tmp_path / "c.safetensors", split="nothing")
