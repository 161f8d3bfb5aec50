"""Evaluation in time: errors, correlation, divergence and spectra against what they are by definition."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import DataError
from gno.mesh import Mesh, node_volume, shapes
from gno.models import Propagator
from gno.problems import TorusFlow, generate
from gno.report import evaluation_report
from gno.report.history import read_metrics
from gno.report.rollout_page import comparison_in_time
from gno.training import Recipe, evaluate, train
from gno.training.data import Data
from gno.training.evaluation_in_time import stride_of
from gno.training.in_time import Curves, curves_of
from gno.training.rollouts import Rollout
from gno.training.spectrum import grid_of, spectrum

STILL = "first state, still"


def flow(mesh: Mesh, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Vortices on the unit torus that decay as in a fluid at rest: velocity (y, -x derivatives), and vorticity."""
    rng, (x, y) = np.random.default_rng(seed), 2 * np.pi * mesh.points.T
    time, a, b = 0.1 * np.arange(5), rng.uniform(1, 2), rng.uniform(0, 2 * np.pi)
    decay = a * np.exp(-time)[:, None]
    velocity = np.stack([decay * np.cos(y + b), decay * np.cos(x + b)], axis=-1)
    return time, {"velocity": velocity, "vorticity": decay * 2 * np.pi * (np.sin(y + b) - np.sin(x + b))}


def torus(n: int = 8) -> Mesh:
    mesh = shapes.square(1 / (n - 1), kind="quad")
    return replace(mesh, points=mesh.points * (n - 1) / n)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("torus") / "torus.h5"
    fields = [
        FieldSpec("velocity", role="target", components=2, transient=True),
        FieldSpec("vorticity", role="target", transient=True),
    ]
    with DatasetWriter(path, fields, attributes={"period": "1,1"}) as writer:
        for seed in range(6):
            time, series = flow(torus(), seed)
            writer.append(torus(), split="train" if seed < 4 else "test", time=time, point_series=series)
    return path


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"width": 8, "depth": 1, "kernel": {"width": 8}}
    recipe = Recipe.make({"model": {"name": "gkn", "options": options}, "optimization": {"epochs": 2}})
    return train(recipe, data, tmp_path_factory.mktemp("run") / "run").model


def test_the_numbers_are_those_of_the_rollouts(data: Path, model: Path, tmp_path: Path) -> None:
    metrics = evaluate(model, data, tmp_path / "out")
    propagator = Propagator.load(model)
    expected, still, rmse = [], [], []
    scale = {c.spec.name: (np.array(c.high) - np.array(c.low)) / 2 for c in propagator.states}
    with MeshDataset(data, "test") as dataset:
        for sample in dataset:
            weight = node_volume(sample.mesh)
            truth = sample.point_series
            found = list(propagator.predict(sample.at(0), np.diff(sample.time).tolist()))
            ends = [(mesh.point_data, {n: truth[n][k] for n in scale}) for k, mesh in enumerate(found, start=1)]
            parts = [[((v[n] - u[n]) / scale[n]).reshape(len(v[n]), -1) for n in scale] for v, u in ends]
            rmse.append(np.sqrt(np.mean(np.concatenate([np.concatenate(p, axis=1) for p in parts]) ** 2)))
            for k, mesh in enumerate(found, start=1):
                for fields, errors in ((mesh.point_data, expected), (sample.at(0).point_data, still)):
                    for name in ("velocity", "vorticity"):
                        u, v = (f.reshape(len(f), -1) for f in (truth[name][k], fields[name]))
                        squares = [(weight[:, None] * f**2).sum() for f in (v - u, u)]
                        errors.append((squares[0] / squares[1]) ** 0.5)
    assert metrics["relative_l2"] == pytest.approx(np.mean(expected), rel=1e-4)
    assert metrics["persistence_relative_l2"] == pytest.approx(np.mean(still), rel=1e-4)
    assert metrics["rmse_minmax"] == pytest.approx(np.mean(rmse), rel=1e-4)
    # A field that keeps its shape is correlated with itself for ever: persistence is wrong in size alone.
    assert metrics["persistence_correlation_time"] == pytest.approx(0.4)
    assert metrics["true_divergence"] < 1e-6
    rows = read_metrics(tmp_path / "out" / "in_time.csv")
    assert rows["time"] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert rows["relative_l2"][0] == rows["persistence_relative_l2"][0] == 0
    assert np.mean(rows["relative_l2"][1:]) == pytest.approx(metrics["relative_l2"], rel=1e-5)
    assert rows["persistence_relative_l2"][1:] == pytest.approx(np.exp(rows["time"][1:]) - 1, rel=1e-5)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["num_samples"] == 2
    waves = read_metrics(tmp_path / "out" / "spectrum.csv")
    assert waves["wave_number"] == [1, 2, 3, 4]
    assert np.argmax(waves["true_velocity"]) == 0
    assert max(waves["true_velocity"][1:]) < 1e-9 * waves["true_velocity"][0]


