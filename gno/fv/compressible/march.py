"""Newton's method out of a pseudo-time, for states that have to stay physical."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.linear.lagged import LaggedFactor
from gno.fv.nonlinear.newton import Jacobian, OnStep, Residual
from gno.fv.nonlinear.report import Report

Samples = Float[Tensor, " samples"]

FORCING = 1e-3
"""Relative residual to which each linear system is solved."""
RISE = 1.2
"""By how much the unsteady residual may rise in a step."""
TRIALS = 6
"""Most halvings of a step, after which the pseudo-time step is cut instead."""
GROWTH, LEAP, CUT = 2.0, 10.0, 0.1
"""Factors of the CFL number: after a full step at least, at most, and after one that was refused."""
LEAST, MOST = 1e-3, 1e14
"""CFL numbers."""
FAINT = 1e-5
"""Part of the terms that cancel in a residual that it is compared with, if it is smaller everywhere than that."""
ROUNDING = 0.5
"""Roundings of these terms below which a residual cannot be brought, whatever the tolerance."""


@dataclass(frozen=True, eq=False)
class PseudoTime:
    """How a steady flow is approached.

    Args:
        tolerance: residual, relative to that of the undisturbed flow, at which it stops.
        max_iterations: most steps.
        cfl: CFL number where the residual is that of the undisturbed flow; nearer to the solution it is larger.
        derivatives: how often the flow can be differentiated.

    Raises:
        ConfigError: a number that cannot be used.

    Example:
        >>> PseudoTime(tolerance=1e-8)
        PseudoTime(tolerance=1e-08, max_iterations=100, cfl=10.0, derivatives=1)
    """

    tolerance: float = 1e-10
    max_iterations: int = 100
    cfl: float = 10.0
    derivatives: int = 1

    def __post_init__(self) -> None:
        for name in ("tolerance", "max_iterations", "cfl"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} is {getattr(self, name)}", why="it is larger than 0")


@dataclass(frozen=True, eq=False)
class March:
    r"""Steps of Newton's method, held back by a pseudo-time that each dual cell has for itself.

    .. math::
        \left( J + \frac{D(u)}{c} \right) \delta u = -R(u), \qquad u \leftarrow u + t \, \delta u

    The CFL number c begins with the residual and grows with every full step, the more the more the residual falls
    (switched evolution relaxation); a step that would leave too little density or pressure is shortened, and where that
    does not help c is cut.

    Source: Mulder and van Leer 1985, J. Comput. Phys. 59, 232; Kelley and Keyes 1998, SIAM J. Numer. Anal. 35, 508.

    Args:
        method: tolerance and the like.
        rate: ``D`` of the state: volume over the time step of a CFL number of one ``(..., cells)``.
        reach: of state and step, the part of the step ``(samples,)`` that leaves enough density and pressure.
        scale: norm of the residual ``(samples,)`` that counts as one.
        refuse: called with state and step where nothing helps, to say which node is to blame.
    """

    method: PseudoTime
    rate: Callable[[Tensor], Tensor]
    reach: Callable[[Tensor, Tensor], Samples]
    scale: Samples
    refuse: Callable[[Tensor, Tensor], None]

    def solve(
        self, residual: Residual, jacobian: Jacobian, u: Float[Tensor, "..."], on_step: OnStep | None = None
    ) -> tuple[Float[Tensor, "..."], Report, LaggedFactor]:
        """Find the steady state.

        Args:
            residual: of the state, and of its shape ``(cells, components)`` or ``(samples, cells, components)``.
            jacobian: of the state.
            u: where to start.
            on_step: called with the number of steps and the relative residual.

        Returns:
            the last state, how it went, and what solves with its Jacobian.

        Raises:
            SolverError: a density or pressure that no step keeps positive; the node is named.
        """
        linear, history, rest = LaggedFactor(method="diagonal"), list[float](), residual(u)
        derivative = jacobian(u)
        linear.update(*derivative)
        terms = linear.norms(linear.magnitude(u))
        scale = torch.maximum(self.scale, FAINT * terms)
        goal = torch.clamp(ROUNDING * torch.finfo(u.dtype).eps * terms / scale, min=self.method.tolerance)
        cfl = self.method.cfl * (linear.norms(rest) / scale).clamp(min=1e-12, max=1.0) ** -1.2
        while True:
            relative = linear.norms(rest) / scale
            history.append(float(relative.max()))
            if on_step is not None:
                on_step(len(history) - 1, history[-1])
            active = relative > goal
            if not bool(active.any()) or len(history) > self.method.max_iterations:
                break
            derivative = jacobian(u) if len(history) > 1 else derivative
            damping = (self.rate(u) / _wide(cfl, u)[..., 0])[..., None].expand_as(u)
            linear.update(*derivative, diagonal=damping.reshape(len(cfl), -1))
            try:
                step = linear.solve_to(FORCING, -rest.reshape(-1)).reshape(u.shape)
            except SolverError:
                cfl = self._cut(cfl, CUT, u, rest)
                continue
            u, after, t = self._search(residual, (u, rest), step, damping, active.to(u.dtype))
            cfl = self._cut(cfl, torch.where(active & (t == 0), CUT, 1.0), u, step)
            fallen = (linear.norms(rest) / linear.norms(after)).clamp(min=GROWTH, max=LEAP)
            cfl = torch.where(t == 1, cfl * fallen, cfl).clamp(max=MOST)
            rest = after
        converged, steps = not bool(active.any()), len(history) - 1
        return u, Report(converged, steps, history[-1], tuple(history), linear.factorizations, linear.steps), linear

    def _cut(self, cfl: Samples, by: float | Samples, u: Tensor, step: Tensor) -> Samples:
        """Smaller CFL numbers, if they are not too small already."""
        if bool((by * cfl < LEAST).any()):
            self.refuse(u, step)
        return by * cfl

    def _search(
        self, residual: Residual, at: tuple[Tensor, Tensor], step: Tensor, damping: Tensor, active: Samples
    ) -> tuple[Tensor, Tensor, Samples]:
        """State and residual after steps that are short enough, and how long those are; nought where none is."""
        u, rest = at
        t, limit = active * self.reach(u, step), RISE * _norms(rest, len(active))
        for _ in range(TRIALS):
            moved = u + _wide(t, u) * step
            after = residual(moved)
            good = (_norms(after + damping * (moved - u), len(active)) <= limit) | (t == 0)
            if bool(good.all()):
                return moved, after, t
            t = torch.where(good, t, t / 2)
        t = torch.where(good, t, 0.0)
        moved = u + _wide(t, u) * step
        return moved, residual(moved), t


def _norms(v: Tensor, samples: int) -> Samples:
    return v.reshape(samples, -1).norm(dim=1)


def _wide(t: Samples, u: Tensor) -> Tensor:
    """One number of each sample beside the state."""
    return t[:, None, None] if u.ndim == 3 else t[:, None]
