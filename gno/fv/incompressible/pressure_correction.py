"""One step of a pressure-correction method."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.incompressible.projection_boundary import TimedBoundary
from gno.fv.incompressible.projection_operators import FlowOperators
from gno.fv.incompressible.state import FlowState

DECAY = 4.0
"""Rate at which fluxes and interpolated velocities come together, over the gradient of the velocity."""
_WALL_DECAY = 12.0
"""The same in cells at the boundary, over the rate of their viscosity: one-sided gradients are unstable without it."""
LEAST = 1e-3
"""Share of the rate of viscosity in the decay where nothing moves: the root of nought has no derivative."""


class Given(NamedTuple):
    """What is given at the end of a step.

    Args:
        velocity: on the boundary ``(fixed, dim)``.
        pressure: on the boundary ``(open,)``.
        pressure_before: the same at the beginning of the step.
        force: per mass ``(cells, dim)``.
        viscosity: ``()``.
    """

    velocity: Float[Tensor, "fixed dim"]
    pressure: Float[Tensor, " open"]
    pressure_before: Float[Tensor, " open"]
    force: Float[Tensor, "cells dim"]
    viscosity: Float[Tensor, ""]


class History(NamedTuple):
    """What a step starts from.

    Args:
        velocity: ``(cells, dim)``.
        pressure: ``(cells,)``.
        flux: ``(faces,)``.
        velocity_before: one step earlier.
        flux_before: likewise.
    """

    velocity: Float[Tensor, "cells dim"]
    pressure: Float[Tensor, " cells"]
    flux: Float[Tensor, " faces"]
    velocity_before: Float[Tensor, "cells dim"]
    flux_before: Float[Tensor, " faces"]

    @classmethod
    def of(cls, flow: FlowState) -> History:
        """That of a flow; where there is no time before, it has no weight.

        Args:
            flow: the flow.
        """
        return cls(*flow[:3], *(flow.before or (flow.velocity, flow.flux)))


class Rule(NamedTuple):
    """Weights of a step.

    Args:
        inertia: one over the time that inertia works in.
        past: what the past adds to it: weights of the last time and of the one before.
        ahead: the same of values extrapolated to the new time.
    """

    inertia: float
    past: tuple[float, float]
    ahead: tuple[float, float]

    @classmethod
    def of(cls, flow: FlowState, dt: float) -> Rule:
        """BDF2, or implicit Euler where there is no time before.

        Args:
            flow: the flow.
            dt: length of the step.
        """
        if flow.before is None:
            return cls(1 / dt, (1 / dt, 0.0), (1.0, 0.0))
        return cls(1.5 / dt, (2 / dt, -0.5 / dt), (2.0, -1.0))

    def known(self, last: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """Past, and ahead.

        Args:
            last: at the last time.
            before: one step earlier.
        """
        (a, b), (c, d) = self.past, self.ahead
        return torch.add(a * last, before, alpha=b), torch.add(c * last, before, alpha=d)


class Found(NamedTuple):
    """What a step finds.

    Args:
        velocity: at the new time ``(cells, dim)``.
        pressure: likewise ``(cells,)``.
        flux: likewise ``(faces,)``.
        predicted: the velocity before it was made free of divergence.
        rise: of the pressure ``(cells,)``, up to its level.
        tie: what the flux had beyond the interpolated velocity ``(faces,)``.
        at_faces: velocity extrapolated to the new time ``(faces, dim)``.
        slope: its gradient in the cells, all axes in turn ``(cells * dim, dim)``.
        shear: the size of that ``(cells,)``.
        rate: of what damps the flux beyond the interpolated velocity ``(faces,)``.
    """

    velocity: Float[Tensor, "cells dim"]
    pressure: Float[Tensor, " cells"]
    flux: Float[Tensor, " faces"]
    predicted: Float[Tensor, "cells dim"]
    rise: Float[Tensor, " cells"]
    tie: Float[Tensor, " faces"]
    at_faces: Float[Tensor, "faces dim"]
    slope: Float[Tensor, "rows dim"]
    shear: Float[Tensor, " cells"]
    rate: Float[Tensor, " faces"]


def dot(a: Float[Tensor, "n k"], b: Float[Tensor, "n k"]) -> Float[Tensor, " n"]:
    """Row by row; a product with ones takes a tenth of the time of a sum over so short an axis.

    Args:
        a: vectors.
        b: vectors.

    Example:
        >>> dot(torch.ones(1, 2), torch.tensor([[1.0, 2.0]])).tolist()
        [3.0]
    """
    return (a * b) @ a.new_ones(a.shape[1])


class PressureCorrection:
    """The equations of ``Projection``, with what is given as tensors.

    Args:
        held: which faces have which condition, and the geometry.
        method: as in ``factorize_near``.
    """

    def __init__(self, held: TimedBoundary, *, method: str = "auto") -> None:
        g = self.geometry = held.geometry
        self.do = FlowOperators(g, held, method=method)
        inner, faces, (cells, dim) = g.num_inner, len(g.owner), g.centroid.shape
        self.permeable = torch.ones(faces, dtype=torch.float64).index_fill(0, held.slip, 0.0)
        self.free = self.permeable.index_fill(0, held.fixed, 0.0)
        nothing = torch.zeros(cells, dtype=torch.float64)
        closed = [nothing.index_fill(0, part, 1.0) for part in held.closed]
        self.levels = [(inside, inside * g.volume / (inside @ g.volume)) for inside in closed]
        at_wall = nothing.index_fill(0, g.owner[inner:], 1.0)
        self.walls = _WALL_DECAY * self.do.between(at_wall).gt(0).double()
        self.rate = g.volume ** (-2 / dim)
        self.wall_rate = self.walls * self.do.between(self.rate)

    def start(self, u: Float[Tensor, "cells dim"], given: Given, time: float) -> FlowState:
        """The velocity made free of divergence, and the pressure that keeps it so while viscosity does nothing.

        Args:
            u: the velocity.
            given: at this time.
            time: the time.
        """
        do, flux = self.do, self.through(u, given.velocity)
        psi = torch.cat([do.pressure.solve(-do.divergence(flux)), torch.zeros_like(given.pressure)])
        flux, u = flux - do.pressure_slope(psi), u - self.gradient(psi)
        at_faces = do.velocity_at(torch.cat([u, given.velocity]))
        change = given.force - do.divergence(flux[:, None] * at_faces) / self.geometry.volume[:, None]
        pushed = dot(do.mean_at(change), self.geometry.area)
        outside = torch.cat([u.new_zeros(len(u)), given.pressure])
        p = do.pressure.solve(do.divergence(do.pressure_slope(outside) - pushed))
        return FlowState(u, self.level(p), flux, time)

    def step(self, last: History, rule: Rule, given: Given) -> Found:
        """The flow one step later.

        Args:
            last: what to start from.
            rule: weights.
            given: at the end of the step.
        """
        do, g, inertia, on, nu = self.do, self.geometry, rule.inertia, given.velocity, given.viscosity
        past, ahead = rule.known(last.velocity, last.velocity_before)
        past_flux, flux_ahead = rule.known(last.flux, last.flux_before)
        p, around = torch.cat([last.pressure, given.pressure_before]), torch.cat([ahead, on])
        down, at_faces = self.gradient(p), do.velocity_at(around)
        carried = do.divergence(flux_ahead[:, None] * at_faces)
        driven = g.volume[:, None] * (past + given.force - down) - carried + nu * do.from_walls(on)
        u = do.viscous.solve(inertia, nu, driven)

        lag = (past_flux - self.through(past, inertia * on)) * self.free
        smoothing = dot(do.mean_at(down), g.area) - do.pressure_slope(p)
        slope, shear, rate = self.decay(around, nu)
        tie = (lag + smoothing) / (rate + inertia)
        flux = self.through(u, on) + tie
        raised = given.pressure - given.pressure_before
        outside = do.pressure_slope(torch.cat([torch.zeros_like(last.pressure), raised]))
        psi = do.pressure.solve(do.divergence(outside - inertia * flux))
        change = torch.cat([psi, raised])
        new, level = u - self.gradient(change) / inertia, self.level(last.pressure + psi)
        return Found(new, level, flux - do.pressure_slope(change) / inertia, u, psi, tie, at_faces, slope, shear, rate)

    def decay(self, around: Tensor, nu: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        r"""Rate r ``(faces,)`` at which the difference between a flux and the interpolated velocity decays.

        Interpolated anew in each of many short steps, a velocity is pulled to where its interpolation has no
        divergence, which on triangles is far off. So the difference has a history of its own, driven by that of the
        two gradients of the pressure (Rhie and Chow), and decays in the time of the flow, :math:`1 / (4 |\nabla u|)`.
        With it neither the steady state nor the order in time suffers from the length of a step.

        Args:
            around: velocity in the cells and on the boundary ``(cells + fixed, dim)``.
            nu: viscosity.

        Returns:
            the gradient of the velocity, its size, and the rate.
        """
        slope, least = self.do.velocity_gradient(around), LEAST * nu * self.rate
        of_cell = slope.reshape(len(least), -1)
        shear = (dot(of_cell, of_cell) + least**2).sqrt()
        return slope, shear, DECAY * self.do.between(shear) + nu * self.wall_rate

    def gradient(self, p: Tensor) -> Float[Tensor, "cells dim"]:
        """Of a pressure.

        Args:
            p: in the cells and where it is given.
        """
        return self.do.pressure_gradient(p).reshape(len(self.geometry.volume), -1)

    def through(self, u: Tensor, on: Tensor) -> Float[Tensor, " faces"]:
        """Flux of the interpolated velocity; nothing goes through walls with slip.

        Args:
            u: velocity ``(cells, dim)``.
            on: the same on the boundary ``(fixed, dim)``.
        """
        return dot(self.do.velocity_at(torch.cat([u, on])), self.geometry.area) * self.permeable

    def level(self, p: Float[Tensor, " cells"]) -> Float[Tensor, " cells"]:
        """The pressure with mean 0 in each part of the mesh without outlet.

        Args:
            p: the pressure up to a constant in each.
        """
        for inside, share in self.levels:
            p = p - inside * (share @ p)
        return p
