"""A model in time at the command line: a series of files, an evaluation, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gno.cli.predict_in_time import check_step
from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.mesh import load, save, shapes
from gno.models import Propagator
from gno.training import Recipe, train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the heat equation trained for an epoch, its data, and a mesh with a first state."""
    out = tmp_path_factory.mktemp("in_time")
    fields = [FieldSpec("diffusivity"), FieldSpec("u", role="target", transient=True, units="K")]
    mesh = shapes.square(0.25)
    bump, time = np.cos(np.pi * mesh.points[:, 0]), 0.1 * np.arange(4)
    with DatasetWriter(out / "d.h5", fields) as writer:
        for i in range(4):
            still = mesh.with_data({"diffusivity": np.full(mesh.num_points, 0.1 + 0.01 * i)})
            u = np.exp(-time * (1 + i))[:, None] * bump
            writer.append(still, split="train" if i < 2 else "test", time=time, point_series={"u": u})
    options = {"width": 4, "depth": 1, "kernel": {"width": 4}}
    table: dict[str, Any] = {"model": {"name": "gkn", "options": options}, "time": {"fixed": ["*"]}}
    train(Recipe.make(table | {"optimization": {"epochs": 1}}), out / "d.h5", out / "run")
    save(mesh.with_data({"u": bump}), out / "start.vtu")
    return out


def test_predict_writes_a_file_a_step_and_a_collection(gno: Any, folder: Path, tmp_path: Path) -> None:
    model, start = folder / "run" / "model.safetensors", folder / "start.vtu"
    words = ("predict", model, start, "--set", "diffusivity=0.1", "--steps", 3, "-o", tmp_path / "u.vtu")
    found = gno(*words, "--json").json
    assert found["step"] == pytest.approx(0.1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["u.png", "u.pvd", *(f"u_{k:04d}.vtu" for k in range(4))]
    first = load(start).with_data({**load(start).point_data, "diffusivity": np.full(load(start).num_points, 0.1)})
    states = list(Propagator.load(model).predict(first, [0.1] * 3))
    for k, mesh in enumerate(states, start=1):
        assert np.allclose(load(tmp_path / f"u_{k:04d}.vtu").point_data["u"], mesh.point_data["u"], atol=1e-6)
    assert 'timestep="0.2' in (tmp_path / "u.pvd").read_text()
    on = first.boundary_nodes
    assert np.array_equal(load(tmp_path / "u_0003.vtu").point_data["u"][on], first.point_data["u"][on])


def test_check_knows_a_model_in_time(gno: Any, folder: Path) -> None:
    found = gno("check", folder / "run" / "model.safetensors", "--json").json
    assert (found["predicts"], found["steps"], found["fixed"]) == ("change", [pytest.approx(0.1)] * 2, ["*"])
    assert [(field["field"], field["role"]) for field in found["fields"]] == [("diffusivity", "input"), ("u", "target")]
    assert "It needs of a mesh: diffusivity, u." in gno("check", folder / "run" / "model.safetensors").out


def test_a_step_unlike_those_of_training_is_told(gno: Any, folder: Path, tmp_path: Path) -> None:
    model, start = folder / "run" / "model.safetensors", folder / "start.vtu"
    words = ("predict", model, start, "--set", "diffusivity=0.1", "--steps", 1, "-o", tmp_path / "u.vtu", "--step", 0.5)
    assert "time_step is 0.5, in training from 0.1 to 0.1" in gno(*words).err
    assert gno(*words, "--strict").code == 3
    assert "steps of 0.5; in training from 0.1 to 0.1" in gno(*words).out


def test_a_step_is_the_shortest_of_the_training_where_none_is_given(folder: Path) -> None:
    with MeshDataset(folder / "d.h5") as dataset:
        propagator = Propagator.from_dataset(dataset, "gkn", strides=(2, 1, 3), width=4, depth=1)
    assert check_step(None, propagator) == pytest.approx(0.1)
    assert check_step(0.25, propagator) == 0.25


def test_evaluate_stands_beside_a_state_that_stands_still(gno: Any, folder: Path, tmp_path: Path) -> None:
    found = gno(
        "evaluate", folder / "run" / "model.safetensors", folder / "d.h5", "-o", tmp_path / "out", "--json"
    ).json
    assert found["num_samples"] == 2
    assert found["persistence_relative_l2"] > 0
    assert {Path(p).name for p in found["pictures"]} == {"in_time.png", "median_u.png", "median_u.gif"}


def test_an_exported_model_takes_the_step_that_predict_takes(folder: Path, tmp_path: Path) -> None:
    model, start, out = folder / "run" / "model.safetensors", folder / "start.vtu", tmp_path / "u.pt2"
    words = ("export", model, start, "--set", "diffusivity=0.1", "-o", out)  # in a process that wraps no function
    done = subprocess.run([sys.executable, "-m", "gno", *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    program = torch.export.load(out)
    (inputs,) = program.example_inputs[0]
    first = load(start).with_data({**load(start).point_data, "diffusivity": np.full(load(start).num_points, 0.1)})
    (new,) = Propagator.load(model).predict(first, [0.1])
    assert np.allclose(program.module()(inputs)[:, 0].detach(), new.point_data["u"], atol=1e-6)


def test_what_does_not_belong_together_is_refused(gno: Any, folder: Path, tmp_path: Path) -> None:
    model, start = folder / "run" / "model.safetensors", folder / "start.vtu"
    words = ("predict", model, start, "--set", "diffusivity=0.1", "-o", tmp_path / "u.vtu")
    for more, message in (
        ((), "--steps is missing why: the model predicts in time"),
        (("--steps", 2, "--step", -1.0), "time goes forward"),
        (("--steps", 2, "--set", "time_step=1"), "takes no field 'time_step'"),
    ):
        answer = gno(*words, *more)
        assert answer.code == 2
        assert message in " ".join(answer.err.split())
    assert not list(tmp_path.iterdir())
