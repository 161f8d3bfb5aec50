"""A run that has so many seconds: its schedule follows the clock to the end, also over a resume."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gno.errors import ConfigError, Interrupted
from gno.models import Operator
from gno.training import Event, Recipe, loop, optimization, train
from gno.training.checkpoint import load_checkpoint
from gno.training.loop import Trainer
from gno.training.windows import WindowObjective

SECONDS = 10.0


class Clock:
    """Time that only steps of training take."""

    now, step = 0.0, 1.0

    def monotonic(self) -> float:
        return self.now

    def process_time(self) -> float:
        return self.now / 2  # half a core


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found, step = Clock(), Trainer.step

    def timed(self: Trainer, pieces: object) -> float:
        value = step(self, pieces)  # type: ignore[arg-type]
        found.now += found.step
        return value

    monkeypatch.setattr(loop, "time", found)
    monkeypatch.setattr(optimization, "time", found)
    monkeypatch.setattr(Trainer, "step", timed)
    return found


@pytest.fixture
def timed(recipe: Recipe) -> Recipe:
    return with_options(recipe, seconds=SECONDS, warmup=0.2, floor=0.1)


def with_options(recipe: Recipe, **options: float | str) -> Recipe:
    table = recipe.model_dump()
    return Recipe.make(table | {"optimization": table["optimization"] | options})


def stop_at(seconds: int) -> Callable[[Event], None]:
    def progress(event: Event) -> None:
        if event.stage == "training" and event.done == seconds and not event.milestone:
            os.kill(os.getpid(), signal.SIGINT)

    return progress


def test_the_clock_ends_the_run_and_the_schedule(clock: Clock, timed: Recipe, small_data: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    run = train(timed, small_data, tmp_path / "run", progress=events.append)
    # three steps an epoch: the fourth epoch is cut short, validated and closed
    assert [row["epoch"] for row in run.history] == [1, 2, 3, 4]
    assert all("valid_relative_l2" in row for row in run.history)
    state = load_checkpoint(run.folder / "checkpoint.pt")
    assert (state["position"]["step"], state["position"]["begun"]) == (10, SECONDS)
    told = [(event.done, event.total) for event in events if event.stage == "training"]
    assert told[-1] == (10, 10)
    assert max(done for done, _ in told) == 10
    # at the end the cosine is at its floor, and in the middle of it half-way
    assert run.history[-1]["learning_rate"] == pytest.approx(0.1 * 0.01)
    assert run.history[1]["learning_rate"] == pytest.approx((0.1 + 0.9 / 2) * 0.01)


def test_half_the_pace_gives_half_the_steps_at_the_same_rates(
    clock: Clock, timed: Recipe, small_data: Path, tmp_path: Path
) -> None:
    quick = train(timed, small_data, tmp_path / "quick")
    clock.step = 2.0
    slow = train(timed, small_data, tmp_path / "slow")
    steps = [load_checkpoint(run.folder / "checkpoint.pt")["position"]["step"] for run in (quick, slow)]
    assert steps == [10, 5]
    assert slow.history[0]["learning_rate"] == pytest.approx(quick.history[1]["learning_rate"])
    assert slow.history[-1]["learning_rate"] == pytest.approx(quick.history[-1]["learning_rate"])


def test_what_else_a_machine_does_takes_no_time_of_the_process(
    clock: Clock, timed: Recipe, small_data: Path, tmp_path: Path
) -> None:
    run = train(with_options(timed, seconds=SECONDS / 2, clock="process"), small_data, tmp_path / "run")
    assert load_checkpoint(run.folder / "checkpoint.pt")["position"]["step"] == 10
    assert sum(row["seconds"] for row in run.history) == SECONDS / 2


@pytest.mark.parametrize("seconds", [3, 4, 10])
def test_a_resume_has_only_the_time_that_is_left(
    seconds: int, clock: Clock, timed: Recipe, small_data: Path, tmp_path: Path
) -> None:
    whole = train(timed, small_data, tmp_path / "whole")
    with pytest.raises(Interrupted):
        train(timed, small_data, tmp_path / "run", progress=stop_at(seconds))
    clock.now += 1000.0  # the night between
    run = train(timed, small_data, tmp_path / "run", resume=True)
    models = [Operator.load(each.model).state_dict() for each in (whole, run)]
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])
    assert [dict(row) for row in run.history] == [dict(row) for row in whole.history]
    again = train(timed, small_data, tmp_path / "run", resume=True)
    assert len(again.history) == 4


def test_the_horizon_grows_with_the_time(
    clock: Clock, heat_recipe: Recipe, heat_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []
    loss = WindowObjective.loss

    def noted(self: WindowObjective, batch: object) -> torch.Tensor:
        lengths.append(len(batch.steps) - 1)  # type: ignore[attr-defined]
        return loss(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(WindowObjective, "loss", noted)
    train(with_options(heat_recipe, seconds=12.0), heat_data, tmp_path / "run")
    assert lengths == [1] * 6 + [2] * 6  # three steps an epoch


def test_a_recipe_of_before_goes_on(recipe: Recipe, small_data: Path, tmp_path: Path) -> None:
    run = train(with_options(recipe, epochs=1), small_data, tmp_path / "run")
    file = run.folder / "recipe.toml"
    lines = file.read_text().splitlines(True)
    file.write_text("".join(line for line in lines if not line.startswith(("seconds", "clock"))))
    assert train(with_options(recipe, epochs=1), small_data, run.folder, resume=True).best_epoch == run.best_epoch
    with pytest.raises(ConfigError, match=r"differs in optimization\.seconds"):
        train(with_options(recipe, epochs=1, seconds=5.0), small_data, run.folder, resume=True)
