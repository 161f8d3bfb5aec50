"""Training in time: windows, noise, steps without gradient, growing rollouts, and runs that go on bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gno.datasets import MeshDataset
from gno.errors import ConfigError, DataError, Interrupted
from gno.models import Propagator
from gno.training import Recipe, Run, train
from gno.training.assembly import make_model
from gno.training.checkpoint import load_checkpoint
from gno.training.losses import LOSSES
from gno.training.portion import Portion
from gno.training.position import Position
from gno.training.processes import Processes
from gno.training.rollouts import RolloutValidation, errors_in_time, rollout
from gno.training.step import batch_loss
from gno.training.time import Time
from gno.training.trajectories import Trajectories
from gno.training.windows import Window, WindowObjective

from .test_run import plain, stop_after

STEPS = 3  # in an epoch: two windows of each of six trajectories, four a batch


@pytest.fixture
def train_set(heat_data: Path) -> Iterator[MeshDataset]:
    with MeshDataset(heat_data, "train") as dataset:
        yield dataset


def objective(dataset: MeshDataset, recipe: Recipe, *, memory: float = 1.0, **time: Any) -> WindowObjective:
    torch.manual_seed(0)
    assert recipe.time is not None
    section = Time(**(recipe.time.model_dump() | time))
    recipe = recipe.model_copy(update={"time": section})
    model = make_model(dataset, recipe)
    assert isinstance(model, Propagator)
    return WindowObjective(model.double(), recipe, section, Trajectories(dataset, model, memory=memory))


def all_of(one: WindowObjective, epoch: int) -> list[Window]:
    return [one.window(number, Position(epoch=epoch)) for number in range(len(one))]


def test_windows_lie_in_their_trajectories_and_depend_on_the_epoch_alone(
    train_set: MeshDataset, heat_recipe: Recipe
) -> None:
    one = objective(train_set, heat_recipe, windows=40, horizon=2, pushforward=1)
    windows = all_of(one, 0)
    assert len(windows) == len(one) == 240
    assert {i for i, _ in windows} == set(range(6))
    assert {instants.step for _, instants in windows} == {1, 2}
    assert {instants.start for _, instants in windows} >= {0, 1, 2, 4}
    assert all(len(instants) == 3 and 0 <= instants.start <= instants[-1] <= 6 for _, instants in windows)
    assert all_of(one, 0) == windows
    assert all_of(one, 1) != windows
    assert {len(instants) for _, instants in all_of(one, 2)} == {4}  # two steps with gradient by now


def test_memory_changes_nothing(train_set: MeshDataset, heat_recipe: Recipe) -> None:
    kept, read = (objective(train_set, heat_recipe, memory=memory) for memory in (1.0, 0.0))
    one, other = (each.together(all_of(each, 0)) for each in (kept, read))
    for name in ("states", "x", "steps", "edge_index", "is_fixed"):
        assert torch.equal(one[name], other[name])
    assert kept.nodes == one.ptr.diff().tolist()


def test_the_loss_is_that_of_the_rollout_and_its_first_steps_have_no_gradient(
    train_set: MeshDataset, heat_recipe: Recipe
) -> None:
    one = objective(train_set, heat_recipe, noise=0.0, horizon=2, pushforward=1)
    model, batch = one.propagator, one.together([one.window(number, Position(epoch=2)) for number in (3, 8)])
    loss = one.loss(one.batch(Portion([3, 8], [0, 1], 1.0), Position(epoch=2)))
    found = torch.autograd.grad(loss, list(model.parameters()))
    with torch.no_grad():
        state = model.advance(batch, batch.states[0], batch.steps[0], batch.states[1])
    parts = []
    for k in (1, 2):
        state = model.advance(batch, state, batch.steps[k], batch.states[k + 1])
        fields = [model.fields(model.encode(u)) for u in (state, batch.states[k + 1])]
        parts.append(batch_loss(fields[0], fields[1], batch, LOSSES["relative_l2"]))
    expected = torch.autograd.grad(sum(parts) / 2, list(model.parameters()))
    torch.testing.assert_close(loss, sum(parts) / 2, rtol=1e-12, atol=0.0)
    assert all(torch.equal(a, b) for a, b in zip(found, expected))


def test_portions_add_up_to_the_loss_of_the_batch(train_set: MeshDataset, heat_recipe: Recipe) -> None:
    one = objective(train_set, heat_recipe)
    at = Position(epoch=2, step=7)
    whole = one.loss(one.batch(Portion([3, 8, 5], [0, 1, 2], 1.0), at))
    parts = [
        one.loss(one.batch(Portion(samples, places, 1.0), at)) for samples, places in (([3, 5], [0, 2]), ([8], [1]))
    ]
    torch.testing.assert_close(whole, 2 / 3 * parts[0] + 1 / 3 * parts[1], rtol=1e-12, atol=0.0)


def test_noise_is_drawn_anew_each_step_and_spares_given_nodes(train_set: MeshDataset, heat_recipe: Recipe) -> None:
    one = objective(train_set, heat_recipe, noise=0.5)
    batch = one.together(all_of(one, 0))
    noise = [one.noise(batch, range(len(one)), step) for step in (0, 1, 0)]
    assert torch.equal(noise[0], noise[2])
    assert not torch.equal(noise[0], noise[1])
    assert (noise[0][batch.is_fixed] == 0).all()
    assert float(noise[0][~batch.is_fixed].std() / one.propagator.deviation[0]) == pytest.approx(0.5, rel=0.15)


@pytest.fixture(scope="module")
def reference(heat_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recipe], Run]:
    """The run of a recipe that nothing stops."""
    return lambda recipe: train(recipe, heat_data, tmp_path_factory.mktemp("reference") / "run")


@pytest.mark.parametrize("steps", [(2 * STEPS,), (1, 4)])
def test_a_stopped_run_goes_on_bit_for_bit(
    steps: tuple[int, ...], heat_recipe: Recipe, heat_data: Path, tmp_path: Path, reference: Callable[[Recipe], Run]
) -> None:
    out = tmp_path / "run"
    for step in steps:
        with pytest.raises(Interrupted):
            train(heat_recipe, heat_data, out, resume=step != steps[0], progress=stop_after(step))
        torch.rand(3)
    run, whole = train(heat_recipe, heat_data, out, resume=True), reference(heat_recipe)
    states = [load_checkpoint(r.folder / "checkpoint.pt") for r in (run, whole)]
    assert plain(states[0]) == plain(states[1])
    one, other = (Propagator.load(r.model).state_dict() for r in (run, whole))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_training_beats_persistence(heat_recipe: Recipe, heat_data: Path, tmp_path: Path) -> None:
    table = heat_recipe.model_dump() | {"optimization": {"epochs": 25, "batch_size": 4, "learning_rate": 0.01}}
    table["time"] |= {"pushforward": 0, "windows": 4}
    model = Propagator.load(train(Recipe.make(table), heat_data, tmp_path / "run").model)
    with MeshDataset(heat_data, "test") as dataset:
        trajectories = Trajectories(dataset, model)
        found = rollout(model, trajectories, 0, range(7))
        volume = trajectories[0].node_volume
        error = errors_in_time(model, found.truth, found.prediction, volume)["u"]
        still = errors_in_time(model, found.truth, found.truth[:1].expand_as(found.truth), volume)["u"]
        validation = RolloutValidation(trajectories, stride=1, steps=6).errors(model)
    assert error[0] == 0
    assert error[1:].mean() < 0.5 * still[1:].mean()
    assert validation["relative_l2_first"] <= validation["relative_l2"] <= validation["relative_l2_last"]
    on = trajectories[0].is_fixed
    assert torch.equal(found.prediction[:, on], found.truth[:, on])


def test_processes_share_the_trajectories_of_the_validation(train_set: MeshDataset, heat_recipe: Recipe) -> None:
    one = objective(train_set, heat_recipe)
    alone, *shares = (
        RolloutValidation(one.trajectories, stride=1, steps=4, processes=Share(rank, size)).errors(one.propagator)
        for rank, size in ((0, 1), (0, 2), (1, 2))
    )
    assert alone == pytest.approx({name: shares[0][name] + shares[1][name] for name in alone}, rel=1e-12)
    assert shares[0]["relative_l2"] > 0 < shares[1]["relative_l2"]


class Share(Processes):
    """One of several processes that never hears of the others."""

    def total(self, numbers: Sequence[float]) -> list[float]:
        return list(numbers)


def test_a_rollout_that_is_lost_counts_as_lost(train_set: MeshDataset, heat_recipe: Recipe) -> None:
    model = objective(train_set, heat_recipe).propagator
    truth = torch.ones(3, 4, 1, dtype=torch.float64)
    wild = truth * torch.tensor([1.0, 1e30, torch.nan], dtype=torch.float64)[:, None, None]
    assert errors_in_time(model, truth, wild, torch.ones(4))["u"].tolist() == [0, 10, 10]


def test_what_cannot_be_is_refused(heat_recipe: Recipe, heat_data: Path, small_data: Path, tmp_path: Path) -> None:
    table = heat_recipe.model_dump()
    with pytest.raises(ConfigError, match=r"trajectory 0 has 7 instants; a window has 7 steps of 1"):
        train(Recipe.make(table | {"time": {"horizon": 6, "pushforward": 1}}), heat_data, tmp_path / "a")
    with pytest.raises(DataError, match=r"has no time.*leave \[time\] out"):
        train(heat_recipe, small_data, tmp_path / "b")
    with pytest.raises(ConfigError, match=r"unknown key 'time.nois'.*did you mean 'time.noise'"):
        Recipe.make(table | {"time": {"nois": 1.0}})
    with pytest.raises(ConfigError, match=r"time.strides.*at least 1"):
        Recipe.make(table | {"time": {"strides": []}})
    assert not list(tmp_path.iterdir())


def test_trajectories_without_a_section_take_the_defaults(heat_recipe: Recipe, heat_data: Path, tmp_path: Path) -> None:
    table = heat_recipe.model_dump(exclude={"time"}) | {"optimization": {"epochs": 1, "precision": "bfloat16"}}
    run = train(Recipe.make(table), heat_data, tmp_path / "run")
    assert Propagator.load(run.model).fixed == ()
    assert np.isfinite(run.history[0]["valid_relative_l2"])
