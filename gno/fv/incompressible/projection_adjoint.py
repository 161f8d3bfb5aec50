"""The derivative of a step in time, by the adjoint of its equations."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.incompressible.pressure_correction import DECAY, LEAST, Found, Given, History, PressureCorrection, Rule, dot


def recorded_step(equations: PressureCorrection, last: History, rule: Rule, given: Given) -> tuple[Tensor, ...]:
    """Velocity, pressure and flux after a step; backward solves with the transposed factors, and records nothing.

    Args:
        equations: of the step.
        last: what to start from.
        rule: weights.
        given: at its end.
    """
    tensors = (*last, *given, *Shape.of(equations))
    if not torch.is_grad_enabled() or not any(t is not None and t.requires_grad for t in tensors):
        return equations.step(last, rule, given)[:3]
    return _Recorded.apply(equations, rule, *tensors)


class Shape(NamedTuple):
    """What the equations are made of, or derivatives by it.

    Args:
        volume: of the cells.
        area: vectors of the faces.
        velocity_at: entries of the maps of ``FlowOperators``.
        velocity_gradient: likewise.
        laplacian: likewise.
        mean_at: likewise.
        pressure_gradient: likewise.
        pressure_slope: likewise.
        friction: of walls with slip, if there are any.
    """

    volume: Float[Tensor, " cells"]
    area: Float[Tensor, "faces dim"]
    velocity_at: Tensor
    velocity_gradient: Tensor
    laplacian: Tensor
    mean_at: Tensor
    pressure_gradient: Tensor
    pressure_slope: Tensor
    friction: Tensor | None

    @classmethod
    def of(cls, equations: PressureCorrection) -> Shape:
        """Those of the equations.

        Args:
            equations: of a step.
        """
        do, g = equations.do, equations.geometry
        return cls(
            g.volume,
            g.area,
            do.velocity_at.values,
            do.velocity_gradient.values,
            do.laplacian.values,
            do.mean_at.values,
            do.pressure_gradient.values,
            do.pressure_slope.values,
            None if do.viscous.friction is None else do.viscous.friction.values,
        )


class _Recorded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, equations: PressureCorrection, rule: Rule, *tensors: Any) -> tuple[Tensor, ...]:
        last, given = History(*tensors[:5]), Given(*tensors[5:10])
        found = equations.step(last, rule, given)
        ctx.equations, ctx.rule = equations, rule
        ctx.save_for_backward(*last, *given, *found)
        return found[:3]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        saved, needs = ctx.saved_tensors, ctx.needs_input_grad[2:]
        last, given = History(*saved[:5]), Given(*saved[5:10])
        if torch.is_grad_enabled():
            return None, None, *_again(ctx.equations, last, ctx.rule, given, grads, needs)
        adjoint = StepAdjoint(ctx.equations, last, ctx.rule, given, Found(*saved[10:]))
        by_last, by_given = adjoint.pull(*grads)
        by_shape = adjoint.by_shape(grads[1]) if any(needs[10:]) else [None] * len(needs[10:])
        return None, None, *by_last, *by_given, *by_shape


def _again(
    equations: PressureCorrection,
    last: History,
    rule: Rule,
    given: Given,
    grads: tuple[Tensor, ...],
    needs: tuple[bool, ...],
) -> list[Tensor | None]:
    """The same derivative by recording the step, which can be differentiated once more."""
    found = equations.step(last, rule, given)[:3]
    tensors = (*last, *given, *Shape.of(equations))
    inputs = [t for t, need in zip(tensors, needs) if need and t is not None]
    results = iter(torch.autograd.grad(found, inputs, grads, create_graph=True, allow_unused=True))
    return [next(results) if need else None for need in needs]


class StepAdjoint:
    """Derivatives of a number by what a step starts from, from those by what it ends in.

    Args:
        equations: of the step.
        last: what it started from.
        rule: its weights.
        given: at its end.
        found: what it found.
    """

    def __init__(self, equations: PressureCorrection, last: History, rule: Rule, given: Given, found: Found) -> None:
        self.equations, self.rule, self.given, self.found = equations, rule, given, found
        self.past, self.ahead = rule.known(last.velocity, last.velocity_before)
        _, self.flux_ahead = rule.known(last.flux, last.flux_before)
        self.before = torch.cat([last.pressure, given.pressure_before])
        self.cells = len(last.pressure)

    def pull(self, of_velocity: Tensor, of_pressure: Tensor, of_flux: Tensor) -> tuple[History, Given]:
        """Derivatives by what the step starts from, and by what is given.

        Args:
            of_velocity: by the velocity at its end.
            of_pressure: likewise.
            of_flux: likewise.
        """
        at_level = self._unlevel(of_pressure)
        outlet = self._correction(of_velocity, at_level, of_flux)
        on = self._prediction(of_velocity)
        on, by_viscosity = self._viscous(on)
        on, by_viscosity, ahead, flux_ahead = self._convection(on, by_viscosity)
        do, cells = self.equations.do, self.cells
        before = do.pressure_gradient.transposed(self.by_slope.reshape(-1)) - do.pressure_slope.transposed(self.by_tie)
        (a, b), (c, d) = self.rule.past, self.rule.ahead
        last = History(
            a * self.by_past + c * ahead,
            at_level + before[:cells],
            a * self.by_lag + c * flux_ahead,
            b * self.by_past + d * ahead,
            b * self.by_lag + d * flux_ahead,
        )
        return last, Given(on, outlet, before[cells:] - outlet, self.by_force, by_viscosity)

    def _unlevel(self, of_pressure: Tensor) -> Tensor:
        for inside, share in self.equations.levels:
            of_pressure = of_pressure - share * (inside @ of_pressure)
        return of_pressure

    def _correction(self, of_velocity: Tensor, of_pressure: Tensor, of_flux: Tensor) -> Tensor:
        """Back through the correction of velocity and flux; by the pressure on outlets."""
        do, cells, inertia = self.equations.do, self.cells, self.rule.inertia
        self.by_change = -of_velocity.reshape(-1) / inertia
        change = do.pressure_gradient.transposed(self.by_change) - do.pressure_slope.transposed(of_flux) / inertia
        adjoint = do.divergence.transposed(do.pressure.factor.solve_transposed(change[:cells] + of_pressure))
        self.by_fall = adjoint - of_flux / inertia
        self.by_flux = of_flux - inertia * adjoint
        outlet = change[cells:]
        return outlet + do.pressure_slope.transposed(adjoint)[cells:] if len(outlet) else outlet

    def _prediction(self, of_velocity: Tensor) -> Tensor:
        """Back through the predicted flux; by the velocities on the boundary."""
        equations, cells, inertia = self.equations, self.cells, self.rule.inertia
        area, dim = equations.geometry.area, of_velocity.shape[1]
        self.by_tie = self.by_flux / (self.found.rate + inertia)
        self.by_rate = -self.by_tie * self.found.tie
        self.by_lag = self.by_tie * equations.free
        self.through = equations.permeable * self.by_flux
        self.by_interpolated = torch.cat([self.through[:, None] * area, -self.by_lag[:, None] * area], 1)
        back = equations.do.velocity_at.transposed(self.by_interpolated)
        self.by_predicted, self.by_past = of_velocity + back[:cells, :dim], back[:cells, dim:]
        return back[cells:, :dim] + inertia * back[cells:, dim:]

    def _viscous(self, on: Tensor) -> tuple[Tensor, Tensor]:
        """Back through the viscous system; by the velocities on the boundary, and by the viscosity."""
        equations, do, nu = self.equations, self.equations.do, self.given.viscosity
        adjoint = self.adjoint = do.viscous.solve_transposed(self.rule.inertia, float(nu), self.by_predicted)
        self.by_force = equations.geometry.volume[:, None] * adjoint
        self.by_past = self.by_past + self.by_force
        tied = self.by_tie[:, None] * equations.geometry.area
        self.by_slope = do.mean_at.transposed(tied) - self.by_force
        u = self.found.predicted
        spread = do.laplacian(torch.cat([u, self.given.velocity]))
        if do.viscous.friction is not None:
            spread = spread - do.viscous.friction(u.reshape(-1)).reshape(u.shape)
        return on + nu * do.from_walls.transposed(adjoint), (adjoint * spread).sum()

    def _convection(self, on: Tensor, by_viscosity: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Back through what is carried and the rate of decay; also by extrapolated velocity and flux."""
        equations, do, cells = self.equations, self.equations.do, self.cells
        rate, nu = equations.rate, self.given.viscosity
        carried = -do.divergence.transposed(self.adjoint)
        self.by_carried = carried * self.flux_ahead[:, None]
        by_size = DECAY * do.between.transposed(self.by_rate) / self.found.shear
        wide = by_size[:, None].expand(-1, len(self.found.slope) // cells).reshape(-1, 1)
        self.by_gradient = wide * self.found.slope
        back = do.velocity_at.transposed(self.by_carried) + do.velocity_gradient.transposed(self.by_gradient)
        self.by_viscous_rate = by_size * LEAST**2 * nu * rate + do.between.transposed(equations.walls * self.by_rate)
        by_viscosity = by_viscosity + self.by_viscous_rate @ rate
        return on + back[cells:], by_viscosity, back[:cells], dot(carried, self.found.at_faces)

    def by_shape(self, of_pressure: Tensor) -> Shape:
        """Derivatives by what the equations are made of; after ``pull``.

        Args:
            of_pressure: by the pressure at the end of the step.
        """
        do, equations, given, u = self.equations.do, self.equations, self.given, self.found.predicted
        inertia, nu, on = self.rule.inertia, self.given.viscosity, self.given.velocity
        slope = equations.gradient(self.before)
        change = torch.cat([self.found.rise, given.pressure - given.pressure_before])
        known = torch.cat([torch.cat([u, on]), torch.cat([self.past, inertia * on])], 1)
        through = do.velocity_at(known).reshape(len(self.through), 2, -1)
        by_area = self.through[:, None] * through[:, 0] - self.by_lag[:, None] * through[:, 1]
        area, tied = equations.geometry.area, self.by_tie[:, None]
        ahead = torch.cat([self.ahead, on])
        friction = do.viscous.friction
        return Shape(
            self._by_volume(slope, of_pressure),
            by_area + tied * do.mean_at(slope),
            do.velocity_at.outer(torch.cat([self.by_interpolated, self.by_carried], 1), torch.cat([known, ahead], 1)),
            do.velocity_gradient.outer(self.by_gradient, ahead),
            do.laplacian.outer(nu * self.adjoint, known[:, : u.shape[1]]),
            do.mean_at.outer(tied * area, slope),
            do.pressure_gradient.outer(self.by_slope.reshape(-1), self.before)
            + do.pressure_gradient.outer(self.by_change, change),
            do.pressure_slope.outer(-self.by_tie, self.before) + do.pressure_slope.outer(self.by_fall, change),
            None if friction is None else friction.outer(-nu * self.adjoint.reshape(-1), u.reshape(-1)),
        )

    def _by_volume(self, slope: Tensor, of_pressure: Tensor) -> Tensor:
        volume, dim = self.equations.geometry.volume, slope.shape[1]
        held = self.past + self.given.force - slope - self.rule.inertia * self.found.predicted
        rate = self.given.viscosity * self.equations.rate
        total = dot(self.adjoint, held) - 2 / dim * self.by_viscous_rate * rate / volume
        for inside, _ in self.equations.levels:
            total = total - (inside @ of_pressure) / (inside @ volume) * inside * self.found.pressure
        return total
