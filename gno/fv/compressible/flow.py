"""Steady flow of a gas: mass, momentum and energy in balance about every node."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.boundary.conditions import Condition
from gno.fv.compressible.balance import CompressibleBalance, CompressibleTheta
from gno.fv.compressible.boundary import BODIES, GasBoundary
from gno.fv.compressible.free_stream import FreeStream, Number
from gno.fv.compressible.gas import Conserved, Gas
from gno.fv.compressible.hllc import hllc
from gno.fv.compressible.jst_balance import JSTBalance
from gno.fv.compressible.laminar import Laminar
from gno.fv.compressible.march import March, PseudoTime
from gno.fv.compressible.positivity import reach, refuse_negative
from gno.fv.compressible.roe import roe
from gno.fv.compressible.solution import CompressibleFlow
from gno.fv.compressible.upwind_balance import UpwindBalance
from gno.fv.nonlinear.implicit import implicit_solve
from gno.fv.nonlinear.newton import OnStep
from gno.fv.nonlinear.report import ConvergenceError, Report
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh

SCHEMES = ("roe", "hllc", "jst")
SCHEME = "jst"
"""The one that is taken where none is named."""
LOOSE = 1e-3
"""Residual of the central scheme at which an upwind one takes over."""
_FIX = "lower cfl in PseudoTime, start from a flow of a lower Mach number, or look at the mesh there"


class Compressible:
    r"""Steady flow of an ideal gas (Euler, or laminar Navier and Stokes), about the nodes of any mesh.

    .. math::
        \nabla \cdot (\rho v) = 0, \qquad \nabla \cdot (\rho v \otimes v) + \nabla p = \nabla \cdot \tau, \qquad
        \nabla \cdot \big( (\rho E + p) v \big) = \nabla \cdot (\tau v - q), \qquad
        p = (\gamma - 1) \left( \rho E - \rho |v|^2 / 2 \right)

    Unknowns lie at the nodes, and balances are those of the median dual. ``roe`` and ``hllc`` are upwind, of second
    order with a smooth limiter; ``jst`` is central, with differences of second and fourth order. Newton's method solves
    for all unknowns at once. There is no friction, :math:`\tau = 0` and :math:`q = 0`, unless ``viscous`` says which.

    Source: Blazek 2015, Computational Fluid Dynamics, chapter 5; the schemes are cited where they stand.

    Args:
        mesh: any mesh, or its median dual.
        conditions: patch to ``Slip``, ``Symmetry``, ``FarField``, ``Inlet``, ``StagnationInlet`` or ``PressureOutlet``;
            with friction ``NoSlip`` or ``IsothermalWall``, too; ``*`` holds on all that are not named. Forces are those
            on ``Slip``, ``NoSlip`` and ``IsothermalWall``.
        scheme: ``jst``, ``roe`` or ``hllc``.
        heat_ratio: :math:`\gamma`, of specific heats.
        chord: length that forces refer to, and the size of what the gas flows about.
        viscous: friction and conduction of heat: ``Laminar()``; the Reynolds number is one of the free stream.

    Raises:
        ConfigError: an unknown scheme or patch, a patch without a condition, or a number that cannot be used.

    Example:
        >>> from gno.fv import FarField, Slip
        >>> from gno.mesh import shapes
        >>> mesh = shapes.airfoil_o(shapes.naca("0012"), around=24, outward=12)
        >>> solver = Compressible(mesh, {"airfoil": Slip(), "farfield": FarField()})
        >>> flow = solver.solve(mach=0.5, alpha=1.25)
        >>> flow.report.converged, tuple(flow.velocity.shape), 0.1 < float(flow.cl) < 0.2
        (True, (312, 2), True)
    """

    def __init__(
        self,
        mesh: Mesh | FVMesh,
        conditions: Mapping[str, Condition],
        *,
        scheme: str = SCHEME,
        heat_ratio: float = 1.4,
        chord: float = 1.0,
        viscous: Laminar | None = None,
    ) -> None:
        self.mesh = mesh if isinstance(mesh, FVMesh) else FVMesh.of(mesh, kind="dual")
        if self.mesh.kind != "dual":
            raise ConfigError(
                f"the mesh is of kind {self.mesh.kind!r}", why="a gas is balanced about nodes: kind='dual'"
            )
        if scheme not in SCHEMES:
            raise ConfigError(f"scheme {scheme!r} is unknown", why=f"there are {', '.join(SCHEMES)}")
        if not (heat_ratio > 1 and chord > 0):
            raise ConfigError(f"heat_ratio is {heat_ratio}, chord is {chord}", why="they are larger than 1, and than 0")
        self.scheme, self.heat_ratio, self.chord, self.viscous = scheme, heat_ratio, chord, viscous
        self.boundary = GasBoundary.of(self.mesh, conditions, friction=viscous is not None)
        self.boundary.warn_near(chord)
        self.balance: CompressibleBalance = (
            JSTBalance(self.boundary, heat_ratio, chord, viscous)
            if scheme == "jst"
            else UpwindBalance(self.boundary, heat_ratio, chord, roe if scheme == "roe" else hllc, viscous)
        )

    def solve(
        self,
        *,
        mach: Number,
        alpha: Number = 0.0,
        density: Number = 1.0,
        pressure: Number | None = None,
        reynolds: Number | None = None,
        points: Float[Tensor, "nodes dim"] | None = None,
        initial: CompressibleFlow | None = None,
        method: PseudoTime | None = None,
        on_step: OnStep | None = None,
    ) -> CompressibleFlow:
        """The steady flow, differentiable in the free stream, values on the boundary and coordinates of the nodes.

        Args:
            mach: of the free stream; numbers ``(samples,)`` give as many flows, and so for the next four.
            alpha: angle of attack in degrees, from x to y.
            density: of the free stream.
            pressure: of the free stream; without it the speed of sound is one where the density is.
            reynolds: number of the free stream, of a gas with friction.
            points: other coordinates of the nodes.
            initial: a flow to start from, as that of the last parameters; from the free stream without it.
            method: tolerance, most iterations, CFL number.
            on_step: called with the number of steps and the relative residual.

        Raises:
            ConfigError: a number that cannot be used.
            MeshError: points with which cells cannot be used.
            ConvergenceError: no convergence; it carries the report.
            SolverError: a density or pressure that cannot be kept positive, or gas that comes in faster than sound
                where a condition does not say all about it.
        """
        free = self.free_stream(mach=mach, alpha=alpha, density=density, pressure=pressure, reynolds=reynolds)
        theta = self.parameters(free, points)
        with torch.no_grad():
            still, scale = self._undisturbed(free, theta)
            start = self._approach(still, free, points, scale) if initial is None else self._start(initial, still)
        state, report = self.steady(theta, start, scale=scale, method=method, on_step=on_step)
        return self.flow(state, free, theta, report)

    @torch.no_grad()
    def improve(self, initial: CompressibleFlow, free: FreeStream, method: PseudoTime) -> CompressibleFlow:
        """A flow made nearer to the steady one; its ``report`` says how near.

        Args:
            initial: the flow to start from.
            free: from ``free_stream``.
            method: tolerance and most iterations, at either of which it stops.

        Raises:
            SolverError: a density or pressure that cannot be kept positive.
        """
        theta = self.parameters(free)
        still, scale = self._undisturbed(free, theta)
        state, report = self._march(self.balance, theta, self._start(initial, still), scale, method)
        return self.flow(state, free, theta, report)

    def free_stream(
        self,
        *,
        mach: Number,
        alpha: Number = 0.0,
        density: Number = 1.0,
        pressure: Number | None = None,
        reynolds: Number | None = None,
    ) -> FreeStream:
        """The undisturbed flow; arguments as of ``solve``."""
        length = self.chord if self.viscous is None or self.viscous.length is None else self.viscous.length
        return FreeStream.of(
            mach,
            alpha,
            density,
            pressure,
            dim=self.mesh.dim,
            heat_ratio=self.heat_ratio,
            reynolds=reynolds,
            length=length,
        )

    def parameters(self, free: FreeStream, points: Float[Tensor, "nodes dim"] | None = None) -> CompressibleTheta:
        """What the residual depends on beside the state: geometry, and what is given on the boundary.

        Args:
            free: from ``free_stream``.
            points: other coordinates of the nodes.

        Raises:
            ConfigError: values on the boundary that cannot be used, a vortex in a stream not slower than sound, or a
                Reynolds number too many or too few.
            MeshError: points with which cells cannot be used.
        """
        if self.viscous is not None and free.viscosity is None:
            raise ConfigError(
                "there is no Reynolds number",
                why="the gas has friction",
                fix="give reynolds=, as mach, to the free stream",
            )
        if self.viscous is None and free.viscosity is not None:
            raise ConfigError(
                "there is a Reynolds number", why="the gas has no friction", fix="give viscous=Laminar() to the solver"
            )
        if points is not None:
            self.mesh.check(points)
        return self.balance.theta(self.mesh.geometry(points), free)

    def steady(
        self,
        parameters: CompressibleTheta,
        start: Conserved,
        *,
        scale: Float[Tensor, " samples"],
        method: PseudoTime | None = None,
        on_step: OnStep | None = None,
    ) -> tuple[Conserved, Report]:
        """The state whose residual is nought, differentiable in all that the parameters are made of.

        Args:
            parameters: from ``parameters``, or made of these.
            start: the state to start from.
            scale: norm of the residual that counts as one.
            method: as of ``solve``.
            on_step: as of ``solve``.

        Raises:
            ConvergenceError: no convergence; it carries the report.
            SolverError: a density or pressure that cannot be kept positive, or gas that comes in too fast.
        """
        state, report = self._march(self.balance, parameters, start, scale, method or PseudoTime(), on_step)
        gas = Gas.of(state.detach(), self.heat_ratio)
        self.boundary.refuse_fast_inflow(gas, parameters.metric.outer_area, self.heat_ratio)  # why it did not converge?
        if not report.converged:
            raise ConvergenceError(report, fix=_FIX)
        return state, report

    def _march(
        self,
        balance: CompressibleBalance,
        parameters: CompressibleTheta,
        start: Tensor,
        scale: Tensor,
        method: PseudoTime,
        on_step: OnStep | None = None,
    ) -> tuple[Tensor, Report]:
        march = March(
            method,
            rate=lambda u: balance.rate(u, parameters),
            reach=lambda u, step: reach(u, step, self.heat_ratio),
            scale=scale,
            refuse=lambda u, step: refuse_negative(u, step, self.heat_ratio),
        )
        return implicit_solve(
            balance.residual,
            start,
            parameters,
            jacobian=balance.linearized,
            method=march,
            derivatives=method.derivatives,
            on_step=on_step,
            check=False,
        )

    def _approach(self, still: Tensor, free: FreeStream, points: Tensor | None, scale: Tensor) -> Tensor:
        """Where an upwind scheme starts: near the flow of the central one, in which shocks form with less trouble."""
        if self.scheme == "jst":
            return still
        central = JSTBalance(self.boundary, self.heat_ratio, self.chord, self.viscous)
        theta = central.theta(self.mesh.geometry(points), free)
        try:
            return self._march(central, theta, still, scale, PseudoTime(tolerance=LOOSE))[0]
        except SolverError:
            return still

    def residual(self, state: Conserved, parameters: CompressibleTheta) -> Conserved:
        r"""What flows out of each dual cell: :math:`\sum_j F_{ij} + \sum_b F_b`, nought where the flow is steady.

        So :math:`V_i \, \partial U_i / \partial t = -R_i(U)`, with ``parameters.metric.volume``.

        Args:
            state: density, momentum and total energy per unit of volume ``(..., nodes, dim + 2)``, where density and
                speed of sound of the free stream are one: what ``free_stream`` calls units.
            parameters: from ``parameters``.
        """
        return self.balance.residual(state, parameters)

    def _undisturbed(self, free: FreeStream, theta: CompressibleTheta) -> tuple[Tensor, Tensor]:
        """The free stream everywhere, and the norm of its residual."""
        still = free.gas.conserved(self.heat_ratio)
        still = still.expand(*still.shape[:-2], self.mesh.num_cells, -1)
        return still, self.residual(still, theta).flatten(-2).norm(dim=-1).reshape(-1)

    def _start(self, initial: CompressibleFlow, still: Tensor) -> Tensor:
        """A flow as a state, in the units of its own free stream, and moved along with it: else waves would come in."""
        stream = initial.stream
        sound = stream.sound_speed(self.heat_ratio)[..., None]
        units = Gas(stream.density, sound, self.heat_ratio * stream.pressure)
        gas, far = (Gas(*(there / one for there, one in zip(of, units))) for of in (initial.gas, stream))
        shift = Gas.of(still[..., :1, :], self.heat_ratio).velocity - far.velocity
        try:
            velocity = (gas.velocity + shift).broadcast_to(*still.shape[:-1], self.mesh.dim)
            return gas._replace(velocity=velocity).conserved(self.heat_ratio).broadcast_to(still.shape).clone()
        except RuntimeError as error:
            raise ConfigError(
                f"the initial flow has a velocity of shape {tuple(initial.velocity.shape)}",
                why=f"the mesh and the samples need {(*still.shape[:-1], self.mesh.dim)}",
            ) from error

    def flow(
        self, state: Conserved, free: FreeStream, parameters: CompressibleTheta, report: Report
    ) -> CompressibleFlow:
        """A state in the unit of the user, with all that forces need.

        Args:
            state: as of ``residual``.
            free: from ``free_stream``.
            parameters: from ``parameters``.
            report: how the state was found.
        """
        gas = Gas(*(there * one for there, one in zip(Gas.of(state, self.heat_ratio), free.units)))
        start, friction = self.mesh.num_inner, self.balance.friction(state, parameters)
        return CompressibleFlow(
            density=gas.density,
            velocity=gas.velocity,
            pressure=gas.pressure,
            stream=Gas(*(there * one for there, one in zip(free.gas, free.units))),
            heat_ratio=self.heat_ratio,
            chord=self.chord,
            report=report,
            area=parameters.metric.outer_area,
            node=self.mesh.owner[start:],
            walls={name: self.mesh.patches[name] - start for name in self.boundary.patches(*BODIES)},
            viscosity=free.own_viscosity,
            friction=None if friction is None else friction * free.units.pressure[..., None],
        )