def test_the_page_shows_errors_spectra_and_a_film(data: Path, model: Path, tmp_path: Path) -> None:
    from PIL import Image

    evaluate(model, data, tmp_path)
    written = [path.name for path in evaluation_report(tmp_path, model, data)]
    assert written[0] == "in_time.png"
    assert written[-1] == "report.html"
    assert {"spectrum_velocity.png", "median_vorticity.png", "median_velocity.gif"} <= set(written)
    page = (tmp_path / "report.html").read_text()
    assert "first state, still" in page
    assert page.count("<img") == 5
    with Image.open(tmp_path / "median_velocity.gif") as film:
        assert film.n_frames == 5


def test_the_plain_solver_stands_beside_what_corrects_it(tmp_path: Path) -> None:
    options = {"viscosity": 5e-4, "resolution": 8, "truncated": True, "end_time": 1.0, "interval": 0.5}
    flow = TorusFlow(**options, solver_points=32, initial_scale=20.0, test_fraction=0.5)
    data = generate(flow, tmp_path / "torus.h5", 4)
    small = {"network": "gkn", "options": {"width": 4, "depth": 1}, "kernel": {"width": 4}}
    table = {"name": "StepCorrector", "options": small | {"geometry": {"levels": 1, "spacing": [], "radius": [0.2]}}}
    recipe = {"model": table, "optimization": {"epochs": 1, "learning_rate": 1e-12}, "data": {"valid_share": 0.0}}
    model = train(Recipe.make(recipe), data, tmp_path / "run").model
    metrics = evaluate(model, data, tmp_path / "out")
    # What has not learned is the plain solver, and finer is better.
    assert metrics["relative_l2"] == pytest.approx(metrics["coarse_relative_l2"], rel=1e-4)
    assert (
        metrics["finer_relative_l2_last"] < metrics["coarse_relative_l2_last"] < metrics["persistence_relative_l2_last"]
    )
    assert min(metrics[f"{method}seconds"] for method in ("", "coarse_", "finer_")) > 0
    assert read_metrics(tmp_path / "out" / "in_time.csv")["coarse_relative_l2"][-1] > 0
    rows = comparison_in_time(metrics)
    assert [row[0] for row in rows] == ["model", "plain step of the solver inside", "the same, twice as fine", STILL]


def test_a_spectrum_sums_to_the_mean_square_and_knows_no_place() -> None:
    rng = np.random.default_rng(0)
    for shape in ((8, 8, 1), (7, 10, 2), (4, 6, 5, 3)):
        u = rng.normal(size=shape)
        energy = spectrum(u)
        assert energy.sum() == pytest.approx(0.5 * (u**2).sum(axis=-1).mean(), rel=1e-12)
        assert spectrum(np.roll(u, 3, axis=0)) == pytest.approx(energy, abs=1e-14)


def test_a_grid_is_found_whatever_its_numbering_and_nothing_else_is() -> None:
    mesh, closed = torus(), shapes.square(1 / 8, kind="quad")
    order = np.random.default_rng(0).permutation(64)
    mixed = Mesh(mesh.points[order], {"quad": np.argsort(order)[mesh.cells["quad"]]})
    for one in (mesh, mixed, closed):
        grid = grid_of(one, (1.0, 1.0))
        assert grid is not None
        assert grid.shape == (8, 8)
        x, y = (one.points[grid] - one.points.min(axis=0)).transpose(2, 0, 1)
        assert np.allclose(x, np.arange(8)[:, None] / 8)
        assert np.allclose(y, np.arange(8) / 8)
    for one, period in ((shapes.square(0.2), (1.0, 1.0)), (mesh, ()), (mesh, (1.0, 0.0)), (mesh, (2.0, 1.0))):
        assert grid_of(one, period) is None


