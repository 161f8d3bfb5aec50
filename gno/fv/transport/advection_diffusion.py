"""A scalar that flows, diffuses, reacts: steady or in time, differentiable in all it is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.boundary.assignment import by_patch, partners
from gno.fv.boundary.conditions import Value
from gno.fv.boundary.outer import Outer
from gno.fv.boundary.values import scalars
from gno.fv.marching.stepping import Stepping, Trajectory
from gno.fv.nonlinear.newton import Newton
from gno.fv.nonlinear.report import Report
from gno.fv.transport.advected import Scheme, check_scheme
from gno.fv.transport.balance import ScalarBalance
from gno.fv.transport.terms import Medium, Transport
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh

FLAT = 1e-3
"""Differences that the limiter lets pass, over the range of the data."""
ROUNDING = 1e-12
"""A flow that is small against the largest by this is none."""


@dataclass(frozen=True, eq=False)
class Scalar:
    """A steady scalar field.

    Args:
        u: values at the centroids ``(cells,)``.
        gradient: in the cells ``(cells, dim)``.
        flux: patch to what flows and diffuses out through it; ``*`` holds outer faces of no named patch.
        report: how the iteration went.
    """

    u: Float[Tensor, " cells"]
    gradient: Float[Tensor, "cells dim"]
    flux: Mapping[str, Tensor]
    report: Report


class AdvectionDiffusion:
    r"""A scalar in a flow, by finite volumes with unknowns at the centroids of the cells.

    .. math::
        \frac{\partial u}{\partial t} + \nabla \cdot (a u) - \nabla \cdot (D \nabla u) + c \, u = f

    What flows through a face is extrapolated from the cell upstream (``limited``: within the bounds of the field, by a
    limiter that is smooth, so that Newton's method converges and derivatives are exact); what diffuses is the
    two-point flux, corrected for the way in which the line through the centroids misses the face. Where a flow leaves,
    ``Neumann()`` lets it go freely.

    Args:
        mesh: of cells.
        boundary: patch to ``Dirichlet``, ``Neumann`` (of the diffusive flux), ``Robin``, ``Symmetry`` or ``Periodic``;
            ``*`` for all that are not named.
        scheme: ``upwind`` (order 1), ``linear-upwind``, ``limited`` or ``central`` (order 2).
        flat: differences that the limiter lets pass, in the unit of the field; without it a thousandth of the range of
            the data, to a power of ten.

    Raises:
        ConfigError: an unknown scheme or patch, a patch without condition, or a mesh of dual cells.

    Example:
        >>> from gno.fv import Dirichlet, Neumann
        >>> from gno.mesh import shapes
        >>> solver = AdvectionDiffusion(shapes.square(0.25), {"left": Dirichlet(1.0), "*": Neumann()})
        >>> field = solver.solve(velocity=(1.0, 0.0), diffusivity=0.1)
        >>> round(float(field.u.min()), 6), round(float(field.flux["right"]), 6)
        (1.0, 1.0)
    """

    def __init__(
        self,
        mesh: Mesh | FVMesh,
        boundary: Mapping[str, Any],
        *,
        scheme: Scheme = "limited",
        flat: float | None = None,
    ) -> None:
        check_scheme(scheme)
        if flat is not None and not 0 < flat < math.inf:
            raise ConfigError(f"flat is {flat}", why="it must be positive and finite")
        self.mesh = FVMesh.of(mesh, periodic=partners(boundary)) if isinstance(mesh, Mesh) else mesh
        if self.mesh.kind != "cell":
            raise ConfigError(f"the finite volumes are of kind {self.mesh.kind!r}", fix="use those of kind 'cell'")
        self.flat = flat
        self.held = by_patch(self.mesh.patches, boundary, joined=self.mesh.periodic)
        self.balance = ScalarBalance(self.mesh, scheme)

    def transport(
        self,
        velocity: Value,
        diffusivity: Value,
        *,
        source: Value = 0.0,
        reaction: Value = 0.0,
        points: Float[Tensor, "nodes dim"] | None = None,
    ) -> Transport:
        """What the balance takes as its parameters.

        Args:
            velocity: a vector ``(dim,)``, a function of points, vectors of the cells ``(cells, dim)``, or what flows
                through each face out of its owner ``(faces,)``.
            diffusivity: ``D >= 0``: number, array ``(cells,)``, or function of points ``(n, dim)``.
            source: ``f``, likewise.
            reaction: ``c``, likewise.
            points: other coordinates of the nodes.

        Raises:
            ConfigError: values that do not fit, a negative diffusivity, or, without diffusion, a flow that comes in
                with no value, or a given flux.
            MeshError: points with which cells cannot be used.
        """
        if points is not None:
            self.mesh.check(points.detach())
        geometry = self.mesh.geometry(points)
        medium = Medium.of(geometry, velocity, diffusivity, source, reaction)
        given = Outer.of(self.held, self.mesh.patches, geometry)
        self._check_inflow(medium, given)
        return medium.transport(geometry, given, self.balance.pairs)

    def solve(
        self,
        velocity: Value,
        diffusivity: Value,
        *,
        source: Value = 0.0,
        reaction: Value = 0.0,
        points: Float[Tensor, "nodes dim"] | None = None,
        initial: Value | None = None,
        method: Newton | None = None,
    ) -> Scalar:
        """The steady field.

        Args:
            velocity: as of ``transport``.
            diffusivity: as of ``transport``.
            source: as of ``transport``.
            reaction: as of ``transport``.
            points: as of ``transport``.
            initial: where a limited scheme starts; without it at the solution of order 1.
            method: Newton's method, with its options.

        Raises:
            ConfigError: as of ``transport``.
            ConvergenceError: no convergence; it carries the report.
            SolverError: the solution is not unique.
        """
        theta = self.transport(velocity, diffusivity, source=source, reaction=reaction, points=points)
        self._check_unique(theta)
        with torch.no_grad():
            if initial is None:
                first_order = ScalarBalance(self.mesh, "upwind")
                start, _ = first_order.steady(torch.zeros_like(theta.volume), theta)
            else:
                start = scalars(initial, self.mesh.geometry(points).centroid, "the initial state")
        theta = theta._replace(flat=self.flatness(start, theta))
        u, report = self.balance.steady(start, theta, method)
        leaving = self.balance.leaving(u, theta)
        flux = {name: leaving[rows - self.mesh.num_inner].sum() for name, rows in self.mesh.patches.items()}
        return Scalar(u, self.balance.gradients(u, theta), flux, report)

    def advance(
        self,
        initial: Value,
        times: Sequence[float] | Float[Tensor, " instants"],
        velocity: Value,
        diffusivity: Value,
        *,
        source: Value = 0.0,
        reaction: Value = 0.0,
        points: Float[Tensor, "nodes dim"] | None = None,
        stepping: Stepping | None = None,
    ) -> Trajectory:
        """The field in time, from a first state on, in an unchanging medium.

        Args:
            initial: the first state: number, array ``(cells,)``, or function of points.
            times: the instants, ascending; each but the first takes one implicit solve.
            velocity: as of ``transport``.
            diffusivity: as of ``transport``.
            source: as of ``transport``.
            reaction: as of ``transport``.
            points: as of ``transport``.
            stepping: the method, which states to keep, whether to save memory.

        Raises:
            ConfigError: as of ``transport``, or times that do not ascend.
            ConvergenceError: a step that did not converge; it carries the report.
        """
        theta = self.transport(velocity, diffusivity, source=source, reaction=reaction, points=points)
        first = scalars(initial, self.mesh.geometry(points).centroid, "the initial state")
        theta = theta._replace(flat=self.flatness(first, theta))
        return (stepping or Stepping()).march(self.balance, first, times, theta)

    def flatness(self, u: Float[Tensor, " cells"], theta: Transport) -> Float[Tensor, ""]:
        """Differences that the limiter lets pass.

        A power of ten, so that it does not change with small changes of the data, which derivatives look at.

        Args:
            u: a state that shows the range of the field.
            theta: from ``transport``.
        """
        if self.flat is not None:
            return u.new_tensor(self.flat)
        values = torch.cat([u, theta.outer.gamma[theta.outer.beta < 1]]).detach()
        spread = float(values.max() - values.min())
        return u.new_tensor(FLAT * 10.0 ** round(math.log10(spread)) if spread > 0 else FLAT)

    def _check_inflow(self, medium: Medium, given: Outer) -> None:
        """Without diffusion what comes in must have a value, and there is no diffusive flux."""
        outer = slice(self.mesh.num_inner, None)
        none = medium.diffusivity[self.mesh.owner[outer]] == 0
        entering = medium.mass[outer] < -ROUNDING * medium.mass.abs().max() if len(medium.mass) else none
        unknown = none & ~given.given & (given.transfer == 0) & (entering | (given.flux != 0))
        for name, rows in self.mesh.patches.items():
            bad = unknown[rows - self.mesh.num_inner]
            if bool(bad.any()):
                raise ConfigError(
                    f"patch {name!r} has a flux as its condition, but nothing diffuses there",
                    why="what a flow carries in must be known there, and a diffusive flux can only be zero",
                    fix="give it Dirichlet, or a diffusivity",
                )

    def _check_unique(self, theta: Transport) -> None:
        """A part without a value, a reaction or an outflow has no steady field of its own."""
        parts = self.mesh.parts
        border = parts[self.mesh.owner[self.mesh.num_inner :]]
        leaves = theta.outer_mass > ROUNDING * theta.outer_mass.abs().max() if len(border) else border > 0
        held = torch.zeros(int(parts.max()) + 1, dtype=torch.bool)
        held[parts[theta.reaction != 0]] = True
        held[border[(theta.outer.beta < 1) | leaves]] = True
        if not bool(held.all()):
            raise SolverError(
                "the steady field is not unique",
                why="no value is given on the boundary, nothing reacts, and nothing flows out",
                fix="give Dirichlet or Robin on a patch, or a reaction; or advance in time",
            )
