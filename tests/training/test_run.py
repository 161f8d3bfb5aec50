"""Runs: they can stop anywhere and go on bit for bit, refuse what they cannot do, and leave whole files."""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import math
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import MeshDataset
from gno.errors import ConfigError, DataError, Interrupted, ResourceError, SolverError
from gno.mesh import shapes
from gno.models import Operator
from gno.training import Event, Recipe, Run, train
from gno.training.checkpoint import load_checkpoint

STEPS = 3  # in an epoch: six samples, two a batch


@pytest.fixture(scope="module")
def reference(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recipe], Run]:
    """The run of a recipe that nothing stops, made once."""
    runs: dict[str, Run] = {}

    def run(recipe: Recipe) -> Run:
        key = recipe.dumps()
        if key not in runs:
            runs[key] = train(recipe, small_data, tmp_path_factory.mktemp("reference") / "run")
        return runs[key]

    return run


def stop_after(step: int, signum: int = signal.SIGINT) -> Callable[[Event], None]:
    """Progress that sends a signal to this process at a step of training."""

    def progress(event: Event) -> None:
        if event.stage == "training" and event.done == step and not event.milestone:
            os.kill(os.getpid(), signum)

    return progress


def same_weights(a: Path, b: Path) -> bool:
    one, two = Operator.load(a).state_dict(), Operator.load(b).state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def plain(value: object) -> object:
    """A checkpoint with its tensors as bytes and without times, to compare."""
    if isinstance(value, torch.Tensor):
        return value.numpy().tobytes()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in ("seconds", "begun")}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("steps", [(2 * STEPS,), (4,), (1, 5), (3 * STEPS,)])
def test_a_stopped_run_goes_on_bit_for_bit(
    steps: tuple[int, ...], recipe: Recipe, small_data: Path, tmp_path: Path, reference: Callable[[Recipe], Run]
) -> None:
    out = tmp_path / "run"
    for step in steps:
        with pytest.raises(Interrupted) as caught:
            train(recipe, small_data, out, resume=step != steps[0], progress=stop_after(step))
        assert caught.value.exit_code == 130
        assert not (out / "model.safetensors").exists()
        torch.rand(3)  # what the process does in between is none of the run's concern
    run, whole = train(recipe, small_data, out, resume=True), reference(recipe)
    assert same_weights(run.model, whole.model)
    states = [plain(load_checkpoint(r.folder / "checkpoint.pt")) for r in (run, whole)]
    assert states[0] == states[1]
    lines = [[line.rsplit(",", 1)[0] for line in r.metrics.read_text().splitlines()] for r in (run, whole)]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 4


def test_a_run_writes_what_it_says(recipe: Recipe, small_data: Path, reference: Callable[[Recipe], Run]) -> None:
    run = reference(recipe)
    names = {"model.safetensors", "metrics.csv", "recipe.toml", "env.json", "checkpoint.pt"}
    assert names <= {p.name for p in run.folder.iterdir()} <= names | {"checkpoint.previous.pt"}
    header = "epoch,train_loss,valid_relative_l2,valid_relative_h1,valid_relative_max,learning_rate,seconds"
    assert run.metrics.read_text().splitlines()[0] == header
    saved = Recipe.load(run.folder / "recipe.toml")
    assert saved.optimization == recipe.optimization
    assert saved.data.path == str(small_data)
    environment = json.loads((run.folder / "env.json").read_text())
    assert environment["seed"] == recipe.seed
    assert environment["packages"]["torch"] == importlib.metadata.version("torch")
    best = min(run.history, key=lambda row: row["valid_relative_l2"])
    assert run.best_epoch == best["epoch"]
    with MeshDataset(small_data, "valid") as dataset:
        mesh = dataset[0].mesh
        field = Operator.load(run.model).predict(mesh.with_data({"permeability": mesh.point_data["permeability"]}))
    assert math.isfinite(float(field.point_data["u"].sum()))


def test_training_learns_and_leaves_the_callers_state_alone(recipe: Recipe, small_data: Path, tmp_path: Path) -> None:
    longer = Recipe.make(recipe.model_dump() | {"optimization": {"epochs": 15, "batch_size": 2, "learning_rate": 0.02}})
    torch.manual_seed(1)
    state, handler = torch.get_rng_state(), signal.getsignal(signal.SIGTERM)
    history = train(longer, small_data, tmp_path / "run").history
    assert torch.equal(torch.get_rng_state(), state)
    assert signal.getsignal(signal.SIGTERM) == handler
    assert not torch.are_deterministic_algorithms_enabled()
    assert history[-1]["valid_relative_l2"] < 0.6 * history[0]["valid_relative_l2"]


def test_a_meshgraphnet_learns_and_predicts_on_a_mesh_it_has_not_seen(small_data: Path, tmp_path: Path) -> None:
    options = {"width": 8, "depth": 3, "kernel": {"width": 8}}
    choices = {"epochs": 15, "batch_size": 2, "learning_rate": 0.02}
    recipe = Recipe.make({"model": {"name": "MeshGraphNet", "options": options}, "optimization": choices})
    run = train(recipe, small_data, tmp_path / "run")
    assert run.history[-1]["valid_relative_l2"] < 0.6 * run.history[0]["valid_relative_l2"]
    mesh = shapes.disk(0.2)
    field = Operator.load(run.model).predict(mesh.with_data({"permeability": np.full(mesh.num_points, 1.5)}))
    assert np.isfinite(field.point_data["u"]).all()


