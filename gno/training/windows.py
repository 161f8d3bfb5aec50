"""Training on windows of trajectories: noise, steps without gradient, a rollout whose error is made small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Batch

from gno.errors import ConfigError
from gno.models import Propagator
from gno.training.batches import moved_rigidly
from gno.training.losses import LOSSES
from gno.training.objective import Objective
from gno.training.portion import Portion
from gno.training.position import Position
from gno.training.recipe import Recipe
from gno.training.step import batch_loss
from gno.training.time import Time
from gno.training.trajectories import Trajectories


class Window(NamedTuple):
    """A part of a trajectory.

    Args:
        trajectory: its number.
        instants: the first state and those after each step.
    """

    trajectory: int
    instants: range


class WindowObjective(Objective):
    r"""The states of a rollout against those of the trajectory.

    .. math::
        \frac{1}{H} \sum_{k = p + 1}^{p + H} \ell\big(T(\hat u_k), T(u_k)\big), \qquad
        \hat u_0 = u_0 + \varepsilon, \quad \hat u_{k+1} = \mathrm{advance}(\hat u_k)

    with the normalizers :math:`T` of the state, noise :math:`\varepsilon`, and no gradient through the first
    :math:`p` steps.

    Args:
        propagator: what is trained.
        recipe: of the run.
        time: its section.
        trajectories: of the training split.

    Raises:
        ConfigError: a trajectory that is shorter than a window.
    """

    def __init__(self, propagator: Propagator, recipe: Recipe, time: Time, trajectories: Trajectories) -> None:
        self.propagator, self.recipe, self.time, self.trajectories = propagator, recipe, time, trajectories
        steps = time.pushforward + time.horizon
        for i in range(len(trajectories)):
            length = len(trajectories.time(i))
            if steps * min(time.strides) >= length:
                raise ConfigError(
                    f"trajectory {i} has {length} instants",
                    why=f"a window has {steps} steps of {min(time.strides)}: time.pushforward and time.horizon",
                    fix="lower time.horizon, time.pushforward or the least of time.strides",
                )

    @property
    def nodes(self) -> list[int]:
        """Nodes of each window, as of ``Objective``."""
        return self.trajectories.nodes * self.time.windows

    def window(self, number: int, at: Position) -> Window:
        """A window of an epoch, which begins anywhere in its trajectory.

        Args:
            number: of the window.
            at: in which epoch, and how far the run was when that began.
        """
        steps = self.time.pushforward + self.time.horizon_after(self.recipe.optimization.begun(at))
        draw, i = np.random.default_rng((self.recipe.seed, at.epoch, 3, number)), number % len(self.trajectories)
        last = len(self.trajectories.time(i)) - 1
        stride = int(draw.choice([s for s in self.time.strides if s * steps <= last]))
        first = int(draw.integers(last - stride * steps + 1))
        return Window(i, range(first, first + stride * steps + 1, stride))

    def batch(self, portion: Portion, at: Position) -> Batch:
        """Windows that begin in noise, perhaps moved, as of ``Objective``."""
        batch = self.together([self.window(number, at) for number in portion.samples])
        if self.recipe.data.augment == "rigid":
            batch = moved_rigidly(batch, seed=self.recipe.seed, step=at.step, places=portion.places)
        batch.start = batch.states[0] + self.noise(batch, portion.places, at.step)
        return batch

    def loss(self, batch: Batch) -> Float[Tensor, ""]:
        """The mean over windows and the steps with gradient, as of ``Objective``."""
        state, losses = batch.start, []
        for k, length in enumerate(batch.steps):
            truth = batch.states[k + 1]
            with torch.set_grad_enabled(k >= self.time.pushforward):
                state = self.propagator.advance(batch, state, length, truth)
                if k >= self.time.pushforward:
                    losses.append(self._distance(state, truth, batch))
        return torch.stack(losses).mean()

    def together(self, windows: Sequence[Window]) -> Batch:
        """Some windows of as many steps as one graph, with ``states (instants, nodes, channels)`` and ``steps``.

        Args:
            windows: which.
        """
        batch = Batch.from_data_list([self.trajectories[i] for i, _ in windows])
        batch.states = torch.cat([self.trajectories.states(*window) for window in windows], dim=1)
        steps = [np.diff(self.trajectories.time(i)[list(instants)]) for i, instants in windows]
        batch.steps = torch.from_numpy(np.stack(steps, axis=1)).to(batch.states.dtype)
        return batch

    def noise(self, batch: Batch, places: Sequence[int], step: int) -> Float[Tensor, "nodes channels"]:
        """Noise for the first states of a batch, the same for a place and a step; 0 at given nodes.

        Args:
            batch: of windows.
            places: of these in the batch of the step.
            step: of the run.
        """
        state = batch.states[0]
        if self.time.noise == 0:
            return torch.zeros_like(state)
        draws = [np.random.default_rng((self.recipe.seed, step, 4, place)) for place in places]
        sizes = zip(draws, batch.ptr.diff().tolist())
        drawn = np.concatenate([draw.normal(scale=self.time.noise, size=(n, state.shape[1])) for draw, n in sizes])
        free = ~(batch.is_fixed[:, None] & self.propagator.given_channels.to(state.device))
        return free * torch.from_numpy(drawn).to(state) * self.propagator.deviation.to(state)

    def _distance(self, state: Tensor, truth: Tensor, batch: Batch) -> Tensor:
        # In deviations from the mean: the size of a field is no measure of how much of it is to be learned.
        fields = [self.propagator.fields(self.propagator.encode(u)) for u in (state, truth)]
        return batch_loss(fields[0], fields[1], batch, LOSSES[self.recipe.loss])
