"""Where a run stands: epoch, batch and step, the best weights, the state of the random numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class Position:
    """How far a run is.

    Args:
        epoch: epochs done.
        batch: batches done of the next one.
        step: steps done in all.
        loss: sum of the losses of those batches.
        seconds: time spent in that epoch.
        begun: time spent in the steps of the epochs before it.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    begun: float = 0.0

    @property
    def spent(self) -> float:
        """Time spent in all steps."""
        return self.begun + self.seconds


@dataclass
class Best:
    """The weights that are to be saved: of the epoch with the least error on the validation split, else the last.

    Args:
        epoch: when, counted from 1; 0 before the first.
        error: relative error in L2.
        weights: averaged parameters.
    """

    epoch: int = 0
    error: float = math.inf
    weights: dict[str, Tensor] = field(default_factory=dict)


def random_state(device: torch.device) -> dict[str, Tensor]:
    """State of torch's random numbers on the CPU and the device."""
    state = {"cpu": torch.get_rng_state()}
    return state | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def restore_random_state(state: Mapping[str, Tensor], device: torch.device) -> None:
    """The inverse of ``random_state``."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
