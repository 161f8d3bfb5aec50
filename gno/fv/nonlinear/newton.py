"""Newton's method with line search, and its pseudo-transient variant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.linear.lagged import Kept, LaggedFactor, Linearization
from gno.fv.nonlinear.report import Report

Residual = Callable[[Tensor], Tensor]
Jacobian = Callable[[Tensor], Linearization]
OnStep = Callable[[int, float], None]

HALVINGS = 12
"""Most halvings of a step in the line search."""
RISE = 2.0
"""By how much a residual may rise in a step of pseudo-time."""


@dataclass(frozen=True, eq=False)
class Newton:
    r"""Newton's method: steps that halve until the residual falls, or that grow out of a pseudo-time.

    .. math::
        \left( J + \frac{D}{c} \right) \delta u = -R(u), \qquad u \leftarrow u + t \, \delta u, \qquad
        c = c_0 \left( \frac{\|R_0\|}{\|R\|} \right)^{1.2}

    Residuals are relative to the larger of the first residual and of the terms that cancel in it,
    :math:`\| |J| |u| \|`, so that a start near to the solution needs fewer steps.

    Source: for the pseudo-time, Kelley and Keyes 1998, SIAM J. Numer. Anal. 35, 508.

    Args:
        tolerance: relative residual at which it stops.
        max_iterations: most steps.
        damping: ``D``, of the shape of the state: volume over the time step of a CFL number of one; without it there
            is no pseudo-time.
        cfl: ``c_0``: CFL number of the first step in pseudo-time.
        symmetric: whether the Jacobian is symmetric and positive definite.
        linear: method of ``factorize``.
        kept: a factor to begin with, which is renewed there when it is outdated; other solutions may use it too.
        stall: steps in which the residual has to halve; where it does not, the iteration gives up.
    """

    tolerance: float = 1e-10
    max_iterations: int = 50
    damping: Tensor | None = None
    cfl: float = 10.0
    symmetric: bool = False
    linear: str = "auto"
    kept: Kept | None = None
    stall: int | None = None

    def solve(
        self, residual: Residual, jacobian: Jacobian, u: Float[Tensor, "..."], on_step: OnStep | None = None
    ) -> tuple[Float[Tensor, "..."], Report, LaggedFactor]:
        """Find the zero of a residual.

        Args:
            residual: of the state, and of its shape.
            jacobian: of the state: entries and pattern of the exact Jacobian, and, if there is one, what makes a matrix
                nearby that is factorized in its stead; entries ``(samples, entries)`` say that
                the first axis of the state counts samples that do not know of each other.
            u: where to start.
            on_step: called with the number of steps and the relative residual.

        Returns:
            the last state, how it went, and the last Jacobian that was solved with.

        Raises:
            SolverError: a Jacobian that is singular or not finite.
        """
        linear = LaggedFactor(symmetric=self.symmetric, method=self.linear, kept=self.kept)
        history = list[float]()
        rest, derivative = residual(u), jacobian(u)
        linear.update(*derivative)
        scale = torch.maximum(linear.norms(rest), linear.norms(linear.magnitude(u)))
        scale = scale.clamp(min=torch.finfo(rest.dtype).tiny)
        first = (linear.norms(rest) / scale).clamp(min=torch.finfo(rest.dtype).tiny)
        while True:
            relative = linear.norms(rest) / scale
            history.append(float(relative.max()))
            if on_step is not None:
                on_step(len(history) - 1, history[-1])
            if history[-1] <= self.tolerance or len(history) > self.max_iterations or self._stalls(history):
                break
            derivative = jacobian(u) if len(history) > 1 else derivative
            linear.update(*derivative, diagonal=self._diagonal(u, relative / first))
            # The error of the linear solution falls with the residual, so that convergence stays quadratic.
            forcing = min(1e-2, max(1e-8, history[-1]))
            step = linear.solve_to(forcing, -rest.reshape(-1)).reshape(u.shape)
            limit = linear.norms(rest) * (1.0 if self.damping is None else RISE)
            limit = torch.where(relative > self.tolerance, limit, 0.0)
            moved = _search(residual, u, step, linear.norms, limit)
            if moved is None:
                break
            u, rest = moved
        converged = history[-1] <= self.tolerance
        steps = len(history) - 1
        return u, Report(converged, steps, history[-1], tuple(history), linear.factorizations, linear.steps), linear

    def _stalls(self, history: list[float]) -> bool:
        return self.stall is not None and len(history) > self.stall and history[-1] > 0.5 * history[-1 - self.stall]

    def _diagonal(self, u: Tensor, fallen: Tensor) -> Tensor | None:
        if self.damping is None:
            return None
        cfl = self.cfl * fallen.clamp(min=1e-30) ** -1.2
        return self.damping.detach().expand_as(u).reshape(len(fallen), -1) / cfl[:, None]


def _search(
    residual: Residual, u: Tensor, step: Tensor, norms: Residual, limit: Tensor
) -> tuple[Tensor, Tensor] | None:
    """State and residual after the longest steps that keep each norm below its limit; nothing if there are none.

    A limit of zero stands for a sample that has converged: it stays where it is.
    """
    t = (limit > 0).to(u.dtype)
    for _ in range(HALVINGS):
        moved = u + (t[:, None] * step.reshape(len(t), -1)).reshape(u.shape)
        rest = residual(moved)
        good = (norms(rest) <= (1 - 1e-4 * t) * limit) | (limit == 0)
        if bool(good.all()):
            return moved, rest
        t = torch.where(good, t, t / 2)
    return None
