"""Implicit steps in time, which no wave and no friction keeps short."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from gno.fv.marching.adaptive import Change, Check

Solve = Callable[[Tensor, float, Tensor], Tensor]

OWN = 0.43586652150845899941601945
r""":math:`\gamma`, the root of :math:`x^3 - 3 x^2 + 3 x / 2 = 1/6` with which the method damps all that is stiff."""
BEFORE = ((), ((1 - OWN) / 2,), (-1.5 * OWN**2 + 4 * OWN - 0.25, 1.5 * OWN**2 - 5 * OWN + 1.25))
"""Weights of the earlier stages in each; those of the last are those of the step."""


class ImplicitRungeKutta(NamedTuple):
    r"""Runge and Kutta's method in three implicit stages; of third order in time, and L-stable.

    .. math::
        U_i = U + \tau \sum_{j < i} a_{ij} L(U_j) + \tau \gamma L(U_i), \qquad
        U' = U + \tau \sum_j b_j L(U_j)

    The last stage is the state at the end already, up to what its iteration leaves; the sum keeps mass, momentum and
    energy to rounding all the same.

    Source: Alexander 1977, SIAM J. Numer. Anal. 14, 1006, theorem 5.

    Args:
        change: :math:`L = \partial U / \partial t`.
        solve: of what is known :math:`K`, a time :math:`s` and a start: the U with :math:`U = K + s L(U)`.
        check: called with the state after each stage, and the time before it; it raises an error.

    Example:
        >>> import torch
        >>> decay = ImplicitRungeKutta(lambda u: -u, lambda known, time, _: known / (1 + time), lambda u, time: None)
        >>> round(decay(torch.ones(()), 0.0, 0.1).item(), 4)
        0.9048
    """

    change: Change
    solve: Solve
    check: Check

    def __call__(self, u: Tensor, now: float, then: float) -> Tensor:
        """The state at the later of two instants.

        Args:
            u: at the earlier one.
            now: the earlier one.
            then: the later one.
        """
        step, last, changes = then - now, u, list[Tensor]()
        for weights in BEFORE:
            known = u + step * sum(a * change for a, change in zip(weights, changes))
            last = self.solve(known, step * OWN, last)
            self.check(last, now)
            changes.append(self.change(last))
        end = u + step * sum(b * change for b, change in zip((*BEFORE[-1], OWN), changes))
        self.check(end, now)
        return end
