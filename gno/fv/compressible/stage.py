"""One implicit stage of a gas in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.linear.lagged import Kept
from gno.fv.linear.pattern import SparsePattern
from gno.fv.nonlinear.balance import Balance
from gno.fv.nonlinear.implicit import implicit_solve
from gno.fv.nonlinear.newton import Newton
from gno.fv.nonlinear.report import ConvergenceError

TOLERANCE = 1e-12
"""Relative residual of a stage: a long step makes more of what is left."""


@dataclass(frozen=True, eq=False)
class Stage:
    r"""The U with :math:`U = K + s L(U)`, where :math:`L = -R / V`, by Newton's method with the exact Jacobian.

    Its derivative is that of the equation, :math:`(1 / s + R'(U) / V) \, dU = dK / s - dR / V`, one solve with the
    transpose; the iteration is not gone through again. All stages share one factor, which GMRES makes up for.

    Args:
        balance: whose residual is R.
        theta: what R depends on.
        per_time: what a residual changes a state by in a unit of time, ``1 / V (..., cells, 1)``.
    """

    balance: Balance
    theta: Any
    per_time: Float[Tensor, "*samples cells one"]
    _kept: Kept = field(default_factory=Kept, repr=False)

    def change(self, u: Tensor) -> Tensor:
        """``L``."""
        return -self.per_time * self.balance.residual(u, self.theta)

    def __call__(self, known: Tensor, time: float, start: Tensor) -> Tensor:
        """The state of the stage.

        Args:
            known: K.
            time: s.
            start: where Newton's method starts.

        Raises:
            ConvergenceError: it does not converge.
        """
        held = 1 / (time * self.per_time)

        def residual(u: Tensor, theta: Any) -> Tensor:
            return held * (u - known) + self.balance.residual(u, theta)

        def jacobian(u: Tensor, theta: Any) -> tuple[Tensor, SparsePattern]:
            values, pattern = self.balance.jacobian(u, theta)
            unknown = torch.arange(pattern.n)
            added = held.detach().expand_as(u).flatten(-2)
            return values.index_add(-1, pattern.find(unknown, unknown), added), pattern

        newton = Newton(tolerance=TOLERANCE, linear="diagonal", kept=self._kept)
        u, report = implicit_solve(residual, start, self.theta, jacobian=jacobian, method=newton, check=False)
        if not report.converged:
            raise ConvergenceError(report, fix="lower step or courant")
        return u
