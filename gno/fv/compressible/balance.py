"""Balances of mass, momentum and energy of a gas without friction, on the dual cells about the nodes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.compressible.boundary import GasBoundary, Outside, boundary_flux
from gno.fv.compressible.gas import Gas
from gno.fv.compressible.jst import Neighborhood, jst, spectral_radius, transported
from gno.fv.compressible.metric import Metric
from gno.fv.compressible.reconstruction import reconstruct
from gno.fv.compressible.vortex import Vortex
from gno.fv.linear.lagged import Linearization
from gno.fv.linear.pattern import SparsePattern
from gno.fv.linear.rank_one import RankOne
from gno.fv.nonlinear.balance import Balance, Slope, State
from gno.fv.nonlinear.jacobian import local_derivatives
from gno.fv.reconstruction.least_squares import coefficients
from gno.fv.volumes.geometry import Geometry

Flux = Callable[[Gas, Gas, Tensor, float], Tensor]
FLAT = 1.0
"""Venkatakrishnan's K: the larger, the less a reconstruction is limited."""


class EulerTheta(NamedTuple):
    """Everything that the balances depend on, beside the state.

    Args:
        metric: areas and ways.
        coefficient: of the gradients, on their stencil ``(entries, values or 1, dim or 1)``.
        outside: what is given on the outer faces.
        vortex: what the lift adds to that, if it does.
    """

    metric: Metric
    coefficient: Float[Tensor, "entries components dim"]
    outside: Outside
    vortex: Vortex | None = None


