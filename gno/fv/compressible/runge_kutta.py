"""Explicit steps in time that keep what steps of Euler keep."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.marching.stretches import in_stretches

Change = Callable[[Tensor], Tensor]
Check = Callable[[Tensor, float], None]
OnTime = Callable[[int, float], None]


class RungeKutta(NamedTuple):
    r"""Runge and Kutta's method in three stages, each a mean of steps of Euler; of third order in time.

    .. math::
        U_1 = U + \tau L(U), \qquad U_2 = \tfrac34 U + \tfrac14 (U_1 + \tau L(U_1)), \qquad
        U' = \tfrac13 U + \tfrac23 (U_2 + \tau L(U_2))

    Source: Shu and Osher 1988, J. Comput. Phys. 77, 439, equation 2.18.

    Args:
        change: :math:`L = \partial U / \partial t`.
        longest: the longest step from a state.
        check: called with the state after each stage, and the time before it; it raises an error.

    Example:
        >>> steps = RungeKutta(lambda u: u, lambda u: 0.1, lambda u, time: None)
        >>> end, taken = steps.march(torch.ones((), dtype=torch.float64), 1.0)
        >>> round(end.item(), 3), taken
        (2.718, 10)
    """

    change: Change
    longest: Callable[[Tensor], float]
    check: Check

    def march(self, u: Tensor, duration: float, on_step: OnTime | None = None) -> tuple[Tensor, int]:
        """The state after a time, and the number of steps.

        Steps are chosen where nothing is recorded, and with derivatives gone through again in stretches: derivatives
        are those of these steps, in little memory.

        Args:
            u: the state.
            duration: the time.
            on_step: called with the number of steps and the time.

        Raises:
            ConfigError: a duration that is not larger than 0.
        """
        if not (math.isfinite(duration) and duration > 0):
            raise ConfigError(f"the duration is {duration}", why="it is larger than 0")
        with torch.no_grad():
            end, instants = self._choose(u, duration, on_step)
        if torch.is_grad_enabled() and self.change(u).requires_grad:
            end = self._again(u, instants)
        return end, len(instants) - 1

    def _choose(self, u: Tensor, duration: float, on_step: OnTime | None) -> tuple[Tensor, list[float]]:
        instants = [0.0]
        while instants[-1] < duration:
            now, longest = instants[-1], self.longest(u)
            # Rounding must leave no step of nought behind.
            then = duration if now + (1 + 1e-9) * longest >= duration else now + longest
            u = self._step(u, now, then)
            instants.append(then)
            if on_step is not None:
                on_step(len(instants) - 1, then)
        return u, instants

    def _again(self, u: Tensor, instants: list[float]) -> Tensor:
        def step(at: tuple[Tensor, int]) -> tuple[Tensor, int]:
            state, number = at
            return self._step(state, instants[number], instants[number + 1]), number + 1

        return in_stretches(step, (u, 0), len(instants) - 1, told=lambda _: None)[0]

    def _step(self, u: Tensor, now: float, then: float) -> Tensor:
        step = then - now
        first = u + step * self.change(u)
        self.check(first, now)
        second = (3 * u + first + step * self.change(first)) / 4
        self.check(second, now)
        last = (u + 2 * (second + step * self.change(second))) / 3
        self.check(last, now)
        return last