def test_sigterm_exits_with_143_and_a_finished_run_is_left_as_it_is(
    recipe: Recipe, small_data: Path, tmp_path: Path, reference: Callable[[Recipe], Run]
) -> None:
    with pytest.raises(Interrupted, match="--resume") as caught:
        train(recipe, small_data, tmp_path / "run", progress=stop_after(1, signal.SIGTERM))
    assert caught.value.exit_code == 143
    run = reference(recipe)
    before = run.model.read_bytes()
    again = train(recipe, small_data, run.folder, resume=True)
    assert again.best_epoch == run.best_epoch
    assert run.model.read_bytes() == before


def test_numbers_that_are_not_finite_stop_the_run_and_keep_the_checkpoint(
    recipe: Recipe, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, forward = [0], Operator.forward

    def broken(self: Operator, graph: object) -> torch.Tensor:
        calls[0] += self.training
        out = forward(self, graph)
        return out * math.nan if calls[0] > STEPS + 1 else out

    monkeypatch.setattr(Operator, "forward", broken)
    out = tmp_path / "run"
    with pytest.raises(SolverError, match=r"the loss is nan in epoch 2, batch 2.*learning_rate") as caught:
        train(recipe, small_data, out)
    assert str(out) in caught.value.fix
    state = load_checkpoint(out / "checkpoint.pt")
    assert state["position"]["epoch"] == 1
    assert all(bool(torch.isfinite(value).all()) for value in state["operator"].values())
    assert not (out / "model.safetensors").exists()


def test_a_run_that_fails_at_once_leaves_nothing_and_can_be_begun_again(
    recipe: Recipe, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Operator, "forward", lambda self, graph: 0 * math.nan * next(self.parameters()).sum() + graph.y)
        with pytest.raises(SolverError, match="the loss is nan in epoch 1"):
            train(recipe, small_data, tmp_path / "run")
    assert not list(tmp_path.iterdir())
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.toml").write_text(recipe.dumps().replace("seed = 5", "seed = 6"))  # as after a kill
    assert train(recipe, small_data, tmp_path / "run", resume=True).model.exists()


def test_a_folder_that_is_taken_is_refused_and_left_alone(recipe: Recipe, small_data: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"is not empty.*--resume"):
        train(recipe, small_data, tmp_path / "notes")
    with pytest.raises(ConfigError, match="holds no run"):
        train(recipe, small_data, tmp_path / "notes", resume=True)
    assert [p.name for p in (tmp_path / "notes").iterdir()] == ["mine.txt"]
    with pytest.raises(ResourceError, match="is no folder"):
        train(recipe, small_data, tmp_path / "notes" / "mine.txt")
    (tmp_path / "held").mkdir()
    handle = os.open(tmp_path / "held", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another run writes to it"):
            train(recipe, small_data, tmp_path / "held")
    finally:
        os.close(handle)


def test_what_can_be_refused_is_refused_before_anything_is_written(
    recipe: Recipe, small_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "run"
    with pytest.raises(ConfigError, match="no dataset"):
        train(recipe, None, out)
    with pytest.raises(DataError, match="no such"):
        train(recipe, tmp_path / "missing.h5", out)
    with pytest.raises(ConfigError, match="device 'tpu'"):
        train(recipe, small_data, out, device="tpu")
    wide = recipe.model_dump() | {"model": {"name": "mgkn", "options": {"cycles": 1000}}}
    with pytest.raises(ConfigError, match="cycles"):
        train(Recipe.make(wide), small_data, out)
    assert not (tmp_path / "deep").exists()


def test_a_run_is_resumed_only_with_its_own_recipe_and_data(
    recipe: Recipe, small_data: Path, tmp_path: Path, reference: Callable[[Recipe], Run]
) -> None:
    run = reference(recipe)
    other = recipe.model_copy(update={"seed": 6, "loss": "squared_l2"})
    before = {p.name: p.read_bytes() for p in run.folder.iterdir()}
    with pytest.raises(ConfigError, match="it differs in loss, seed"):
        train(other, small_data, run.folder, resume=True)
    wider = Recipe.make(recipe.model_dump() | {"model": {"name": "gkn", "options": {"width": 6}}})
    with pytest.raises(ConfigError, match=r"it differs in model\.name, .*model\.options\.width"):
        train(wider, small_data, run.folder, resume=True)
    from gno.datasets import DatasetWriter, FieldSpec

    with MeshDataset(small_data) as dataset, DatasetWriter(tmp_path / "b.h5", dataset.fields) as writer:
        for sample in dataset:
            writer.append(sample.mesh, split="train")
    assert FieldSpec("u", role="target") in dataset.fields
    with pytest.raises(DataError, match="begun on another dataset"):
        train(recipe, tmp_path / "b.h5", run.folder, resume=True)
    assert {p.name: p.read_bytes() for p in run.folder.iterdir()} == before
    copy = Path(shutil.copytree(run.folder, tmp_path / "copy"))
    (copy / "recipe.toml").write_text("seed = [")
    with pytest.raises(ConfigError, match=r"recipe\.toml is damaged"):
        train(recipe, small_data, copy, resume=True)
    (copy / "recipe.toml").unlink()
    assert train(recipe, small_data, copy, resume=True).model.read_bytes() == before["model.safetensors"]