def test_correlation_forgets_mean_and_size_and_says_how_long_it_lasts(model: Path) -> None:
    propagator, mesh = Propagator.load(model), torus()
    rng = np.random.default_rng(0)
    truth = torch.from_numpy(rng.normal(size=(4, 64, 3)))
    prediction = truth.clone()
    prediction[1] = 3 * truth[1] + 1
    prediction[2] = -truth[2]
    prediction[3] = torch.nan
    curves = curves_of(propagator, mesh, Rollout(np.array([0.0, 1, 2, 3]), truth, prediction))
    assert curves.correlation == pytest.approx([1, 1, -1, 0], abs=1e-12)
    assert curves.correlation_time == 1
    assert Curves(np.array([0.0, 2.0]), {"u": np.zeros(2)}, np.ones(2), 0.0).correlation_time == 2
    assert Curves(np.array([0.0, 2.0]), {"u": np.zeros(2)}, np.array([1, 0.0]), 0.0).correlation_time == 0


def test_the_divergence_is_that_of_the_piecewise_linear_field(model: Path) -> None:
    propagator, mesh = Propagator.load(model), torus()
    x, y = torch.from_numpy(mesh.points).T
    turning, growing = (torch.stack([*v, x], dim=1)[None] for v in ((-y, x), (x, y)))
    curves = curves_of(propagator, mesh, Rollout(np.zeros(1), turning, growing))
    assert curves.true_divergence == pytest.approx([0], abs=1e-12)
    assert curves.divergence == pytest.approx([2**0.5])  # divergence 2, gradient of size root 2


def test_steps_are_no_shorter_than_in_training(model: Path) -> None:
    propagator = Propagator.load(model)  # trained on steps of 0.1
    assert stride_of(propagator, 0.1 * np.arange(9)) == range(0, 9, 1)
    assert stride_of(propagator, 0.03 * np.arange(9)) == range(0, 9, 4)
    assert stride_of(propagator, 0.5 * np.arange(9)) == range(0, 9, 1)
    assert stride_of(propagator, 0.001 * np.arange(9)) == range(0, 9, 8)


def test_samples_are_set_aside_where_all_stand_on_one_mesh(data: Path) -> None:
    with MeshDataset(data) as dataset:
        assert dataset.num_meshes == 1
        parts = Data(valid_share=0.25).parts(dataset, seed=0)
    assert sorted([*parts.train.tolist(), *parts.valid.tolist()]) == [0, 1, 2, 3]
    assert len(parts.valid) == 1


@pytest.mark.parametrize(("what", "says"), [("state", r"velocity\[0\] ranges from"), ("step", "time_step is 0.3, in ")])
def test_trajectories_outside_the_training_are_counted_and_strict_refuses(
    what: str, says: str, data: Path, model: Path, tmp_path: Path
) -> None:
    with MeshDataset(data) as dataset, DatasetWriter(tmp_path / "d.h5", dataset.fields) as writer:
        for seed in (0, 1):
            time, series = flow(torus(), seed)
            if seed and what == "state":
                series = {name: 5 * values for name, values in series.items()}
            longer = 3 if seed and what == "step" else 1
            writer.append(torus(), split="test", time=longer * time, point_series=series)
    with pytest.raises(DataError, match=f"1 of 2 samples lie outside.*sample 1: {says}"):
        evaluate(model, tmp_path / "d.h5", tmp_path / "out", strict=True)
    assert not (tmp_path / "out").exists()
    metrics = evaluate(model, tmp_path / "d.h5", tmp_path / "out")
    assert metrics["outside"] == 1
    assert len(metrics["warnings"]) == 1
    assert read_metrics(tmp_path / "out" / "per_sample.csv")["outside"][0] == 0
    assert read_metrics(tmp_path / "out" / "per_sample.csv")["outside"][1] > 0
    evaluation_report(tmp_path / "out", model, tmp_path / "d.h5")
    assert "1 of 2 samples lie outside" in (tmp_path / "out" / "report.html").read_text()
