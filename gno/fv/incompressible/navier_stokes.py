"""Steady incompressible flow: all balances of momentum and mass at once, by Newton's method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.boundary.assignment import partners
from gno.fv.boundary.conditions import Condition, PressureOutlet, Value
from gno.fv.boundary.determined import part_mean
from gno.fv.boundary.values import vectors
from gno.fv.incompressible.balance import FlowBalance, FlowTheta
from gno.fv.incompressible.boundary import FlowBoundary
from gno.fv.incompressible.flow import Flow
from gno.fv.incompressible.viscosity import viscosity_of
from gno.fv.linear.lagged import LinearError, Linearization
from gno.fv.nonlinear.continuation import approach
from gno.fv.nonlinear.implicit import implicit_solve
from gno.fv.nonlinear.newton import Newton, OnStep
from gno.fv.nonlinear.report import ConvergenceError, Report
from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh

_FIX = "raise the viscosity or blending, refine the mesh, or give an initial flow"

LOOSE = 1e-3
"""Relative residual to which easier problems are solved."""
STALL = 3
"""Steps without half of the residual after which an easier problem is tried."""


class NavierStokes:
    r"""Steady incompressible flow of density one, on cells of any shape.

    .. math::
        \nabla \cdot (u \otimes u) + \nabla p - \nu \Delta u = f, \qquad \nabla \cdot u = 0

    Of second order in space: linear values on faces, gradients by least squares, pressure and velocity tied together
    by the flux of Rhie and Chow. Newton's method solves for all unknowns at once. Where it does not converge, flows
    of larger viscosity lead up to the one that is asked for.

    Source: Ferziger, Peric and Street 2020, Computational Methods for Fluid Dynamics, chapters 8 and 9.

    Args:
        mesh: cells.
        boundary: patch to ``NoSlip``, ``Slip``, ``Symmetry``, ``Inlet``, ``PressureOutlet`` or ``Periodic``; ``*``
            holds on all that are not named.
        blending: share of upwinding, from 0 (central) to 1 (linear upwind; of second order too), for flows that a mesh
            is too coarse for.

    Raises:
        ConfigError: an unknown patch, a patch without a condition, or one that is not about a flow.

    Example:
        >>> from gno.fv.boundary.conditions import NoSlip
        >>> from gno.mesh import shapes
        >>> cavity = NavierStokes(shapes.square(0.125, kind="quad"), {"top": NoSlip((1.0, 0.0)), "*": NoSlip()})
        >>> flow = cavity.solve(viscosity=0.01)
        >>> flow.report.converged, tuple(flow.velocity.shape)
        (True, (64, 2))
    """

    def __init__(self, mesh: Mesh | FVMesh, boundary: Mapping[str, Condition], *, blending: float = 0.0) -> None:
        self.mesh = mesh if isinstance(mesh, FVMesh) else FVMesh.of(mesh, periodic=partners(boundary))
        if self.mesh.kind != "cell":
            raise ConfigError(f"the mesh is of kind {self.mesh.kind!r}", why="flows are solved in cells: kind='cell'")
        if not 0 <= blending <= 1:
            raise ConfigError(f"blending is {blending}", why="it is a share, from 0 to 1")
        self.boundary = FlowBoundary.of(self.mesh, boundary)
        self.balance = FlowBalance(self.boundary, blending=blending)
        self.pinned = self._pinned()

    def solve(
        self,
        *,
        viscosity: float | Tensor,
        body_force: Value = 0.0,
        points: Float[Tensor, "nodes dim"] | None = None,
        initial: Flow | None = None,
        method: Newton | None = None,
        derivatives: int = 1,
        on_step: OnStep | None = None,
    ) -> Flow:
        """The flow, differentiable in the viscosity, body force, values on the boundary and coordinates of the nodes.

        Args:
            viscosity: kinematic, one number larger than 0.
            body_force: per unit of volume: a vector ``(dim,)``, ``(cells, dim)`` or a function of points.
            points: other coordinates of the nodes.
            initial: a flow to start from, as that of the last parameters; from rest without it.
            method: Newton's method, with its options.
            derivatives: how often the flow can be differentiated.
            on_step: called with the number of steps and the relative residual.

        Raises:
            ConfigError: a viscosity or body force that cannot be used; velocities on the boundary that do not balance.
            MeshError: points with which cells cannot be used.
            ConvergenceError: no convergence; it carries the report.
            SolverError: no convergence, in a step that was not found.
        """
        if points is not None:
            self.mesh.check(points)
        geometry = self.mesh.geometry(points)
        force = vectors(body_force, geometry.centroid, "the body force")
        theta = self.balance.theta(geometry, viscosity_of(viscosity), force, self.pinned)
        method = method or Newton(tolerance=1e-11, linear="diagonal")
        start, quick = self._start(initial), replace(method, stall=method.stall or STALL)
        try:
            state, report = self._newton(start, theta, quick, derivatives, on_step)
            found = report.converged
        except LinearError:
            found = False
        if not found:
            start = self._approach(start, theta, method, on_step)
            state, report = self._last(start, theta, method, derivatives, on_step)
        return self._flow(state, theta, geometry, report)

    def residual(
        self,
        velocity: Float[Tensor, "cells dim"],
        pressure: Float[Tensor, " cells"],
        *,
        viscosity: float | Tensor,
        body_force: Value = 0.0,
    ) -> Float[Tensor, "cells equations"]:
        """By how much a flow misses the balances of momentum and mass of each cell, per unit volume.

        Args:
            velocity: in the cells.
            pressure: in the cells; its level does not matter where nothing gives it one.
            viscosity: as in ``solve``.
            body_force: as in ``solve``.

        Raises:
            ConfigError: values of another shape, or that cannot be used.
        """
        geometry = self.mesh.geometry(None)
        force = vectors(body_force, geometry.centroid, "the body force")
        theta = self.balance.theta(geometry, viscosity_of(viscosity), force, self.pinned)
        state = self._state(velocity.double(), pressure.double())
        return self.balance.residual(state, theta) / geometry.volume[:, None]

    def _newton(
        self, start: Tensor, theta: FlowTheta, method: Newton, derivatives: int = 1, on_step: OnStep | None = None
    ) -> tuple[Tensor, Report]:
        return implicit_solve(
            self.balance.residual,
            start,
            theta,
            jacobian=self._jacobian,
            method=method,
            derivatives=derivatives,
            on_step=on_step,
            check=False,
        )

    def _last(
        self, start: Tensor, theta: FlowTheta, method: Newton, derivatives: int, on_step: OnStep | None
    ) -> tuple[Tensor, Report]:
        """The flow, or an error."""
        try:
            state, report = self._newton(start, theta, method, derivatives, on_step)
        except LinearError as error:
            raise SolverError(
                "no convergence: a step of Newton's method was not found", why=error.what, fix=_FIX
            ) from error
        if not report.converged:
            raise ConvergenceError(report, fix=_FIX)
        return state, report

    def _jacobian(self, state: Tensor, theta: FlowTheta) -> Linearization:
        """Exact, and for the factor that with gradients held fixed, which costs a third and serves as well."""
        exact = self.balance.jacobian
        return *exact(state, theta), partial(exact, state, theta, first_order=True)

    @torch.no_grad()
    def _approach(self, start: Tensor, theta: FlowTheta, method: Newton, on_step: OnStep | None) -> Tensor:
        """A start near to the solution, by way of larger viscosities."""
        loose = replace(method, tolerance=max(LOOSE, method.tolerance), stall=method.stall or STALL)

        def attempt(factor: float, state: Tensor) -> tuple[Tensor, Report]:
            thicker = theta._replace(viscosity=factor * theta.viscosity, pin=theta.pin / factor)
            return self._newton(state, thicker, loose, on_step=on_step)

        return approach(attempt, start)[0]

    def _pinned(self) -> Float[Tensor, " cells"]:
        """One in the first cell of each connected part that no outlet gives a pressure."""
        parts, held = self.mesh.parts, torch.zeros(self.mesh.num_cells, dtype=torch.float64)
        given = parts[self.mesh.owner[self.boundary.faces(PressureOutlet)]].tolist()
        for part in range(int(parts.max()) + 1):
            if part not in given:
                held[int((parts == part).nonzero()[0])] = 1.0
        return held

    def _start(self, initial: Flow | None) -> Tensor:
        if initial is None:
            return torch.zeros(self.mesh.num_cells, self.mesh.dim + 1, dtype=torch.float64)
        return self._state(initial.velocity.detach(), initial.pressure.detach(), "initial flow")

    def _state(self, velocity: Tensor, pressure: Tensor, what: str = "flow") -> Tensor:
        """All unknowns, with a pressure of nought where its level is pinned."""
        if velocity.shape != (self.mesh.num_cells, self.mesh.dim) or pressure.shape != velocity.shape[:1]:
            raise ConfigError(
                f"the {what} has a velocity of shape {tuple(velocity.shape)}, a pressure of {tuple(pressure.shape)}",
                why=f"the mesh needs ({self.mesh.num_cells}, {self.mesh.dim}) and ({self.mesh.num_cells},)",
            )
        parts = self.mesh.parts
        level = pressure.new_zeros(int(parts.max()) + 1).index_add(0, parts, self.pinned * pressure)
        return torch.cat([velocity, (pressure - level[parts])[:, None]], 1)

    def _flow(self, state: Tensor, theta: FlowTheta, geometry: Geometry, report: Report) -> Flow:
        balance, dim = self.balance, self.mesh.dim
        slope, _ = balance.slopes(state, theta)
        inside = balance.flux(*balance.sides(state, slope), theta)[:, dim]
        mass, _, stress, surface = balance.on_border(*balance.border_side(state, slope), theta)
        level = self._level(state[:, dim], geometry.volume)
        surface = surface - level[self.mesh.owner[self.mesh.num_inner :]]
        return Flow(
            velocity=state[:, :dim],
            pressure=state[:, dim] - level,
            velocity_gradient=slope[:, :dim],
            pressure_gradient=slope[:, dim],
            mass_flux=torch.cat([inside, mass]),
            traction=surface[:, None] * theta.outer.area - theta.viscosity * stress,
            surface_pressure=surface,
            report=report,
            patches=self.mesh.patches,
            centroid=geometry.centroid,
        )

    def _level(self, pressure: Tensor, volume: Tensor) -> Tensor:
        """Mean of the pressure over the part of each cell, where that is not given a level; else nought."""
        parts = self.mesh.parts
        pinned = volume.new_zeros(int(parts.max()) + 1).index_add(0, parts, self.pinned)
        return part_mean(pressure, volume, parts) * pinned[parts]
