"""Many steps in time, whose derivatives take memory that grows with the root of their number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch.utils.checkpoint import checkpoint as recompute

State = TypeVar("State")


def in_stretches(
    step: Callable[[State], State], state: State, steps: int, *, told: Callable[[State], None], checkpoint: bool = True
) -> State:
    """The state after many steps.

    Args:
        step: makes the next state of one.
        state: where to start; tensors, or tuples of them.
        steps: number of steps.
        told: called with the state after each step; not when derivatives go through it again.
        checkpoint: whether derivatives go through each stretch of about ``sqrt(steps)`` steps once more instead of
            keeping what they need of all of them.

    Example:
        >>> seen = []
        >>> x = torch.tensor(2.0, requires_grad=True)
        >>> in_stretches(lambda u: u * x, torch.tensor(1.0), 4, told=lambda u: seen.append(u.item())).backward()
        >>> seen, float(x.grad)
        ([2.0, 4.0, 8.0, 16.0], 32.0)
    """
    run = _Run(step, told)
    stretch = max(1, math.isqrt(steps)) if checkpoint and torch.is_grad_enabled() else max(1, steps)
    for first in range(0, steps, stretch):
        last = min(first + stretch, steps)
        if stretch < steps:
            state = recompute(run, state, first, last, use_reentrant=False, preserve_rng_state=False)
        else:
            state = run(state, first, last)
    return state


class _Run(Generic[State]):
    """A stretch of steps, which derivatives may go through again; only the first time is told."""

    def __init__(self, step: Callable[[State], State], told: Callable[[State], None]) -> None:
        self._step, self._told, self._done = step, told, 0

    def __call__(self, state: State, first: int, last: int) -> State:
        for number in range(first, last):
            state = self._step(state)
            if number >= self._done:
                self._done = number + 1
                self._told(state)
        return state
