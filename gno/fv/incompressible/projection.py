"""Incompressible flow in time: a pressure-correction method of second order."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.boundary.conditions import Value
from gno.fv.boundary.values import vectors
from gno.fv.incompressible.driving import Driving
from gno.fv.incompressible.pressure_correction import History, PressureCorrection, Rule
from gno.fv.incompressible.projection_adjoint import recorded_step
from gno.fv.incompressible.projection_boundary import Boundary, TimedBoundary
from gno.fv.incompressible.state import FlowReport, FlowState
from gno.fv.incompressible.viscosity import viscosity_of
from gno.fv.linear.linear_map import LinearMap
from gno.fv.marching.stretches import in_stretches
from gno.fv.volumes.mesh import FVMesh
from gno.fv.volumes.patches import check_patch

_REMEMBERED = 5
"""Bytes that the derivative of a step keeps, over those of a flow; at most."""


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
    all derivatives: with respect to the viscosity, the force, the initial velocity, the values on the boundary and the
    coordinates of the nodes. What a step was made of is kept, not recorded, and its derivative is one solve with each
    transposed factor.

    Source: Guermond, Minev and Shen 2006, Comput. Methods Appl. Mech. Engrg. 195, 6011, section 3.2.

    Args:
        mesh: of cells.
        boundary: patch to ``NoSlip``, ``Inlet``, ``PressureOutlet``, ``Slip`` or ``Symmetry``; values may be ``Timed``.
        dt: length of a step.
        points: other coordinates of the nodes, which may require a gradient. The matrices are made of them once, so
            derivatives by them can be taken once, or with ``retain_graph``.
        courant: part of a cell's volume that may leave it in one step; the method is explicit in the convection.
        method: ``direct`` (LU), ``multigrid`` (GMRES preconditioned with it), or ``auto``: multigrid for large meshes.

    Raises:
        ConfigError: a step that is not positive, a dual mesh, or what ``TimedBoundary`` refuses.
        MeshError: points with which cells cannot be used.

    Example:
        >>> from gno.fv.boundary.conditions import NoSlip
        >>> from gno.mesh import shapes
        >>> cavity = Projection(FVMesh.of(shapes.square(0.25)), {"top": NoSlip((1.0, 0.0)), "*": NoSlip()}, dt=0.05)
        >>> flow, report = cavity.advance(0.0, 4, viscosity=0.01)
        >>> round(flow.time, 3), flow.velocity.shape == (cavity.mesh.num_cells, 2), report.imbalance < 1e-12
        (0.2, True, True)
    """

    def __init__(
        self,
        mesh: FVMesh,
        boundary: Boundary,
        *,
        dt: float,
        points: Float[Tensor, "nodes dim"] | None = None,
        courant: float = 1.0,
        method: str = "auto",
    ) -> None:
        if not (math.isfinite(dt) and dt > 0):
            raise ConfigError(f"dt is {dt}", why="a step in time is positive")
        if mesh.kind != "cell":
            raise ConfigError("a flow needs the cells, not the dual", fix="FVMesh.of(mesh, kind='cell')")
        if points is not None:
            mesh.check(points)
        self.mesh, self.points, self.dt, self.courant = mesh, points, dt, courant
        self._held = TimedBoundary(mesh, boundary, mesh.geometry(points))
        self._equations = PressureCorrection(self._held, method=method)
        self._on_patch: dict[str, tuple[LinearMap, LinearMap]] = {}

    def start(
        self,
        velocity: Value,
        *,
        body_force: Value = 0.0,
        boundary: Boundary | None = None,
        time: float = 0.0,
    ) -> FlowState:
        """The flow to start from: the velocity made free of divergence, and the pressure that keeps it so.

        The pressure leaves viscosity out, which the first step makes good.

        Args:
            velocity: a vector, one for each cell ``(cells, dim)``, or a function of points.
            body_force: force per mass: a vector, one for each cell, a function of points, or ``Timed``.
            boundary: other values on the boundary, of the same kinds.
            time: the time.

        Raises:
            ConfigError: values of the wrong shape, or a closed mesh into which more flows than out of it.
        """
        u = vectors(velocity, self._held.geometry.centroid, "the velocity")
        driving = Driving(self._held, 1.0, body_force=body_force, boundary=boundary)
        return self._equations.start(u, driving.between(time, time), time)

    def step(
        self, flow: FlowState, *, viscosity: float | Tensor, body_force: Value = 0.0, boundary: Boundary | None = None
    ) -> FlowState:
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
        return self.driven(flow, self.driving(viscosity, body_force=body_force, boundary=boundary))

    def driving(
        self, viscosity: float | Tensor, *, body_force: Value = 0.0, boundary: Boundary | None = None
    ) -> Driving:
        """What drives many steps, made once.

        Args:
            viscosity: as of ``advance``.
            body_force: as of ``advance``.
            boundary: as of ``advance``.

        Raises:
            ConfigError: values of the wrong shape, or a viscosity that is not positive.
        """
        return Driving(self._held, viscosity, body_force=body_force, boundary=boundary)

    def driven(self, flow: FlowState, driving: Driving) -> FlowState:
        """One step, whatever its length; ``watch`` says whether it was too long.

        Args:
            flow: the flow at the last time.
            driving: what drives it.
        """
        given = driving.between(flow.time, flow.time + self.dt)
        u, p, flux = recorded_step(self._equations, History.of(flow), Rule.of(flow, self.dt), given)
        return FlowState(u, p, flux, flow.time + self.dt, (flow.velocity, flow.flux))

    def advance(
        self,
        initial: FlowState | Value,
        steps: int,
        *,
        viscosity: float | Tensor,
        body_force: Value = 0.0,
        boundary: Boundary | None = None,
        on_step: Callable[[FlowState], None] | None = None,
        report: FlowReport | None = None,
        checkpoint: bool = True,
    ) -> tuple[FlowState, FlowReport]:
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
            report: of a run that this one goes on with.
            checkpoint: whether derivatives go through stretches of steps once more where the flows of all of them take
                more than 1 GiB.

        Returns:
            the last flow, and how the run went.

        Raises:
            ConfigError: values of the wrong shape, or a viscosity that is not positive.
            SolverError: a step that is too long for the flow, or numbers that are not finite.
        """
        flow = (
            initial if isinstance(initial, FlowState) else self.start(initial, body_force=body_force, boundary=boundary)
        )
        report = FlowReport() if report is None else report
        driving = self.driving(viscosity, body_force=body_force, boundary=boundary)
        self._refuse_fast(flow)

        def told(flow: FlowState) -> None:
            self.watch(flow, report)
            if on_step is not None:
                on_step(flow)

        step = partial(self.driven, driving=driving)
        kept = _REMEMBERED * sum(t.nbytes for t in flow[:3])
        return in_stretches(step, flow, steps, told=told, checkpoint=checkpoint, kept=kept), report

    def watch(self, flow: FlowState, report: FlowReport) -> None:
        """Take the flow after one more step into a report.

        Args:
            flow: the flow.
            report: of the run so far.

        Raises:
            SolverError: a step that is too long for the flow, or numbers that are not finite.
        """
        courant, passing = self._refuse_fast(flow)
        report.steps += 1
        report.courant = max(report.courant, courant)
        report.imbalance = max(report.imbalance, self._imbalance(flow, passing))

    def gradients(
        self, flow: FlowState, *, boundary: Boundary | None = None
    ) -> tuple[Float[Tensor, "cells dim dim"], Float[Tensor, "cells dim"]]:
        """Gradients of the velocity, whose row ``i`` is that of component ``i``, and of the pressure.

        Args:
            flow: the flow.
            boundary: other values on the boundary, of the same kinds.
        """
        do, (cells, dim) = self._equations.do, flow.velocity.shape
        u, p = self._with_boundary(flow, boundary)
        return do.velocity_gradient(u).reshape(cells, dim, dim).mT, do.pressure_gradient(p).reshape(cells, dim)

    def courant_number(self, flow: FlowState) -> float:
        """Largest part of a cell's volume that leaves it in one step; not a number where the flow has none."""
        return float(self._leaving(flow)[0].max())

    def imbalance(self, flow: FlowState) -> float:
        """Largest sum of fluxes out of a cell, over the largest sum of their sizes in any cell."""
        return self._imbalance(flow, float(self._equations.do.passing(flow.flux.detach().abs()).max()))

    def force(
        self, flow: FlowState, patch: str, *, viscosity: float | Tensor, boundary: Boundary | None = None
    ) -> Tensor:
        r"""Force of the fluid on a patch over the density, :math:`\sum_b p \, S - \nu \, \partial_n u |S|` ``(dim,)``.

        Args:
            flow: the flow.
            patch: name of a wall.
            viscosity: kinematic.
            boundary: other values on the boundary, of the same kinds.

        Raises:
            ConfigError: an unknown patch.
        """
        check_patch(patch, self.mesh.patches)
        if patch not in self._on_patch:
            with torch.enable_grad():
                do, rows = self._equations.do, self.mesh.patches[patch]
                self._on_patch[patch] = do.pressure_at.rows(rows), do.velocity_slope.rows(rows)
        (pressure_at, slope), area = self._on_patch[patch], self._held.geometry.area[self.mesh.patches[patch]]
        u, p = self._with_boundary(flow, boundary)
        return (pressure_at(p)[:, None] * area - viscosity_of(viscosity) * slope(u)).sum(0)

    def _with_boundary(self, flow: FlowState, boundary: Boundary | None) -> tuple[Tensor, Tensor]:
        held = self._held.during(boundary)
        u = torch.cat([flow.velocity, held.velocity(flow.time)])
        return u, torch.cat([flow.pressure, held.pressure(flow.time)])

    def _imbalance(self, flow: FlowState, passing: float) -> float:
        left = float(self._equations.do.divergence(flow.flux.detach()).abs().max())
        return left / passing if passing > 0 else 0.0

    def _refuse_fast(self, flow: FlowState) -> tuple[float, float]:
        """The largest Courant number, if the step is not too long for it, and what flows through any cell's faces."""
        part, passing = self._leaving(flow)
        largest = float(part.max() + 0 * flow.velocity.detach().sum())
        if not largest <= self.courant:
            part = torch.where(part.isfinite() & flow.velocity.detach().isfinite().all(1), part, torch.inf)
            cell, largest = int(part.argmax()), float(part.max())
            finite = math.isfinite(largest)
            raise SolverError(
                f"the Courant number is {largest:.3g} in cell {cell} at time {flow.time:.6g}"
                if finite
                else f"the flow is not finite in cell {cell} at time {flow.time:.6g}",
                why=f"steps are stable up to about {self.courant:g}",
                fix=f"take dt below {self.dt * self.courant / largest:.3g}" if finite else "take a smaller dt",
            )
        return largest, float(passing.max())

    def _leaving(self, flow: FlowState) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
        """The part of each cell's volume that leaves it in one step, and what flows through its faces."""
        passing = self._equations.do.passing(flow.flux.detach().abs())
        return 0.5 * self.dt * passing / self._held.geometry.volume.detach(), passing
