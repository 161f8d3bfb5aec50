"""Balances of mass, momentum and energy of a gas, on the dual cells about the nodes."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.boundary.conditions import Slip, Symmetry
from gno.fv.compressible.boundary import OPEN, STICKY, GasBoundary, Outside
from gno.fv.compressible.free_stream import FreeStream
from gno.fv.compressible.gas import Gas, Rows, dot
from gno.fv.compressible.held import Held
from gno.fv.compressible.jst import spectral_radius
from gno.fv.compressible.laminar import Laminar, Slopes, between, moving
from gno.fv.compressible.metric import Metric
from gno.fv.compressible.outer_flux import beyond, boundary_flux
from gno.fv.compressible.vortex import Vortex
from gno.fv.linear.lagged import Linearization
from gno.fv.linear.pattern import SparsePattern
from gno.fv.linear.rank_one import RankOne
from gno.fv.nonlinear.balance import Balance, Slope, State
from gno.fv.nonlinear.jacobian import local_derivatives
from gno.fv.volumes.geometry import Geometry


class CompressibleTheta(NamedTuple):
    """Everything that the balances depend on, beside the state.

    Args:
        metric: areas and ways.
        coefficient: of the gradients, on their stencil ``(entries, values or 1, dim or 1)``.
        outside: what is given on the outer faces.
        vortex: what the lift adds to that, if it does.
        viscosity: of the free stream ``(..., 1)``, if there is friction.
        held: what holds on walls that the gas sticks to, if there are any.
    """

    metric: Metric
    coefficient: Float[Tensor, "entries components dim"]
    outside: Outside
    vortex: Vortex | None = None
    viscosity: Rows | None = None
    held: Held | None = None


class CompressibleBalance(Balance):
    r"""Balances of :math:`U = (\rho, \rho v, \rho E)` of each dual cell.

    .. math::
        \sum_j F(U_i, U_j) \cdot S_{ij} + \sum_b F_b = 0

    and, with friction, fluxes :math:`(0, -\tau S, -v \cdot \tau S + q \cdot S)` beside those of Euler; at nodes on
    walls that the gas sticks to, ``Held`` says what is balanced instead.

    Args:
        boundary: what holds on the outer faces.
        heat_ratio: :math:`\gamma`.
        length: of the body.
        laminar: friction, if there is any.
        stencil: the nodes that the flux through a face sees by way of its two; none at first order.
    """

    def __init__(
        self,
        boundary: GasBoundary,
        heat_ratio: float,
        length: float,
        laminar: Laminar | None,
        *,
        stencil: SparsePattern | None,
    ) -> None:
        mesh = boundary.mesh
        self.boundary, self.heat_ratio, self.length, self.laminar = boundary, heat_ratio, length, laminar
        self._smooth, self._open = boundary.rows(Slip, Symmetry), boundary.rows(*OPEN)
        kinds = {type(held) for held in boundary.conditions.values()}
        self._rows = {kind: boundary.rows(kind) for kind in sorted(kinds, key=lambda kind: kind.__name__)}
        super().__init__(mesh.owner, mesh.neighbor, num_cells=mesh.num_cells, components=mesh.dim + 2, stencil=stencil)

    def theta(self, geometry: Geometry, free: FreeStream) -> CompressibleTheta:
        """What the fluxes take.

        Args:
            geometry: of the mesh.
            free: the free stream.

        Raises:
            ConfigError: values on the boundary that cannot be used, or a vortex in a stream not slower than sound.
        """
        boundary, ratio = self.boundary, self.heat_ratio
        theta = CompressibleTheta(
            Metric.of(geometry, self.length),
            self.weights(geometry),
            boundary.outside(geometry, free.gas, free.units),
            boundary.vortex(geometry, free.gas, ratio),
        )
        if self.laminar is None:
            return theta
        return theta._replace(viscosity=free.viscosity, held=boundary.held(geometry, free.units, ratio))

    @abstractmethod
    def weights(self, geometry: Geometry) -> Float[Tensor, "entries components dim"]:
        """Coefficients of the gradients, on their stencil."""

    @abstractmethod
    def carried(self, p: Gas, n: Gas, g_p: Slope, g_n: Slope, theta: CompressibleTheta) -> State:
        """Of mass, momentum and energy through the inner faces, without friction."""

    @abstractmethod
    def slope(self, gas: Gas, g: Slope) -> Slopes:
        """Gradients of velocity and temperature, from those that the scheme has."""

    def flux(self, u_p: State, u_n: State, g_p: Slope, g_n: Slope, theta: CompressibleTheta) -> State:
        """Of mass, momentum and energy through the inner faces."""
        p, n = Gas.of(u_p, self.heat_ratio), Gas.of(u_n, self.heat_ratio)
        flux = self.carried(p, n, g_p, g_n, theta)
        if self.laminar is None or theta.viscosity is None:
            return flux
        at_p, at_n = moving(p, self.heat_ratio), moving(n, self.heat_ratio)
        slope = between(at_p, at_n, self.slope(p, g_p), self.slope(n, g_n), theta.metric.along)
        mean = Gas(*((a + b) / 2 for a, b in zip(p, n)))
        return flux + self.laminar.flux(mean, slope, theta.metric.area, self.heat_ratio, theta.viscosity)

    def gradient(self, theta: CompressibleTheta) -> tuple[Tensor, Tensor]:
        """Nothing is added to the linear part by the boundary."""
        return theta.coefficient, theta.metric.volume.new_zeros(())

    def outer_flux(self, u_p: State, g_p: Slope, theta: CompressibleTheta) -> State:
        """Of mass, momentum and energy out through the outer faces."""
        flux = boundary_flux(self._rows, u_p, theta.outside, theta.metric.outer_area, self.heat_ratio)
        if self.laminar is None or theta.viscosity is None:
            return flux
        return flux + self._outer_friction(self.laminar, u_p, g_p, theta, theta.viscosity)

    def _outer_friction(
        self, laminar: Laminar, u_p: State, g_p: Slope, theta: CompressibleTheta, viscosity: Rows
    ) -> State:
        """Of momentum and energy, by friction; nothing where the gas sticks, for the balance of the node says that."""
        gas, area, ratio = Gas.of(u_p, self.heat_ratio), theta.metric.outer_area, self.heat_ratio
        slope, size2 = self.slope(gas, g_p), dot(area, area)
        whole = laminar.flux(gas, slope, area, ratio, viscosity)
        normal = area / size2.sqrt()[:, None]
        along = dot(whole[..., 1:-1], normal)[..., None] * normal  # what is smooth pulls along its normal alone
        smooth = torch.cat([0 * along[..., :1], along, 0 * along[..., :1]], -1)
        flux = torch.zeros_like(whole).index_copy(-2, self._smooth, smooth.index_select(-2, self._smooth))
        stiffness = size2 / theta.metric.volume[self.border]
        for rows, inside, there in beyond(self._rows, gas, theta.outside, area, ratio):
            held = laminar.held(inside, there, stiffness[rows], ratio, viscosity)
            flux = flux.index_copy(-2, rows, whole.index_select(-2, rows) + held)
        return flux

    def residual(self, u: State, parameters: CompressibleTheta) -> State:
        """By how much each balance is missed, and how far walls are from what they hold."""
        free = self.free_residual(u, parameters)
        return free if parameters.held is None else parameters.held.residual(free, u)

    def free_residual(self, u: State, theta: CompressibleTheta) -> State:
        """By how much each balance is missed without the pull of the walls that the gas sticks to.

        Through the vortex each far cell knows of all on walls.

        Args:
            u: the state.
            theta: of the residual.
        """
        if theta.vortex is not None:
            theta = self._swirled(theta, theta.vortex, self._circulation(u, theta, theta.vortex))
        return super().residual(u, theta)

    def jacobian(
        self, u: State, parameters: CompressibleTheta, *, first_order: bool = False
    ) -> tuple[Tensor, SparsePattern]:
        """The exact derivative of the residual; as of ``Balance``."""
        values, pattern = super().jacobian(u, parameters, first_order=first_order)
        return values if parameters.held is None else parameters.held.jacobian(values, pattern), pattern

    def friction(self, u: State, theta: CompressibleTheta) -> Float[Tensor, "*samples outer dim"] | None:
        """What friction pulls the outer faces with; nought but on walls.

        Args:
            u: the state.
            theta: of the residual.
        """
        if self.laminar is None:
            return None
        outer, pressure = self._at_border(u, theta)
        pulled = torch.zeros_like(outer).index_copy(-2, self._smooth, (outer - pressure).index_select(-2, self._smooth))
        if theta.held is None:
            return pulled
        rows, area = self.boundary.rows(*STICKY), theta.metric.outer_area
        place, size = torch.searchsorted(theta.held.node, self.border[rows]), dot(area, area).sqrt()[rows]
        whole = size.new_zeros(len(theta.held.node)).index_add(0, place, size)
        share = (size / whole[place])[:, None] * theta.held.pulled(self.free_residual(u, theta))[..., place, :]
        return pulled.index_copy(-2, rows, share)

    def _at_border(self, u: State, theta: CompressibleTheta) -> tuple[Tensor, Tensor]:
        """What flows out of momentum, and the part of the pressure."""
        g, _ = self.slopes(u, theta)
        at, slope = self.border_side(u, g)
        pressure = Gas.of(at, self.heat_ratio).pressure[..., None] * theta.metric.outer_area
        return self.outer_flux(at, slope, theta)[..., 1:-1], pressure

    def linearized(self, u: State, parameters: CompressibleTheta) -> Linearization:
        """The exact derivative of the residual, of which the vortex makes a product of two vectors.

        Args:
            u: the state.
            parameters: from ``theta``.
        """
        vortex = parameters.vortex
        if vortex is None:
            return self.jacobian(u, parameters)
        circulation = self._circulation(u, parameters, vortex)
        at_border, slope = self.border_side(u, self.slopes(u, parameters)[0])
        each = circulation[..., None].expand(*u.shape[:-2], len(self.border), 1)

        def far_flux(strength: Tensor) -> Tensor:
            return self.outer_flux(at_border, slope, self._swirled(parameters, vortex, strength[..., 0]))

        def lift(w: Tensor) -> Tensor:
            return (vortex.lift * Gas.of(w, self.heat_ratio).pressure)[..., None]

        (column,), (row,) = (
            local_derivatives(far_flux, each, trailing=(1,)),
            local_derivatives(lift, at_border, trailing=(1,)),
        )
        column, row = (
            torch.zeros_like(u).index_add(-2, self.border, of).flatten(-2) for of in (column[..., 0], row[..., 0, :])
        )
        values, pattern = self.jacobian(u, self._swirled(parameters, vortex, circulation))
        return values, pattern, None, RankOne(column, row)

    def _circulation(self, u: State, theta: CompressibleTheta, vortex: Vortex) -> Tensor:
        gas = Gas.of(u.index_select(-2, self.border), self.heat_ratio)
        return vortex.circulation(gas.pressure, theta.outside.far)

    @staticmethod
    def _swirled(theta: CompressibleTheta, vortex: Vortex, circulation: Tensor) -> CompressibleTheta:
        far = vortex.around(theta.outside.far, circulation)
        return theta._replace(outside=theta.outside._replace(far=far), vortex=None)

    def rate(self, u: State, theta: CompressibleTheta) -> Float[Tensor, "*samples cells"]:
        r"""Volume over the time in which the fastest wave crosses each dual cell, and friction and heat do.

        .. math::
            \Lambda_i = \sum_f \left( |v \cdot S| + c |S| + \nu |S| / |d| \right)

        Args:
            u: the state.
            theta: of the residual.
        """
        waves = self.wave_rate(u, theta)
        if self.laminar is None or theta.viscosity is None:
            return waves
        own = self.laminar.diffusivity(Gas.of(u, self.heat_ratio), self.heat_ratio, theta.viscosity)
        m, at = theta.metric, self.border[self._open]
        narrow, outer = (dot(m.area, m.area) / dot(m.along, m.along)).sqrt(), m.outer_area[self._open]
        inner = torch.zeros_like(m.volume).index_add(0, self.inside, narrow).index_add(0, self.neighbor, narrow)
        return waves + own * inner.index_add(0, at, dot(outer, outer) / m.volume[at])

    def wave_rate(self, u: State, theta: CompressibleTheta) -> Float[Tensor, "*samples cells"]:
        r"""That of waves alone, :math:`\sum_f (|v \cdot S| + c |S|)`.

        Args:
            u: the state.
            theta: of the residual.
        """
        gas, m = Gas.of(u, self.heat_ratio), theta.metric
        cell = torch.cat([self.inside, self.neighbor, self.border])
        area = torch.cat([m.area, m.area, m.outer_area])
        at_faces = Gas(*(t.index_select(gas.density.ndim - 1, cell) for t in gas))
        radius = spectral_radius(at_faces, area, self.heat_ratio)
        return torch.zeros_like(gas.density).index_add(-1, cell, radius)
