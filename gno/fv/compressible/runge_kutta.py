"""Explicit steps in time that keep what steps of Euler keep."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from gno.fv.marching.adaptive import Change, Check


class RungeKutta(NamedTuple):
    r"""Runge and Kutta's method in three stages, each a mean of steps of Euler; of third order in time.

    .. math::
        U_1 = U + \tau L(U), \qquad U_2 = \tfrac34 U + \tfrac14 (U_1 + \tau L(U_1)), \qquad
        U' = \tfrac13 U + \tfrac23 (U_2 + \tau L(U_2))

    Source: Shu and Osher 1988, J. Comput. Phys. 77, 439, equation 2.18.

    Args:
        change: :math:`L = \partial U / \partial t`.
        check: called with the state after each stage, and the time before it; it raises an error.

    Example:
        >>> import torch
        >>> round(RungeKutta(lambda u: u, lambda u, time: None)(torch.ones(()), 0.0, 0.1).item(), 4)
        1.1052
    """

    change: Change
    check: Check

    def __call__(self, u: Tensor, now: float, then: float) -> Tensor:
        """The state at the later of two instants.

        Args:
            u: at the earlier one.
            now: the earlier one.
            then: the later one.
        """
        step = then - now
        first = u + step * self.change(u)
        self.check(first, now)
        second = (3 * u + first + step * self.change(first)) / 4
        self.check(second, now)
        last = (u + 2 * (second + step * self.change(second))) / 3
        self.check(last, now)
        return last
