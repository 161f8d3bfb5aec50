"""The loop over epochs: steps, validation, checkpoints; it can stop anywhere and go on as if it had not."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from gno.errors import DataError, Interrupted, ModelError, SolverError
from gno.models.coarse.states import coarse_states
from gno.training.budget import Budget
from gno.training.checkpoint import load_checkpoint, save_checkpoint
from gno.training.ema import MovingAverage
from gno.training.feed import Feed, Piece
from gno.training.folder import RunFolder
from gno.training.history import History
from gno.training.objective import Measured, Objective
from gno.training.position import Best, Position, random_state, restore_random_state
from gno.training.precision import Precision
from gno.training.processes import Processes, is_lost
from gno.training.progress import Event, Progress
from gno.training.recipe import Recipe
from gno.training.step import add_barrier, take_step
from gno.training.stop import Stop
from gno.training.watch import culprit, warn_of_epoch

SAVE_EVERY = 10.0
"""Least seconds between two checkpoints."""


class Trainer:
    """A run of a recipe.

    Args:
        model: what is trained, on its device.
        recipe: of the run.
        objective: what is made small.
        validation: after every epoch; ``None`` without a validation split.
        folder: where the run writes.
        origin: what the run was begun on; kept in the checkpoint.
        processes: that share the run, each of which has a trainer; the first writes.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        objective: Objective,
        validation: Measured | None,
        folder: RunFolder,
        *,
        origin: str = "",
        processes: Processes | None = None,
    ) -> None:
        self.model, self.recipe, self.objective, self.validation = model, recipe, objective, validation
        self.folder, self.origin = folder, origin
        self.processes = processes or Processes()
        options = recipe.optimization
        self.optimizer = options.make_optimizer(model)
        self.feed = Feed(objective, recipe, self.processes)
        self.budget = Budget(options, self.feed)
        self.schedule = options.make_schedule(self.budget.length)
        self.average = MovingAverage(model, options.ema)
        self.position, self.best = Position(), Best()
        self.rows: list[dict[str, float | int]] = []
        self.device = next(model.parameters()).device
        self.precision = Precision(options.precision, self.device)
        if options.compile:
            model.compile(dynamic=True)
        self.coarse = coarse_states(model)
        for states in self.coarse:
            states.is_open = True
        self._saved = -math.inf

    @property
    def is_done(self) -> bool:
        """Whether all epochs are done, or the time is over and the epoch that it ended in is finished."""
        return self.position.batch == 0 and self.budget.is_spent(self.position)

    def run(self, stop: Stop, progress: Progress) -> None:
        """Train to the last epoch, or as long as there is time.

        Args:
            stop: when to stop before.
            progress: told every step.

        Raises:
            Interrupted: it was told to stop; a checkpoint is saved.
            SolverError: the loss is not finite; the last checkpoint is kept.
            RuntimeError: of torch: another process has ended; a checkpoint is saved.
        """
        history = History(self.folder.metrics if self.processes.is_first else None, self.rows)
        self.rows = history.rows
        try:
            while not self.is_done:
                self._epoch(stop, progress)
                history.append(self._finish_epoch(progress))
                if self.is_done or time.monotonic() - self._saved > SAVE_EVERY:
                    self.save()
        except RuntimeError as error:
            if is_lost(error):
                self.save()  # nothing is changed before all have agreed on the step
            raise

    def save(self) -> None:
        """Write a checkpoint, if this is the process that writes."""
        if self.processes.is_first:
            save_checkpoint(self.folder.checkpoint, self.state())
        self._saved = time.monotonic()

    def state(self) -> dict[str, Any]:
        """All that the run depends on, as tensors and plain values."""
        return {
            "origin": self.origin,
            "operator": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": {"num_updates": self.average.num_updates, "state": self.average.state},
            "position": vars(self.position),
            "best": vars(self.best),
            "rows": self.rows,
            "random": random_state(self.device),
            "precision": self.precision.state(),
            "coarse": [states.to_dict() for states in self.coarse],
        }

    def restore(self) -> None:
        """Go back to where the checkpoint of the folder was written.

        Raises:
            ModelError: no checkpoint can be read, or it is of another network.
            DataError: it is of another dataset.
        """
        state = load_checkpoint(self.folder.checkpoint)
        if state.get("origin") != self.origin:
            raise DataError(
                f"{self.folder.path} was begun on another dataset",
                why="its checksums differ from those in the checkpoint",
                fix="resume with the same file, or start in an empty folder",
            )
        try:
            self._take(state)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self.folder.checkpoint} does not fit this run",
                why=" ".join(str(error).split())[:200],
                fix="resume with the same gno and recipe, or start in an empty folder",
            ) from error

    def _take(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["operator"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.num_updates = state["average"]["num_updates"]
        self.average.state = _moved(state["average"]["state"], self.device)
        self.position, self.best = Position(**state["position"]), Best(**state["best"])
        self.best.weights = _moved(self.best.weights, self.device)
        self.rows = state["rows"]
        restore_random_state(state["random"], self.device)
        self.precision.restore(state.get("precision", self.precision.state()))
        for states, kept in zip(self.coarse, state.get("coarse", ())):
            states.restore(kept)

    def _epoch(self, stop: Stop, progress: Progress) -> None:
        at = self.position
        self.model.train()
        now = self.recipe.optimization.now
        begun = now() - at.seconds
        with closing(self.feed.epoch(at)) as batches:
            for pieces in batches:
                self._stop_if_told(stop)
                if self.budget.is_spent(at):
                    break
                at.loss += self.step(pieces)
                at.batch, at.step, at.seconds = at.batch + 1, at.step + 1, self._agreed(now() - begun)
                numbers = {"epoch": at.epoch + 1, "loss": at.loss / at.batch}
                progress(Event("training", *self.budget.told(at), numbers | self._last_error()))
        self._stop_if_told(stop)

    def _agreed(self, seconds: float) -> float:
        """The same time on all processes, where it decides how to go on."""
        return self.processes.total([seconds])[0] / self.processes.size if self.budget.is_timed else seconds

    def step(self, pieces: Sequence[Piece]) -> float:
        """Change the weights against the gradient of a batch; returns its loss.

        Args:
            pieces: of this process, from the feed.

        Raises:
            SolverError: the loss or its gradient is not finite.
        """
        at, options = self.position, self.recipe.optimization
        rate = self.schedule(self.budget.place(at))
        self.optimizer.zero_grad(set_to_none=True)
        value = self.processes.add_gradients(self.model, sum(self._gradient(piece) for piece in pieces))
        if math.isfinite(value) and not self.precision.take_back(self.model):
            return value
        add_barrier(self.model)
        try:
            take_step(value, self.model, self.optimizer, rate=rate, clip=options.gradient_clip)
        except SolverError as error:
            raise SolverError(
                f"{error.what} in epoch {at.epoch + 1}, batch {at.batch + 1}",
                why="; ".join(part for part in (error.why, culprit(self.model)) if part),
                fix=f"lower optimization.learning_rate ({options.learning_rate:g}); {self._kept()}",
            ) from error
        self.average.update(self.model)
        return value

    def _gradient(self, piece: Piece) -> float:
        """Add a piece's share of the gradient; returns that of the loss."""
        with self.precision.autocast():
            loss = piece.share * self.objective.loss(piece.batch.to(self.device))
        (self.precision.factor * loss).backward()
        # Of a mesh that is shared each process has the whole loss, and a part of the gradient.
        return float(loss.detach()) / (self.processes.size if self.recipe.data.partition else 1)

    def _finish_epoch(self, progress: Progress) -> dict[str, float | int]:
        at, now = self.position, self.recipe.optimization.now
        begun = now()
        errors: dict[str, float] = {}
        with self.average.applied(self.model):
            if self.validation is not None:
                errors = {f"valid_{name}": number for name, number in self.validation.errors(self.model).items()}
        error = errors.get("valid_relative_l2", math.nan)
        if self.validation is not None and not math.isfinite(error):
            raise SolverError(
                f"the error on the validation split is {error} after epoch {at.epoch + 1}",
                why="the network gives numbers that are not finite",
                fix=f"lower optimization.learning_rate; {self._kept()}",
            )
        if self.validation is None or error < self.best.error:
            weights = {name: value.clone() for name, value in self.average.state.items()}
            self.best = Best(at.epoch + 1, error, weights)
        if self.processes.is_first:
            warn_of_epoch(self.rows, at.loss / at.batch, self.model)
        rate = self.schedule(self.budget.place(replace(at, step=at.step - 1)))
        seconds = at.seconds + now() - begun
        row: dict[str, float | int] = {"epoch": at.epoch + 1, "train_loss": at.loss / at.batch, **errors}
        row |= {"learning_rate": rate, "seconds": seconds}
        self.position = Position(epoch=at.epoch + 1, step=at.step, begun=at.spent)
        shown = {"epoch": at.epoch + 1, "loss": row["train_loss"]} | ({"error": error} if errors else {})
        progress(Event("training", *self.budget.told(self.position), shown, milestone=True))
        return row

    def _last_error(self) -> dict[str, float]:
        last = self.rows[-1] if self.rows else {}
        return {"error": last["valid_relative_l2"]} if "valid_relative_l2" in last else {}

    def _stop_if_told(self, stop: Stop) -> None:
        signum = self.processes.most(stop.signum or 0)
        if signum:
            self.save()
            raise Interrupted(
                f"training was stopped in epoch {self.position.epoch + 1}",
                why=f"a checkpoint is saved in {self.folder.path}",
                fix="go on by --resume (resume=True)",
                signum=signum,
            )

    def _kept(self) -> str:
        return f"{self.folder.checkpoint} keeps the last good weights" if self.folder.is_begun else "start again"


def _moved(weights: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: value.to(device) for name, value in weights.items()}
