"""Steps in time whose lengths the states say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.marching.stretches import in_stretches

Change = Callable[[Tensor], Tensor]
Check = Callable[[Tensor, float], None]
OnTime = Callable[[int, float], None]


@runtime_checkable
class Step(Protocol):
    """A method that goes from one instant to the next."""

    @property
    def change(self) -> Change:
        r""":math:`L = \partial U / \partial t`."""

    def __call__(self, u: Tensor, now: float, then: float) -> Tensor:
        """The state at the later instant."""


def march(
    step: Step, u: Tensor, duration: float, *, longest: Callable[[Tensor], float], on_step: OnTime | None = None
) -> tuple[Tensor, int]:
    """The state after a time, and the number of steps.

    Steps are chosen where nothing is recorded, and with derivatives gone through again in stretches: derivatives
    are those of these steps, in little memory.

    Args:
        step: the method.
        u: the state.
        duration: the time.
        longest: the longest step from a state.
        on_step: called with the number of steps and the time.

    Raises:
        ConfigError: a duration that is not larger than 0.

    Example:
        >>> from gno.fv.compressible.runge_kutta import RungeKutta
        >>> step = RungeKutta(lambda u: u, lambda u, time: None)
        >>> end, taken = march(step, torch.ones((), dtype=torch.float64), 1.0, longest=lambda u: 0.1)
        >>> round(end.item(), 3), taken
        (2.718, 10)
    """
    if not (math.isfinite(duration) and duration > 0):
        raise ConfigError(f"the duration is {duration}", why="it is larger than 0")
    with torch.no_grad():
        end, instants = _choose(step, u, duration, longest, on_step)
    if torch.is_grad_enabled() and step.change(u).requires_grad:
        end = _again(step, u, instants)
    return end, len(instants) - 1


def _choose(
    step: Step, u: Tensor, duration: float, longest: Callable[[Tensor], float], on_step: OnTime | None
) -> tuple[Tensor, list[float]]:
    instants = [0.0]
    while instants[-1] < duration:
        now, most = instants[-1], longest(u)
        # Rounding must leave no step of nought behind.
        then = duration if now + (1 + 1e-9) * most >= duration else now + most
        u = step(u, now, then)
        instants.append(then)
        if on_step is not None:
            on_step(len(instants) - 1, then)
    return u, instants


def _again(step: Step, u: Tensor, instants: list[float]) -> Tensor:
    def one(at: tuple[Tensor, int]) -> tuple[Tensor, int]:
        state, number = at
        return step(state, instants[number], instants[number + 1]), number + 1

    return in_stretches(one, (u, 0), len(instants) - 1, told=lambda _: None)[0]