class EulerBalance(Balance):
    r"""Balances of :math:`U = (\rho, \rho v, \rho E)` of each dual cell.

    .. math::
        \sum_j F(U_i, U_j) \cdot S_{ij} + \sum_b F_b = 0

    Args:
        boundary: what holds on the outer faces.
        heat_ratio: :math:`\gamma`.
        length: of the body.
        stencil: the nodes that the flux through a face sees by way of its two; none at first order.
    """

    def __init__(
        self, boundary: GasBoundary, heat_ratio: float, length: float, *, stencil: SparsePattern | None
    ) -> None:
        mesh = boundary.mesh
        self.boundary, self.heat_ratio, self.length = boundary, heat_ratio, length
        kinds = {type(held) for held in boundary.conditions.values()}
        self._rows = {kind: boundary.rows(kind) for kind in sorted(kinds, key=lambda kind: kind.__name__)}
        super().__init__(mesh.owner, mesh.neighbor, num_cells=mesh.num_cells, components=mesh.dim + 2, stencil=stencil)

    def theta(self, geometry: Geometry, outside: Outside, vortex: Vortex | None = None) -> EulerTheta:
        """What the fluxes take.

        Args:
            geometry: of the mesh.
            outside: what is given on the boundary.
            vortex: what the lift adds to it.
        """
        return EulerTheta(Metric.of(geometry, self.length), self.weights(geometry), outside, vortex)

    @abstractmethod
    def weights(self, geometry: Geometry) -> Float[Tensor, "entries components dim"]:
        """Coefficients of the gradients, on their stencil."""

    def gradient(self, theta: EulerTheta) -> tuple[Tensor, Tensor]:
        """Nothing is added to the linear part by the boundary."""
        return theta.coefficient, theta.metric.volume.new_zeros(())

    def outer_flux(self, u_p: State, g_p: Slope, theta: EulerTheta) -> State:  # noqa: ARG002 - for children
        """Of mass, momentum and energy out through the outer faces."""
        return boundary_flux(self._rows, u_p, theta.outside, theta.metric.outer_area, self.heat_ratio)

    def residual(self, u: State, parameters: EulerTheta) -> State:
        """By how much the balance of each cell is missed; through the vortex each far one knows of all on walls.

        Args:
            u: the state.
            parameters: from ``theta``.
        """
        if parameters.vortex is None:
            return super().residual(u, parameters)
        swirled = self._swirled(parameters, parameters.vortex, self._circulation(u, parameters, parameters.vortex))
        return super().residual(u, swirled)

    def linearized(self, u: State, parameters: EulerTheta) -> Linearization:
        """The exact derivative of the residual, of which the vortex makes a product of two vectors.

        Args:
            u: the state.
            parameters: from ``theta``.
        """
        vortex = parameters.vortex
        if vortex is None:
            return self.jacobian(u, parameters)
        circulation, at_border = self._circulation(u, parameters, vortex), u.index_select(-2, self.border)
        each = circulation[..., None].expand(*u.shape[:-2], len(self.border), 1)
        nothing = at_border.new_zeros((*at_border.shape, 0))

        def far_flux(strength: Tensor) -> Tensor:
            return self.outer_flux(at_border, nothing, self._swirled(parameters, vortex, strength[..., 0]))

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

    def _circulation(self, u: State, theta: EulerTheta, vortex: Vortex) -> Tensor:
        gas = Gas.of(u.index_select(-2, self.border), self.heat_ratio)
        return vortex.circulation(gas.pressure, theta.outside.far)

    @staticmethod
    def _swirled(theta: EulerTheta, vortex: Vortex, circulation: Tensor) -> EulerTheta:
        far = vortex.around(theta.outside.far, circulation)
        return theta._replace(outside=theta.outside._replace(far=far), vortex=None)

    def rate(self, u: State, theta: EulerTheta) -> Float[Tensor, "*samples cells"]:
        r"""Volume over the time in which the fastest wave crosses each dual cell: :math:`\sum_f (|v \cdot S| + c |S|)`.

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


class UpwindBalance(EulerBalance):
    """Upwind fluxes between states that are extrapolated to the middle of each edge; of second order.

    Args:
        boundary: what holds on the outer faces.
        heat_ratio: of specific heats.
        length: of the body.
        flux: between two states.
        order: 1 for the states at the nodes themselves.
    """

    def __init__(self, boundary: GasBoundary, heat_ratio: float, length: float, flux: Flux, *, order: int = 2) -> None:
        self.between = flux
        self._pattern, self._position = neighbors(boundary)
        super().__init__(boundary, heat_ratio, length, stencil=self._pattern if order == 2 else None)

    def weights(self, geometry: Geometry) -> Float[Tensor, "entries components dim"]:
        """Least squares over the neighbors."""
        if self.stencil is None:
            return geometry.volume.new_zeros(0, 1, 1)
        along, p, n = geometry.along, self.inside, self.neighbor
        rows = coefficients(torch.cat([p, n]), torch.cat([along, -along]), len(geometry.volume))
        return self._pattern.values(torch.cat([rows, -rows]), self._position, dim=0)[:, None]

    def values(self, u: State, theta: EulerTheta) -> Float[Tensor, "*samples _rows _values"]:  # noqa: ARG002 - as of the parent
        """Density, velocity and pressure."""
        return Gas.of(u, self.heat_ratio).packed()

    def flux(self, u_p: State, u_n: State, g_p: Slope, g_n: Slope, theta: EulerTheta) -> State:
        """Of mass, momentum and energy through the inner faces."""
        m, p, n = theta.metric, Gas.of(u_p, self.heat_ratio), Gas.of(u_n, self.heat_ratio)
        if self.stencil is not None:
            density, pressure = (p.density + n.density) / 2, (p.pressure + n.pressure) / 2
            sound = (self.heat_ratio * pressure / density).sqrt()[..., None].expand_as(p.velocity)
            flat = Gas(density, sound, pressure).packed() * (FLAT * m.width)[:, None]
            p, n = reconstruct(p.packed(), n.packed(), g_p, g_n, m.along, flat)
        return self.between(p, n, m.area, self.heat_ratio)


class JSTBalance(EulerBalance):
    """Central fluxes with differences of second and fourth order.

    Args:
        boundary: what holds on the outer faces.
        heat_ratio: of specific heats.
        length: of the body.
    """

    def __init__(self, boundary: GasBoundary, heat_ratio: float, length: float) -> None:
        self._pattern, self._position = neighbors(boundary)
        super().__init__(boundary, heat_ratio, length, stencil=self._pattern)
        p, n, size = self.inside, self.neighbor, boundary.mesh.num_cells
        one = torch.ones(len(p), dtype=torch.float64)
        self.degree = torch.zeros(size, dtype=torch.float64).index_add(0, p, one).index_add(0, n, one)
        outer = torch.zeros(size, dtype=torch.bool).index_fill(0, self.border, True)
        self._seen = torch.cat([~outer[p] | outer[n], ~outer[n] | outer[p]]).double()

    def weights(self, geometry: Geometry) -> Float[Tensor, "entries components dim"]:
        """Of Laplacian, of the sensor's sums, and of the spectral radius, which is the node's own."""
        stencil, seen = self._pattern, self._seen
        laplacian = stencil.values(torch.cat([seen, -seen]), self._position)
        level = stencil.values(torch.cat([seen, seen]), self._position)
        own = (stencil.row == stencil.col).double()
        of = [laplacian] * (geometry.centroid.shape[1] + 3) + [level, own]
        return torch.stack(of, 1)[..., None]

    def values(self, u: State, theta: EulerTheta) -> Float[Tensor, "*samples _rows _values"]:
        """Density, momentum, enthalpy, pressure twice, and spectral radius."""
        gas = Gas.of(u, self.heat_ratio)
        pressure, radius = gas.pressure[..., None], self.rate(u, theta)[..., None]
        return torch.cat([transported(gas, self.heat_ratio), pressure, pressure, radius], -1)

    def flux(self, u_p: State, u_n: State, g_p: Slope, g_n: Slope, theta: EulerTheta) -> State:
        """Of mass, momentum and energy through the inner faces."""
        p, n = Gas.of(u_p, self.heat_ratio), Gas.of(u_n, self.heat_ratio)
        near_p, near_n = self._near(g_p, self.inside), self._near(g_n, self.neighbor)
        return jst(p, n, near_p, near_n, theta.metric.area, self.heat_ratio)

    def _near(self, g: Slope, node: Tensor) -> Neighborhood:
        laplacian, bend, level, radius = g[..., 0].split([g.shape[-2] - 3, 1, 1, 1], -1)
        return Neighborhood(laplacian, bend[..., 0], level[..., 0], radius[..., 0], self.degree[node])


def neighbors(boundary: GasBoundary) -> tuple[SparsePattern, Tensor]:
    """Pattern of nodes and their neighbors, and the entries of (P, N), (N, P), (P, P), (N, N) of every edge."""
    mesh = boundary.mesh
    p, n = mesh.owner[: mesh.num_inner], mesh.neighbor
    stencil, position = SparsePattern.of(torch.cat([p, n, p, n]), torch.cat([n, p, p, n]), mesh.num_cells)
    return stencil, position
