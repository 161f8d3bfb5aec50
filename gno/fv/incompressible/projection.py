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
from gno.fv.boundary.timed import now
from gno.fv.boundary.values import vectors
from gno.fv.incompressible.pressure_correction import Given, PressureCorrection
from gno.fv.incompressible.projection_boundary import Boundary, TimedBoundary
from gno.fv.incompressible.state import FlowReport, FlowState
from gno.fv.incompressible.viscosity import viscosity_of
from gno.fv.marching.stretches import in_stretches
from gno.fv.volumes.mesh import FVMesh
from gno.fv.volumes.patches import check_patch


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
            ``TimedBoundary`` refuses.

    Example:
        >>> from gno.fv.boundary.conditions import NoSlip
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
        self._held = TimedBoundary(mesh, boundary)
        self._equations = PressureCorrection(mesh, self._held, method=method)

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
        u = vectors(velocity, self.mesh.geometry().centroid, "the velocity")
        return self._equations.start(u, self._given(time, time, body_force, boundary), time)

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
        given = self._given(flow.time, flow.time + self.dt, body_force, boundary)
        return self._equations.step(flow, self.dt, viscosity_of(viscosity), given)

    def advance(
        self,
        initial: FlowState | Value,
        steps: int,
        *,
        viscosity: float | Tensor,
        body_force: Value = 0.0,
        boundary: Boundary | None = None,
        on_step: Callable[[FlowState], None] | None = None,
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
            checkpoint: whether derivatives go through each stretch of about ``sqrt(steps)`` steps once more instead of
                keeping what they need of all of them, for memory that grows with the root of the number of steps.

        Returns:
            the last flow, and how the run went.

        Raises:
            ConfigError: values of the wrong shape, or a viscosity that is not positive.
            SolverError: a step that is too long for the flow, or numbers that are not finite.
        """
        flow = (
            initial if isinstance(initial, FlowState) else self.start(initial, body_force=body_force, boundary=boundary)
        )
        report = FlowReport()
        step = partial(self.step, viscosity=viscosity_of(viscosity), body_force=body_force, boundary=boundary)

        def told(flow: FlowState) -> None:
            self.watch(flow, report)
            if on_step is not None:
                on_step(flow)

        return in_stretches(step, flow, steps, told=told, checkpoint=checkpoint), report

    def watch(self, flow: FlowState, report: FlowReport) -> None:
        """Take the flow after one more step into a report.

        Args:
            flow: the flow.
            report: of the run so far.

        Raises:
            SolverError: a step that is too long for the flow, or numbers that are not finite.
        """
        report.steps += 1
        report.courant = max(report.courant, self._refuse_fast(flow))
        report.imbalance = max(report.imbalance, self.imbalance(flow))

    def gradients(
        self, flow: FlowState, *, boundary: Boundary | None = None
    ) -> tuple[Float[Tensor, "cells dim dim"], Float[Tensor, "cells dim"]]:
        """Gradients of the velocity, whose row ``i`` is that of component ``i``, and of the pressure.

        Args:
            flow: the flow.
            boundary: other values on the boundary, of the same kinds.
        """
        do, (cells, dim) = self._equations.do, flow.velocity.shape
        u = torch.cat([flow.velocity, self._held.velocity(flow.time, boundary)])
        p = torch.cat([flow.pressure, self._held.pressure(flow.time, boundary)])
        return do.velocity_gradient(u).reshape(cells, dim, dim).mT, do.pressure_gradient(p).reshape(cells, dim)

    def imbalance(self, flow: FlowState) -> float:
        """Largest sum of fluxes out of a cell, over the largest sum of their sizes in any cell."""
        flux = flow.flux.detach()
        size = self._equations.passing(flux).max()
        return float(self._equations.do.divergence(flux).abs().max() / size) if size > 0 else 0.0

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
        do, rows, area = self._equations.do, self.mesh.patches[patch], self.mesh.geometry().area
        p = do.pressure_at(torch.cat([flow.pressure, self._held.pressure(flow.time, boundary)]))
        shear = do.velocity_slope(torch.cat([flow.velocity, self._held.velocity(flow.time, boundary)]))
        return (p[:, None] * area - viscosity_of(viscosity) * shear)[rows].sum(0)

    def _given(self, before: float, time: float, force: Value, boundary: Boundary | None) -> Given:
        held, centers = self._held, self.mesh.geometry().centroid
        return Given(
            velocity=held.velocity(time, boundary),
            pressure=held.pressure(time, boundary),
            pressure_before=held.pressure(before, boundary),
            force=vectors(now(force, time), centers, "the force"),
        )

    def _refuse_fast(self, flow: FlowState) -> float:
        """The largest Courant number, if the step is not too long for it."""
        with torch.no_grad():
            part = 0.5 * self.dt * self._equations.passing(flow.flux.detach()) / self.mesh.geometry().volume
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
