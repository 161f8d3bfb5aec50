"""A scalar that a flow in time carries along, and does not feel."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.conditions import Value
from gno.fv.boundary.timed import now
from gno.fv.boundary.values import scalars
from gno.fv.incompressible.projection import Projection
from gno.fv.incompressible.projection_boundary import Boundary
from gno.fv.incompressible.state import FlowReport, FlowState
from gno.fv.linear.lagged import Kept
from gno.fv.marching.stepping import Weights
from gno.fv.marching.stretches import in_stretches
from gno.fv.transport.advection_diffusion import AdvectionDiffusion
from gno.fv.transport.terms import Transport


class Carried(NamedTuple):
    """A flow and a scalar at one time.

    Args:
        flow: the flow.
        u: the scalar ``(cells,)``.
        flat: differences that the limiter lets pass ``()``.
        before: the scalar one step earlier; none at the start.
    """

    flow: FlowState
    u: Float[Tensor, " cells"]
    flat: Float[Tensor, ""]
    before: Float[Tensor, " cells"] | None = None


class PassiveScalar:
    r"""A scalar in a flow in time: dye, or heat that does not drive the flow.

    .. math::
        \frac{3 u^{n+1} - 4 u^n + u^{n-1}}{2 \Delta t} + \nabla \cdot (\phi^{n+1} u^{n+1})
            - \nabla \cdot (D \nabla u^{n+1}) + c \, u^{n+1} = f

    Each step of the flow is followed by one of the scalar, with the flux :math:`\phi^{n+1}` that leaves nothing over in
    any cell: a constant stays constant, and the integral changes by what crosses the boundary and what is made, to
    rounding. Both can be differentiated in what moves the flow and what the scalar is made of. A second scalar of the
    same flow goes with ``follow``.

    Args:
        flow: the flow.
        scalar: its conditions, on the same mesh, and the scheme.
        diffusivity: ``D >= 0``: number, array ``(cells,)``, or function of points.
        source: ``f``, likewise; it may be ``Timed``.
        reaction: ``c``, likewise.

    Raises:
        ConfigError: a scalar on another mesh.

    Example:
        >>> from gno.fv import Dirichlet, FVMesh, Inlet, Neumann, NoSlip, PressureOutlet
        >>> from gno.mesh import shapes
        >>> mesh = FVMesh.of(shapes.square(0.25))
        >>> flow = Projection(mesh, {"left": Inlet(1.0), "right": PressureOutlet(), "*": NoSlip()}, dt=0.02)
        >>> dye = AdvectionDiffusion(mesh, {"left": Dirichlet(1.0), "*": Neumann()})
        >>> both = PassiveScalar(flow, dye, diffusivity=0.01)
        >>> last, report = both.advance(both.start(0.0, 0.0), 5, viscosity=0.1)
        >>> report.steps, bool(last.u.max() > 0.3)
        (5, True)
    """

    def __init__(
        self,
        flow: Projection,
        scalar: AdvectionDiffusion,
        *,
        diffusivity: Value,
        source: Value = 0.0,
        reaction: Value = 0.0,
    ) -> None:
        if scalar.mesh is not flow.mesh:
            raise ConfigError(
                "flow and scalar have two meshes",
                why="what flows through the faces of one carries the other",
                fix="make one FVMesh, and give it to both",
            )
        self.flow, self.scalar = flow, scalar
        self.diffusivity, self.source, self.reaction = diffusivity, source, reaction
        self._kept = Kept()

    def start(
        self, velocity: Value | FlowState, u: Value, *, body_force: Value = 0.0, boundary: Boundary | None = None
    ) -> Carried:
        """Flow and scalar to start from.

        Args:
            velocity: as ``Projection.start`` takes it, or a flow that has come from somewhere.
            u: the scalar: number, array ``(cells,)``, or function of points.
            body_force: as of ``Projection.start``.
            boundary: as of ``Projection.start``.

        Raises:
            ConfigError: values of the wrong shape.
        """
        flow = velocity
        if not isinstance(flow, FlowState):
            flow = self.flow.start(flow, body_force=body_force, boundary=boundary)
        first = scalars(u, self.flow.mesh.geometry(self.flow.points).centroid, "the initial scalar")
        return Carried(flow, first, self.scalar.flatness(first, self.transport(flow)))

    def step(
        self, carried: Carried, *, viscosity: float | Tensor, body_force: Value = 0.0, boundary: Boundary | None = None
    ) -> Carried:
        """One step of both.

        Args:
            carried: both at the last time.
            viscosity: as of ``Projection.step``.
            body_force: as of ``Projection.step``.
            boundary: of the flow, as of ``Projection.step``.

        Raises:
            SolverError: a step that is too long for the flow, or one of the scalar that does not converge.
        """
        flow = self.flow.step(carried.flow, viscosity=viscosity, body_force=body_force, boundary=boundary)
        return self.follow(carried, flow)

    def follow(self, carried: Carried, flow: FlowState) -> Carried:
        """The scalar one step later, in a flow that is already there; of first order where it has no time before.

        Args:
            carried: both at the last time.
            flow: the flow one step later.

        Raises:
            ConvergenceError: the step does not converge; it carries the report.
        """
        dt, before = self.flow.dt, carried.before
        weights = Weights.of("bdf2", dt, None if before is None else dt)
        memory = weights.memory(carried.u, carried.u if before is None else before)
        theta = self.transport(flow)._replace(flat=carried.flat)
        u, _ = self.scalar.balance.implicit(carried.u, weights.new, memory, theta, self._kept)
        return Carried(flow, u, carried.flat, carried.u)

    def advance(
        self,
        initial: Carried,
        steps: int,
        *,
        viscosity: float | Tensor,
        body_force: Value = 0.0,
        boundary: Boundary | None = None,
        on_step: Callable[[Carried], None] | None = None,
        report: FlowReport | None = None,
        checkpoint: bool = True,
    ) -> tuple[Carried, FlowReport]:
        """Many steps; what comes out can go in again.

        Args:
            initial: from ``start``, or from here.
            steps: number of steps.
            viscosity: as of ``Projection.advance``.
            body_force: as of ``Projection.advance``.
            boundary: of the flow, as of ``Projection.advance``.
            on_step: called with both after each step.
            report: as of ``Projection.advance``.
            checkpoint: whether derivatives go through each of about ``sqrt(steps)`` stretches once more instead of
                keeping what they need of all steps.

        Returns:
            both at the last time, and how the run went.

        Raises:
            ConfigError: values of the wrong shape, or a viscosity that is not positive.
            SolverError: a step that is too long for the flow, or one of the scalar that does not converge.
        """
        report = FlowReport() if report is None else report
        driving = self.flow.driving(viscosity, body_force=body_force, boundary=boundary)

        def step(carried: Carried) -> Carried:
            return self.follow(carried, self.flow.driven(carried.flow, driving))

        def told(carried: Carried) -> None:
            self.flow.watch(carried.flow, report)
            if on_step is not None:
                on_step(carried)

        return in_stretches(step, initial, steps, told=told, checkpoint=checkpoint), report

    def leaving(self, carried: Carried) -> dict[str, Float[Tensor, ""]]:
        """What flows and diffuses out through each patch, in a unit of time.

        Args:
            carried: both at one time.
        """
        inner, theta = self.flow.mesh.num_inner, self.transport(carried.flow)._replace(flat=carried.flat)
        out = self.scalar.balance.leaving(carried.u, theta)
        return {name: out[rows - inner].sum() for name, rows in self.flow.mesh.patches.items()}

    def gradient(self, carried: Carried) -> Float[Tensor, "cells dim"]:
        """Of the scalar, in the cells.

        Args:
            carried: both at one time.
        """
        return self.scalar.balance.gradients(carried.u, self.transport(carried.flow))

    def transport(self, flow: FlowState) -> Transport:
        """What the balance of the scalar takes, in a flow.

        Args:
            flow: the flow.

        Raises:
            ConfigError: values that do not fit, a negative diffusivity, or, without diffusion, a flow that comes in
                with no value.
        """
        return self.scalar.transport(
            flow.flux,
            self.diffusivity,
            source=now(self.source, flow.time),
            reaction=self.reaction,
            points=self.flow.points,
        )
