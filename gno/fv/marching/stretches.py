"""Many steps in time, whose derivatives take bounded memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch.utils.checkpoint import checkpoint as recompute

State = TypeVar("State")

MEMORY = 2**30
"""Bytes that derivatives may keep of all steps."""


def in_stretches(
    step: Callable[[State], State],
    state: State,
    steps: int,
    *,
    told: Callable[[State], None],
    checkpoint: bool = True,
    kept: int | None = None,
) -> State:
    """The state after many steps.

    Args:
        step: makes the next state of one.
        state: where to start; tensors, or tuples of them.
        steps: number of steps.
        told: called with the state after each step; not when derivatives go through it again.
        checkpoint: whether derivatives may go through stretches of steps once more, and through stretches of
            stretches, instead of keeping what they need of all of them.
        kept: bytes that they keep of a step: only what goes beyond ``MEMORY`` is gone through again. Without it
            that is each of about ``sqrt(steps)`` stretches.

    Example:
        >>> seen = []
        >>> x = torch.tensor(2.0, requires_grad=True)
        >>> in_stretches(lambda u: u * x, torch.tensor(1.0), 4, told=lambda u: seen.append(u.item())).backward()
        >>> seen, float(x.grad)
        ([2.0, 4.0, 8.0, 16.0], 32.0)
    """
    levels = _levels(steps, kept) if checkpoint and torch.is_grad_enabled() else 1
    return _Run(step, told, _branches(steps, levels))(state, 0, steps)


def _levels(steps: int, kept: int | None) -> int:
    """How often stretches are made of stretches."""
    if kept is None:
        return 2
    deepest = max(1, math.ceil(math.log2(max(1, steps))))
    fits = (levels for levels in range(1, deepest) if levels * _branches(steps, levels) * kept <= MEMORY)
    return next(fits, deepest)


def _branches(steps: int, levels: int) -> int:
    """The least number whose power is that of the steps."""
    branches = max(1, math.floor(steps ** (1 / levels)))
    return branches if branches**levels >= steps else branches + 1


class _Run(Generic[State]):
    """A stretch of steps, which derivatives may go through again; only the first time is told."""

    def __init__(self, step: Callable[[State], State], told: Callable[[State], None], branches: int) -> None:
        self._step, self._told, self._branches, self._done = step, told, branches, 0

    def __call__(self, state: State, first: int, last: int) -> State:
        if last - first > self._branches:
            return self._by_parts(state, first, last)
        for number in range(first, last):
            state = self._step(state)
            if number >= self._done:
                self._done = number + 1
                # What is made of the state by whoever is told is not made again, so it keeps what it needs itself.
                with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
                    self._told(state)
        return state

    def _by_parts(self, state: State, first: int, last: int) -> State:
        part = self._branches
        while part * self._branches < last - first:
            part *= self._branches
        for start in range(first, last, part):
            end = min(start + part, last)
            state = recompute(self, state, start, end, use_reentrant=False, preserve_rng_state=False)
        return state
