"""Incompressible flow in time: a pressure-correction method of second order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint as recompute

from gno.errors import ConfigError, SolverError
from gno.fv.conditions import Value
from gno.fv.flow import Flow, FlowReport
from gno.fv.mesh import FVMesh
from gno.fv.projection_boundary import Boundary, FlowBoundary
from gno.fv.projection_operators import FlowOperators
from gno.fv.timed import now
from gno.fv.values import scalars, vectors

_CLOSED = 1e-10
"""Net inflow, over that of all boundaries with a given velocity, at which a mesh without outlet counts as closed."""

_DECAY = 4.0
"""Rate at which fluxes and interpolated velocities come together, over the gradient of the velocity."""
_WALL_DECAY = 12.0
"""The same in cells at the boundary, over the rate of their viscosity: one-sided gradients are unstable without it."""


class Projection:
    r"""Navier-Stokes equations of an incompressible fluid, second order in time and space, on any mesh of cells.

    .. math::
        \partial_t u + \nabla \cdot (u u) = -\nabla p + \nu \nabla^2 u + f, \qquad \nabla \cdot u = 0

    The steps are those of the standard pressure correction: BDF2, implicit viscosity, and convection with the fields
    extrapolated to the new time.

    .. math::
        \frac{3 u^* - 4 u^n + u^{n-1}}{2 \Delta t} + \nabla \cdot (\tilde\phi \tilde u) &= -\nabla p^n
            + \nu \nabla^2 u^* + f, \qquad \tilde u = 2 u^n - u^{n-1} \\
        \phi^{n+1} &= \phi^* - c \, \partial_n \psi |S|, \qquad \sum_f \pm \phi^{n+1} = 0, \qquad
            c = \tfrac{2}{3} \Delta t \\
        u^{n+1} &= u^* - c \nabla \psi, \qquad p^{n+1} = p^n + \psi

    Here the flux before the correction is the interpolated velocity and a difference with a history of its own,

    .. math::
        \phi^* = \overline{u^*} \cdot S + y, \qquad
            \partial_t y = (\overline{\nabla p} \cdot n - \partial_n p) |S| - r y

    which ties neighboring pressures together as Rhie and Chow do, at whatever length of a step.

    The matrices do not change, so one factor of Poisson's equation and one of the viscous system serve all steps, and
    all derivatives: with respect to the viscosity, the force, the initial velocity and the values on the boundary.
    The mesh is fixed.

    Source: Guermond, Minev and Shen 2006, Comput. Methods Appl. Mech. Engrg. 195, 6011, section 3.2.

    Args:
        mesh: of cells.
        boundary: patch to ``NoSlip``, ``Inlet``, ``PressureOutlet``, ``Slip`` or ``Symmetry``; values may be ``Timed``.
        dt: length of a step.
        courant: part of a cell's volume that may leave it in one step; the method is explicit in the convection.
        method: ``direct`` (LU), ``multigrid`` (GMRES preconditioned with it), or ``auto``: multigrid for large meshes.

    Raises:
        ConfigError: a step that is not positive, a dual mesh, points that require a gradient, or what
            ``FlowBoundary`` refuses.

    Example:
        >>> from gno.fv.conditions import NoSlip
        >>> from gno.mesh import shapes
        >>> cavity = Projection(FVMesh.of(shapes.square(0.25)), {"top": NoSlip((1.0, 0.0)), "*": NoSlip()}, dt=0.05)
        >>> flow, report = cavity.advance(0.0, 4, viscosity=0.01)
        >>> round(flow.time, 3), flow.velocity.shape == (cavity.mesh.num_cells, 2), report.imbalance < 1e-12
        (0.2, True, True)
    """

    def __init__(
        self, mesh: FVMesh, boundary: Boundary, *, dt: float, courant: float = 1.0, method: str = "auto"
    ) -> None:
        if not (math.isfinite(dt) and dt > 0):
            raise ConfigError(f"dt is {dt}", why="a step in time is positive")
        if mesh.kind != "cell":
            raise ConfigError("a flow needs the cells, not the dual", fix="FVMesh.of(mesh, kind='cell')")
        if mesh.points.requires_grad:
            raise ConfigError(
                "the points of the mesh require a gradient",
                why="the matrices of all steps are made of them once, without one",
                fix="detach them",
            )
        self.mesh, self.dt, self.courant = mesh, dt, courant
        self._held = FlowBoundary(mesh, boundary)
        self._do = FlowOperators(mesh, self._held, method=method)
        self._closed = torch.zeros(mesh.num_faces, dtype=torch.bool)
        self._closed[self._held.slip] = True
        at_wall = torch.zeros(mesh.num_cells).index_fill(0, mesh.owner[mesh.num_inner :], 1.0)
        beside = torch.maximum(at_wall[mesh.owner[: mesh.num_inner]], at_wall[mesh.neighbor])
        self._near_wall = torch.cat([beside, at_wall[mesh.owner[mesh.num_inner :]]]).double()
        self._given = torch.cat([self._held.fixed, self._held.slip])

    def start(
        self,
        velocity: Value,
        *,
        body_force: Value = 0.0,
        boundary: Boundary | None = None,
        time: float = 0.0,
    ) -> Flow:
        """The flow to start from: the velocity made free of divergence, and the pressure that keeps it so but for viscosity.

        Args:
            velocity: a vector, one for each cell ``(cells, dim)``, or a function of points.
            body_force: force per mass: a vector, one for each cell, a function of points, or ``Timed``.
            boundary: other values on the boundary, of the same kinds.
            time: the time.

        Raises:
            ConfigError: values of the wrong shape, or a closed mesh into which more flows than out of it.
        """
        g, do = self.mesh.geometry(), self._do
        u = vectors(velocity, g.centroid, "the velocity")
        on, outside = self._velocity(time, boundary), self._held.pressure(time, boundary)
        flux = self._through(do.velocity_at(torch.cat([u, on])))
        psi = do.pressure.solve(-do.divergence(flux))
        held = torch.cat([psi, torch.zeros_like(outside)])
        flux, u = flux - do.pressure_slope(held), u - self._gradient(held)
        force = vectors(now(body_force, time), g.centroid, "the force")
        convected = do.divergence(flux[:, None] * do.velocity_at(torch.cat([u, on])))
        change = force - convected / g.volume[:, None]
        pushed = self._through(do.velocity_at(torch.cat([change, torch.zeros_like(on)]))).index_fill(0, self._given, 0.0)
        given = torch.cat([torch.zeros_like(psi), outside])
        p = do.pressure.solve(do.divergence(do.pressure_slope(given) - pushed))
        return Flow(u, self._level(p), flux, time)

    def step(
        self, flow: Flow, *, viscosity: float | Tensor, body_force: Value = 0.0, boundary: Boundary | None = None
    ) -> Flow:
        """One step; of first order, with implicit Euler, where the flow has no time before.

        Args:
            flow: the flow at the last time.
            viscosity: as of ``advance``.
            body_force: as of ``advance``.
            boundary: as of ``advance``.

        Raises:
            SolverError: a step that is too long for the flow, or numbers that are not finite.
        """
        self._refuse_fast(flow)
        g, do, nu, time = self.mesh.geometry(), self._do, self._viscosity(viscosity), flow.time + self.dt
        inertia, (past, past_flux), (ahead, flux_ahead) = self._extrapolated(flow)
        on, outside = self._velocity(time, boundary), self._held.pressure(time, boundary)
        was_outside = self._held.pressure(flow.time, boundary)
        force = vectors(now(body_force, time), g.centroid, "the force")
        p = torch.cat([flow.pressure, was_outside])
        convected = do.divergence(flux_ahead[:, None] * do.velocity_at(torch.cat([ahead, on])))
        walls = nu * do.divergence(do.velocity_slope(torch.cat([torch.zeros_like(ahead), on])))
        right = g.volume[:, None] * (past + force - self._gradient(p)) - convected + walls
        u = do.viscous.solve(inertia, nu, right)

        lag = past_flux - self._through(do.velocity_at(torch.cat([past, inertia * on])))
        lag = lag.index_fill(0, self._given, 0.0)
        held = inertia + self._decay(ahead, on, nu)
        flux = self._through(do.velocity_at(torch.cat([u, on]))) + (lag + do.smoothing(p)) / held
        rise = torch.cat([torch.zeros_like(flow.pressure), outside - was_outside])
        psi = do.pressure.solve(do.divergence(do.pressure_slope(rise) - inertia * flux))
        change = torch.cat([psi, outside - was_outside])
        return Flow(
            velocity=u - self._gradient(change) / inertia,
            pressure=self._level(flow.pressure + psi),
            flux=flux - do.pressure_slope(change) / inertia,
            time=time,
            before=(flow.velocity, flow.flux),
        )

    def advance(
        self,
        initial: Flow | Value,
        steps: int,
        *,
        viscosity: float | Tensor,
        body_force: Value = 0.0,
        boundary: Boundary | None = None,
        on_step: Callable[[Flow], None] | None = None,
        checkpoint: bool = True,
    ) -> tuple[Flow, FlowReport]:
        """Many steps.

        A flow that comes out can go in again, and continues as if there had been no break; so the flow at several times
        is a loop over calls.

        Args:
            initial: where to start; a velocity, as ``start`` takes it, or a flow.
            steps: number of steps.
            viscosity: kinematic; a number, or a tensor that may require a gradient.
            body_force: force per mass: a vector, one for each cell, a function of points, or ``Timed``.
            boundary: other values on the boundary, of the same kinds.
            on_step: called with the flow after each step.
            checkpoint: whether derivatives go through each stretch of about ``sqrt(steps)`` steps once more instead of
                keeping what they need of all of them, for memory that grows with the root of the number of steps.

        Returns:
            the last flow, and how the run went.

        Raises:
            ConfigError: values of the wrong shape, or a viscosity that is not positive.
            SolverError: a step that is too long for the flow, or numbers that are not finite.
        """
        options = {"viscosity": self._viscosity(viscosity), "body_force": body_force, "boundary": boundary}
        flow = initial if isinstance(initial, Flow) else self.start(initial, body_force=body_force, boundary=boundary)
        run = _Run(self, options, on_step)
        stretch = max(1, math.isqrt(steps)) if checkpoint and torch.is_grad_enabled() else steps
        for first in range(0, steps, max(1, stretch)):
            last = min(first + stretch, steps)
            if stretch < steps:
                flow = recompute(run, flow, first, last, use_reentrant=False, preserve_rng_state=False)
            else:
                flow = run(flow, first, last)
        return flow, run.report

    def imbalance(self, flow: Flow) -> float:
        """Largest sum of fluxes out of a cell, over the largest sum of their sizes in any cell."""
        flux = flow.flux.detach()
        sizes = self._passing(flux).max()
        return float(self._do.divergence(flux).abs().max() / sizes) if sizes > 0 else 0.0

    def force(self, flow: Flow, patch: str, *, viscosity: float | Tensor, boundary: Boundary | None = None) -> Tensor:
        r"""Force of the fluid on a patch over the density, :math:`\sum_b p \, S - \nu \, \partial_n u |S|` ``(dim,)``.

        Args:
            flow: the flow.
            patch: name of a wall.
            viscosity: kinematic.
            boundary: other values on the boundary, of the same kinds.
        """
        rows, on = self.mesh.patches[patch], self._velocity(flow.time, boundary)
        p = self._do.pressure_at(torch.cat([flow.pressure, self._held.pressure(flow.time, boundary)]))
        shear = self._do.velocity_slope(torch.cat([flow.velocity, on]))
        return (p[:, None] * self.mesh.geometry().area - self._viscosity(viscosity) * shear)[rows].sum(0)

    def _extrapolated(self, flow: Flow) -> tuple[float, tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """One over the time that inertia works in, what the past adds to it, and the fields at the new time."""
        present = flow.velocity, flow.flux
        if flow.before is None:
            return 1 / self.dt, (flow.velocity / self.dt, flow.flux / self.dt), present
        pairs = list(zip(present, flow.before))
        past, past_flux = ((2 * here - 0.5 * before) / self.dt for here, before in pairs)
        ahead, flux_ahead = (2 * here - before for here, before in pairs)
        return 1.5 / self.dt, (past, past_flux), (ahead, flux_ahead)

    def _decay(self, u: Tensor, on: Tensor, nu: Tensor) -> Tensor:
        r"""Rate at which the difference between a flux and the interpolated velocity decays at each face.

        Interpolated anew in each of many short steps, a velocity is pulled to where its interpolation has no divergence,
        which on triangles is far off. So the difference has a history of its own, driven by that of the two gradients of
        the pressure (Rhie and Chow), and decays in the time of the flow, :math:`1 / (4 |\nabla u|)`. With it neither
        the steady state nor the order in time suffers from the length of a step.
        """
        g, inner = self.mesh.geometry(), self.mesh.num_inner
        slope = self._do.velocity_gradient(torch.cat([u, on])).reshape(len(u), -1)
        viscous = nu / g.volume ** (2 / self.mesh.dim)
        rate = _DECAY * ((slope**2).sum(1) + (1e-3 * viscous) ** 2).sqrt()
        of_flow, of_walls = (
            torch.cat([0.5 * (each[g.owner[:inner]] + each[g.neighbor]), each[g.owner[inner:]]])
            for each in (rate, _WALL_DECAY * viscous)
        )
        return of_flow + self._near_wall * of_walls

    def _gradient(self, p: Tensor) -> Tensor:
        return self._do.pressure_gradient(p).reshape(-1, self.mesh.dim)

    def _through(self, u: Float[Tensor, "faces dim"]) -> Float[Tensor, " faces"]:
        """Flux of a velocity at the faces; nothing goes through walls with slip."""
        return (u * self.mesh.geometry().area).sum(1).masked_fill(self._closed, 0.0)

    def _level(self, p: Float[Tensor, " cells"]) -> Float[Tensor, " cells"]:
        """The pressure with mean 0 in each part of the mesh without outlet."""
        volume = self.mesh.geometry().volume
        for part in self._do.closed:
            mean = (volume[part] * p[part]).sum() / volume[part].sum()
            p = p - torch.zeros_like(p).index_fill(0, part, 1.0) * mean
        return p

    def _passing(self, flux: Tensor) -> Tensor:
        size = flux.abs()
        inner = self.mesh.num_inner
        total = torch.zeros_like(self.mesh.geometry().volume).index_add(0, self.mesh.owner, size)
        return total.index_add(0, self.mesh.neighbor, size[:inner])

    def _velocity(self, time: float, boundary: Boundary | None) -> Tensor:
        """Given velocities, checked to let as much out of a closed mesh as into it."""
        on = self._held.velocity(time, boundary)
        g, rows = self.mesh.geometry(), self._held.fixed
        for part in self._do.closed:
            inside = torch.zeros(self.mesh.num_cells, dtype=torch.bool).index_fill(0, part, True)[g.owner[rows]]
            area, u = g.area[rows][inside], on.detach()[inside]
            out, scale = float((area * u).sum()), float((area.abs() * u.abs()).sum())
            if abs(out) > _CLOSED * max(scale, float((g.size[rows][inside] * u.norm(dim=1)).sum())):
                raise ConfigError(
                    f"{abs(out):.6g} more flows {'out of' if out > 0 else 'into'} the mesh than back at time {time:.6g}",
                    why="no patch lets fluid out as the pressure wants it",
                    fix="give a PressureOutlet, or velocities that balance",
                )
        return on

    def _viscosity(self, viscosity: float | Tensor) -> Tensor:
        nu = torch.as_tensor(viscosity, dtype=torch.float64)
        if nu.ndim or not (torch.isfinite(nu) and nu > 0):
            raise ConfigError(f"viscosity is {viscosity}", why="it is one positive number")
        return nu

    def _refuse_fast(self, flow: Flow) -> float:
        """The largest Courant number, if the step is not too long for it."""
        with torch.no_grad():
            part = 0.5 * self.dt * self._passing(flow.flux.detach()) / self.mesh.geometry().volume
            size = torch.where(part.isfinite() & flow.velocity.detach().isfinite().all(1), part, torch.inf)
        largest = float(size.max())
        if not largest <= self.courant:
            cell = int(size.argmax())
            finite = math.isfinite(largest)
            raise SolverError(
                f"the Courant number is {largest:.3g} in cell {cell} at time {flow.time:.6g}"
                if finite
                else f"the flow is not finite in cell {cell} at time {flow.time:.6g}",
                why=f"steps are stable up to about {self.courant:g}",
                fix=f"take dt below {self.dt * self.courant / largest:.3g}" if finite else "take a smaller dt",
            )
        return largest


class _Run:
    """A stretch of steps, which derivatives may go through again; only the first time counts for the report."""

    def __init__(self, solver: Projection, options: dict[str, Any], on_step: Callable[[Flow], None] | None) -> None:
        self.report = FlowReport()
        self._solver, self._options, self._on_step = solver, options, on_step

    def __call__(self, flow: Flow, first: int, last: int) -> Flow:
        for number in range(first, last):
            flow = self._solver.step(flow, **self._options)
            if number >= self.report.steps:
                self._take(flow)
        return flow

    def _take(self, flow: Flow) -> None:
        report, solver = self.report, self._solver
        report.steps += 1
        report.courant = max(report.courant, solver._refuse_fast(flow))
        report.imbalance = max(report.imbalance, solver.imbalance(flow))
        if self._on_step is not None:
            self._on_step(flow)
