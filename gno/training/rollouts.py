"""Rollouts beside the trajectories that they are to follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.models import Propagator
from gno.training.metrics import relative_l2
from gno.training.processes import Processes
from gno.training.trajectories import Trajectories

LOST = 10.0
"""An error beyond this counts as this: a rollout that is lost is lost, by however much."""
_ENDS = ("relative_l2_first", "relative_l2_last")


class Rollout(NamedTuple):
    """States of a trajectory and those of a model that began with its first one.

    Args:
        time: instants, the first included.
        truth: states ``(instants, nodes, channels)``.
        prediction: states ``(instants, nodes, channels)``; the first is the truth.
    """

    time: np.ndarray
    truth: Tensor
    prediction: Tensor


@torch.no_grad()
def rollout(propagator: Propagator, trajectories: Trajectories, i: int, instants: range) -> Rollout:
    """The states of a model at instants of a trajectory, from the first one on.

    Args:
        propagator: the model.
        trajectories: of a dataset.
        i: number of the trajectory.
        instants: those after each step, and before the first.
    """
    device = next(propagator.parameters()).device
    truth, time = trajectories.states(i, instants).to(device), trajectories.time(i)[list(instants)]
    graph = trajectories[i].to(device)
    found = propagator.rollout(graph, truth[0], np.diff(time).tolist(), truth[1:])
    return Rollout(time, truth.cpu(), torch.stack([truth[0], *found]).cpu())


def errors_in_time(
    propagator: Propagator, truth: Tensor, prediction: Tensor, volume: Float[Tensor, " nodes"]
) -> dict[str, Float[np.ndarray, " instants"]]:
    """Relative error in L2 of each field at each instant, at most ``LOST``.

    Args:
        propagator: whose fields they are.
        truth: states ``(instants, nodes, channels)``.
        prediction: the same of the model.
        volume: of the nodes.
    """
    u, v = (propagator.fields(states.double()) for states in (truth, prediction))
    return series_errors(u, v, volume.double())


def series_errors(
    truth: Mapping[str, Tensor], prediction: Mapping[str, Tensor], volume: Float[Tensor, " nodes"]
) -> dict[str, Float[np.ndarray, " instants"]]:
    """Relative error in L2 of fields at each instant, at most ``LOST``.

    Args:
        truth: field to values ``(instants, nodes)`` or ``(instants, nodes, k)``.
        prediction: the same of what follows it.
        volume: of the nodes.
    """
    found = {
        name: np.array([float(relative_l2(v, u, volume)) for u, v in zip(series, prediction[name])])
        for name, series in truth.items()
    }
    return {name: np.minimum(np.nan_to_num(errors, nan=LOST, posinf=LOST), LOST) for name, errors in found.items()}


class RolloutValidation:
    """The trajectories on which a propagator is validated, each from its first instant on.

    Args:
        trajectories: of the split.
        stride: instants that a step spans.
        steps: of each rollout; fewer where a trajectory ends before.
        processes: that share the split.
    """

    def __init__(
        self, trajectories: Trajectories, *, stride: int, steps: int, processes: Processes | None = None
    ) -> None:
        self.trajectories, self.stride, self.steps = trajectories, stride, steps
        self.processes = processes or Processes()

    def errors(self, propagator: Propagator) -> dict[str, float]:
        """Means over trajectories and fields: ``relative_l2`` over all steps, and that after the first and the last.

        Args:
            propagator: the model.
        """
        was_training = propagator.training
        propagator.eval()
        num, found = len(self.trajectories), dict.fromkeys(("relative_l2", *_ENDS), 0.0)
        for i in range(self.processes.rank, num, self.processes.size):
            curve = self._curve(propagator, i)
            for name, error in zip(found, (curve.mean(), curve[0], curve[-1])):
                found[name] += float(error) / num
        propagator.train(was_training)
        return dict(zip(found, self.processes.total(list(found.values()))))

    def _curve(self, propagator: Propagator, i: int) -> Float[np.ndarray, " steps"]:
        """The error after each step, the mean over the fields."""
        last = min(len(self.trajectories.time(i)) - 1, self.steps * self.stride)
        found = rollout(propagator, self.trajectories, i, range(0, last + 1, self.stride))
        errors = errors_in_time(propagator, found.truth, found.prediction, self.trajectories[i].node_volume)
        result: np.ndarray = np.mean(list(errors.values()), axis=0)[1:]
        return result
