"""One step of a pressure-correction method."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.incompressible.projection_boundary import TimedBoundary
from gno.fv.incompressible.projection_operators import FlowOperators
from gno.fv.incompressible.state import FlowState
from gno.fv.volumes.mesh import FVMesh

_DECAY = 4.0
"""Rate at which fluxes and interpolated velocities come together, over the gradient of the velocity."""
_WALL_DECAY = 12.0
"""The same in cells at the boundary, over the rate of their viscosity: one-sided gradients are unstable without it."""


class Given(NamedTuple):
    """What is given at the end of a step.

    Args:
        velocity: on the boundary ``(fixed, dim)``.
        pressure: on the boundary ``(open,)``.
        pressure_before: the same at the beginning of the step.
        force: per mass ``(cells, dim)``.
    """

    velocity: Float[Tensor, "fixed dim"]
    pressure: Float[Tensor, " open"]
    pressure_before: Float[Tensor, " open"]
    force: Float[Tensor, "cells dim"]


class PressureCorrection:
    """The equations of ``Projection``, with what is given as tensors.

    Args:
        mesh: of cells.
        held: which faces have which condition.
        method: as in ``factorize_near``.
    """

    def __init__(self, mesh: FVMesh, held: TimedBoundary, *, method: str = "auto") -> None:
        self.geometry, self.closed, self.do = mesh.geometry(), held.closed, FlowOperators(mesh, held, method=method)
        inner = mesh.num_inner
        at_wall = torch.zeros(mesh.num_cells, dtype=torch.float64).index_fill(0, mesh.owner[inner:], 1.0)
        self._walls = self._at_faces(at_wall).gt(0).double()
        self._slip, self._given = held.slip, torch.cat([held.fixed, held.slip])

    def start(self, u: Float[Tensor, "cells dim"], given: Given, time: float) -> FlowState:
        """The velocity made free of divergence, and the pressure that keeps it so while viscosity does nothing.

        Args:
            u: the velocity.
            given: at this time.
            time: the time.
        """
        do, flux = self.do, self._through(u, given.velocity)
        psi = torch.cat([do.pressure.solve(-do.divergence(flux)), torch.zeros_like(given.pressure)])
        flux, u = flux - do.pressure_slope(psi), u - self._gradient(psi)
        change = given.force - self._convected(u, flux, given.velocity) / self.geometry.volume[:, None]
        pushed = (do.mean_at(change) * self.geometry.area).sum(1).index_fill(0, self._given, 0.0)
        outside = torch.cat([u.new_zeros(len(u)), given.pressure])
        p = do.pressure.solve(do.divergence(do.pressure_slope(outside) - pushed))
        return FlowState(u, self._level(p), flux, time)

    def step(self, flow: FlowState, dt: float, nu: Tensor, given: Given) -> FlowState:
        """The flow one step later; of first order, with implicit Euler, where there is no time before.

        Args:
            flow: the flow.
            dt: length of the step.
            nu: viscosity.
            given: at its end.
        """
        do, volume, on = self.do, self.geometry.volume[:, None], given.velocity
        inertia, (past, past_flux), (ahead, flux_ahead) = _extrapolated(flow, dt)
        p = torch.cat([flow.pressure, given.pressure_before])
        walls = nu * do.divergence(do.velocity_slope(torch.cat([torch.zeros_like(ahead), on])))
        driven = volume * (past + given.force - self._gradient(p)) - self._convected(ahead, flux_ahead, on)
        u = do.viscous.solve(inertia, nu, driven + walls)

        lag = (past_flux - self._through(past, inertia * on)).index_fill(0, self._given, 0.0)
        flux = self._through(u, on) + (lag + do.smoothing(p)) / (inertia + self._decay(ahead, on, nu))
        rise = given.pressure - given.pressure_before
        outside = torch.cat([torch.zeros_like(flow.pressure), rise])
        psi = do.pressure.solve(do.divergence(do.pressure_slope(outside) - inertia * flux))
        change = torch.cat([psi, rise])
        u, flux = u - self._gradient(change) / inertia, flux - do.pressure_slope(change) / inertia
        return FlowState(u, self._level(flow.pressure + psi), flux, flow.time + dt, (flow.velocity, flow.flux))

    def passing(self, flux: Float[Tensor, " faces"]) -> Float[Tensor, " cells"]:
        """Sum of the sizes of the fluxes of each cell, which is twice what flows through it."""
        g, size = self.geometry, flux.abs()
        return torch.zeros_like(g.volume).index_add(0, g.owner, size).index_add(0, g.neighbor, size[: g.num_inner])

    def _decay(self, u: Tensor, on: Tensor, nu: Tensor) -> Float[Tensor, " faces"]:
        r"""Rate r at which the difference between a flux and the interpolated velocity decays.

        Interpolated anew in each of many short steps, a velocity is pulled to where its interpolation has no
        divergence, which on triangles is far off. So the difference has a history of its own, driven by that of the
        two gradients of the pressure (Rhie and Chow), and decays in the time of the flow, :math:`1 / (4 |\nabla u|)`.
        With it neither the steady state nor the order in time suffers from the length of a step.
        """
        slope = self.do.velocity_gradient(torch.cat([u, on])).reshape(len(u), -1)
        viscous = nu / self.geometry.volume ** (2 / u.shape[1])
        shear = ((slope**2).sum(1) + (1e-3 * viscous) ** 2).sqrt()  # never the root of nought, which has no derivative
        return _DECAY * self._at_faces(shear) + _WALL_DECAY * self._walls * self._at_faces(viscous)

    def _at_faces(self, each: Float[Tensor, " cells"]) -> Float[Tensor, " faces"]:
        g, inner = self.geometry, self.geometry.num_inner
        return torch.cat([0.5 * (each[g.owner[:inner]] + each[g.neighbor]), each[g.owner[inner:]]])

    def _convected(self, u: Tensor, flux: Tensor, on: Tensor) -> Float[Tensor, "cells dim"]:
        return self.do.divergence(flux[:, None] * self.do.velocity_at(torch.cat([u, on])))

    def _gradient(self, p: Tensor) -> Float[Tensor, "cells dim"]:
        return self.do.pressure_gradient(p).reshape(len(self.geometry.volume), -1)

    def _through(self, u: Tensor, on: Tensor) -> Float[Tensor, " faces"]:
        """Flux of the interpolated velocity; nothing goes through walls with slip."""
        at_faces = self.do.velocity_at(torch.cat([u, on]))
        return (at_faces * self.geometry.area).sum(1).index_fill(0, self._slip, 0.0)

    def _level(self, p: Float[Tensor, " cells"]) -> Float[Tensor, " cells"]:
        """The pressure with mean 0 in each part of the mesh without outlet."""
        volume = self.geometry.volume
        for part in self.closed:
            mean = (volume[part] * p[part]).sum() / volume[part].sum()
            p = p - torch.zeros_like(p).index_fill(0, part, 1.0) * mean
        return p


def _extrapolated(flow: FlowState, dt: float) -> tuple[float, tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """One over the time that inertia works in, what the past adds to it, and velocity and flux at the new time."""
    if flow.before is None:
        return 1 / dt, (flow.velocity / dt, flow.flux / dt), (flow.velocity, flow.flux)
    u, flux = flow.before
    past = (2 * flow.velocity - 0.5 * u) / dt, (2 * flow.flux - 0.5 * flux) / dt
    return 1.5 / dt, past, (2 * flow.velocity - u, 2 * flow.flux - flux)
