"""Evaluation: the model beside the solvers of the problem, on the same samples and by the same errors."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import ConfigError, DataError
from gno.mesh import Mesh, cell_volume, node_volume, shapes
from gno.models import Operator
from gno.problems import Burgers, Darcy, generate
from gno.training import Event, Recipe, evaluate, train
from gno.training.outside import Outside


@pytest.fixture(scope="module")
def darcy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six samples of Darcy flow on small squares."""
    problem = Darcy(nodes=60, shapes=("square",), held_out=(), refinement=3, test_fraction=0.5, seed=2)
    return generate(problem, tmp_path_factory.mktemp("darcy") / "darcy.h5", 6)


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


def test_the_scaled_rmse_is_over_all_nodes_and_channels_and_of_the_range_in_training(tmp_path: Path) -> None:
    path, generator = tmp_path / "d.h5", np.random.default_rng(3)
    fields = [FieldSpec("a"), FieldSpec("w", role="target", components=2), FieldSpec("p", role="target")]
    meshes: dict[str, list[Mesh]] = {"train": [], "test": []}
    with DatasetWriter(path, fields, attributes={"pde": "none"}) as writer:
        for i, size in enumerate((0.5, 0.34, 0.5, 0.2)):
            mesh, split = shapes.square(size, seed=i), ("train", "test")[i // 2]
            w, p = generator.normal(size=(mesh.num_points, 2)), generator.normal(50, 9, size=mesh.num_points)
            mesh = mesh.with_data({"a": mesh.points[:, 0], "w": w * [1.0, 100.0], "p": p})
            writer.append(mesh, split=split)
            meshes[split].append(mesh)
    with MeshDataset(path) as dataset:
        operator = Operator.from_dataset(dataset, "gkn", width=4, depth=1)
    operator.save(tmp_path / "m.safetensors")
    metrics = evaluate(tmp_path / "m.safetensors", path, tmp_path)

    def table(some: list[Mesh]) -> np.ndarray:
        return np.concatenate([np.column_stack([m.point_data["w"], m.point_data["p"]]) for m in some])

    seen = table(meshes["train"])
    half = (seen.max(0) - seen.min(0)) / 2
    error = (table([operator.predict(mesh) for mesh in meshes["test"]]) - table(meshes["test"])) / half
    assert metrics["rmse_minmax"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert metrics["rmse_minmax_w"] == pytest.approx(np.sqrt((error[:, :2] ** 2).mean()), rel=1e-5)
    assert metrics["rmse_minmax_p"] == pytest.approx(np.sqrt((error[:, 2] ** 2).mean()), rel=1e-5)
    with open(tmp_path / "per_sample.csv", newline="") as file:
        rows = [float(row["rmse_minmax"]) for row in csv.DictReader(file)]
    cut = meshes["test"][0].num_points
    assert rows == pytest.approx([np.sqrt((e**2).mean()) for e in (error[:cut], error[cut:])], rel=1e-5)


def test_the_solver_is_better_than_the_mean_permeability_and_nobody_sees_a_target(
    darcy: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[Mesh]] = {}

    def spy(kind: type, name: str) -> None:
        find = getattr(kind, name)

        def spied(self: object, mesh: Mesh) -> Any:
            seen.setdefault(name, []).append(mesh)
            return find(self, mesh)

        monkeypatch.setattr(kind, name, spied)

    spy(Operator, "predict")
    spy(Darcy, "solve")
    spy(Darcy, "baseline")
    metrics = evaluate(model, darcy, tmp_path)
    assert 0 < metrics["solver_relative_l2"] < metrics["baseline_relative_l2"] < 1
    assert 0 < metrics["solver_rmse_minmax"] < metrics["baseline_rmse_minmax"] < 1
    assert all(metrics[f"{method}seconds"] > 0 for method in ("", "solver_", "baseline_"))
    assert {name: len(meshes) for name, meshes in seen.items()} == {"predict": 4, "solve": 3, "baseline": 3}
    given = [mesh for meshes in seen.values() for mesh in meshes]
    assert all({*mesh.point_data, *mesh.cell_data} == {"permeability"} for mesh in given)
    assert len({id(mesh) for mesh in given}) == len(given)  # what one has found out of a mesh saves no other time


def test_a_corrected_solver_stands_beside_itself_alone_and_finer(darcy: Path, tmp_path: Path) -> None:
    with MeshDataset(darcy) as dataset:
        options = {
            "coarse": {"nodes": 20},
            "options": {"width": 4, "cycles": 1},
            "geometry": {"levels": 1},
            "boundary": "zero",
        }
        operator = Operator.from_dataset(dataset, "SolverCorrector", **options)
    operator.save(tmp_path / "m.safetensors")
    metrics = evaluate(tmp_path / "m.safetensors", darcy, tmp_path / "out")
    for name in ("relative_l2", "relative_h1", "relative_max", "rmse_minmax", "relative_residual"):
        assert metrics[name] == pytest.approx(metrics[f"coarse_{name}"], rel=1e-4)  # nothing is learned yet
    assert metrics["solver_relative_l2"] <= metrics["finer_relative_l2"] < metrics["coarse_relative_l2"]
    assert metrics["solver_relative_residual"] < metrics["coarse_relative_residual"]
    assert metrics["cycle_relative_l2"] < 0.7 * metrics["coarse_relative_l2"]
    assert metrics["cycle_seconds"] > 0
    assert metrics["num_corrected"] == metrics["num_samples"]
    torch.nn.init.constant_(operator.network.gain, 1e4)
    operator.save(tmp_path / "wild.safetensors")
    assert evaluate(tmp_path / "wild.safetensors", darcy, tmp_path / "wild")["num_corrected"] == 0


def test_the_residual_of_a_prediction_is_that_of_the_problem(darcy: Path, model: Path, tmp_path: Path) -> None:
    metrics, rest = evaluate(model, darcy, tmp_path), []
    operator = Operator.load(model)
    with MeshDataset(darcy, "test") as dataset:
        for sample in dataset:
            found = operator.predict(sample.mesh)
            cells, volume = Darcy().residual(found), cell_volume(found)
            rest.append(np.linalg.norm(volume * cells) / np.linalg.norm(volume))  # of u = 0 it is the source, 1
    assert metrics["relative_residual"] == pytest.approx(np.mean(rest), rel=1e-9)


def test_the_whole_road_in_three_dimensions(tmp_path: Path) -> None:
    """Boxes of tetrahedra and of hexahedra whose labels the plain solver made: it finds them again."""
    problem, path = Darcy(), tmp_path / "boxes.h5"
    with DatasetWriter(path, problem.fields, attributes=problem.attributes()) as writer:
        for i, kind in enumerate(("tetra", "hexahedron") * 2):
            mesh = shapes.cube((0.25, 0.34)[i // 2], kind=kind)
            mesh = mesh.with_data({"permeability": np.exp(np.sin(3 * mesh.points[:, 0] + i) * mesh.points[:, 2])})
            u = problem.solve(mesh).point_data["u"]
            writer.append(mesh.with_data({**mesh.point_data, "u": u}), split="train" if i < 2 else "test")
    options = {
        "width": 4,
        "cycles": 1,
        "boundary": "zero",
        "geometry": {"features": ["boundary_distance", "coordinates"]},
    }
    recipe = Recipe.make(
        {
            "model": {"name": "mgkn", "options": options},
            "data": {"augment": "rigid", "valid_share": 0.0},
            "optimization": {"epochs": 8, "batch_size": 2, "learning_rate": 0.01},
        }
    )
    run = train(recipe, path, tmp_path / "run")
    assert run.history[-1]["train_loss"] < 0.9 * run.history[0]["train_loss"]
    metrics = evaluate(run.model, path, tmp_path / "evaluation")
    assert metrics["solver_relative_l2"] < 1e-12 < metrics["baseline_relative_l2"] < 0.5
    assert 0 < metrics["relative_l2"] < 1


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


def changed(data: Path, path: Path, change: Callable[[Mesh], Mesh]) -> tuple[Path, int]:
    """A dataset whose last sample, which is to test with, is another; and the number of that sample."""
    with MeshDataset(data) as dataset, DatasetWriter(path, dataset.fields, attributes=dataset.attributes) as writer:
        for sample in dataset:
            last = sample.index == len(dataset) - 1
            writer.append(change(sample.mesh) if last else sample.mesh, split="test" if last else "train")
    return path, len(dataset) - 1


@pytest.mark.parametrize("what", ["permeability", "units"])
def test_samples_outside_the_training_are_counted_and_strict_refuses(what: str, darcy: Path, tmp_path: Path) -> None:
    def change(mesh: Mesh) -> Mesh:
        if what == "units":
            return replace(mesh, points=1000 * mesh.points)
        return mesh.with_data({**mesh.point_data, "permeability": 40 * mesh.point_data["permeability"]})

    data, number = changed(darcy, tmp_path / "d.h5", change)
    torch.manual_seed(0)
    with MeshDataset(data, "train") as dataset:
        Operator.from_dataset(dataset, "gkn", width=4, depth=1, boundary="zero").save(tmp_path / "m.safetensors")
    out = tmp_path / "out"
    with pytest.raises(DataError, match=rf"1 of 1 samples lie outside.*sample {number}: .*\d") as refusal:
        evaluate(tmp_path / "m.safetensors", data, out, strict=True)
    assert not out.exists(), "nothing is computed before"
    metrics = evaluate(tmp_path / "m.safetensors", data, out)
    assert metrics["outside"] == 1
    (line,) = metrics["warnings"]
    assert line in refusal.value.what
    named = {"permeability": "permeability ranges from 1", "units": "is the mesh in the same units"}[what]
    assert named in line
    with MeshDataset(data, "test") as dataset:
        deviations = Operator.load(tmp_path / "m.safetensors").distance_from_training(dataset[0].mesh).max()
    (row,) = csv.DictReader((out / "per_sample.csv").read_text().splitlines())
    assert float(row["distance_from_training"]) == pytest.approx(deviations, rel=1e-5)
    assert int(row["outside"]) > 0
    assert f"{deviations:.3g} deviations" in line
    assert evaluate(tmp_path / "m.safetensors", data, out, split="train", strict=True)["warnings"] == []


def test_another_equation_than_that_of_the_training_is_told_and_strict_refuses_it(model: Path, tmp_path: Path) -> None:
    problem = Darcy(nodes=60, shapes=("square",), held_out=(), refinement=3, test_fraction=0.5, seed=2)
    same = generate(replace(problem, nodes=80), tmp_path / "same.h5", 2)
    assert not any("another equation" in line for line in evaluate(model, same, tmp_path / "same")["warnings"])
    other = generate(replace(problem, source=2.0), tmp_path / "other.h5", 2)
    line = evaluate(model, other, tmp_path / "other")["warnings"][0]
    assert line == "another equation than that of the training: source is 2.0, and was 1.0 in training"
    with pytest.raises(DataError, match=r"source is 2\.0"):
        evaluate(model, other, tmp_path / "out", strict=True)


@pytest.mark.filterwarnings("ignore:a constant field is shifted")
def test_a_constant_that_the_model_is_told_is_no_other_equation(tmp_path: Path) -> None:
    problem = Burgers(resolution=32, solver_points=32, test_fraction=0.5)
    made = [generate(replace(problem, viscosity=nu), tmp_path / f"{nu}.h5", 2) for nu in (0.1, 0.2)]
    for params, told in ((("viscosity",), False), ((), True)):
        with MeshDataset(made[0]) as dataset:
            operator = Operator.from_dataset(dataset, "gcn", width=4, depth=1, params=params)
        with MeshDataset(made[1], params=params) as dataset:
            outside = Outside(operator, dataset.attributes)
        assert any("viscosity is 0.2" in line for line in outside.warnings) == told
