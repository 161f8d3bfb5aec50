"""Balances of a gas with central fluxes, evened out by differences."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from gno.fv.compressible.balance import CompressibleBalance, CompressibleTheta
from gno.fv.compressible.boundary import GasBoundary
from gno.fv.compressible.gas import Gas
from gno.fv.compressible.jst import Neighborhood, jst, transported
from gno.fv.compressible.laminar import Laminar, Slopes, moving
from gno.fv.compressible.neighbors import Neighbors
from gno.fv.nonlinear.balance import Slope, State
from gno.fv.volumes.geometry import Geometry


class JSTBalance(CompressibleBalance):
    """Central fluxes with differences of second and fourth order.

    Args:
        boundary: what holds on the outer faces.
        heat_ratio: of specific heats.
        length: of the body.
        laminar: friction, if there is any.
    """

    def __init__(self, boundary: GasBoundary, heat_ratio: float, length: float, laminar: Laminar | None = None) -> None:
        self._neighbors = Neighbors(boundary.mesh)
        super().__init__(boundary, heat_ratio, length, laminar, stencil=self._neighbors.pattern)
        p, n, size = self.inside, self.neighbor, boundary.mesh.num_cells
        one = torch.ones(len(p), dtype=torch.float64)
        self.degree = torch.zeros(size, dtype=torch.float64).index_add(0, p, one).index_add(0, n, one)
        outer = torch.zeros(size, dtype=torch.bool).index_fill(0, self.border, True)
        self._seen = torch.cat([~outer[p] | outer[n], ~outer[n] | outer[p]]).double()

    def weights(self, geometry: Geometry) -> Float[Tensor, "entries components dim"]:
        """Of Laplacian, the sensor's sums, and the spectral radius, the node's own; with friction of gradients, too."""
        stencil, position, seen = self._neighbors.pattern, self._neighbors.position, self._seen
        laplacian = stencil.values(torch.cat([seen, -seen]), position)
        level = stencil.values(torch.cat([seen, seen]), position)
        own = (stencil.row == stencil.col).double()
        dim = geometry.centroid.shape[1]
        sums = torch.stack([laplacian] * (dim + 3) + [level, own], 1)[..., None]
        if self.laminar is None:
            return sums
        gradient = self._neighbors.gradient(geometry)[:, None].expand(-1, dim + 1, -1)
        return torch.cat([pad(sums, (0, dim - 1)), gradient], 1)

    def values(self, u: State, theta: CompressibleTheta) -> Float[Tensor, "*samples _rows _values"]:
        """Density, momentum, enthalpy, pressure twice, spectral radius, and with friction velocity and temperature."""
        gas = Gas.of(u, self.heat_ratio)
        pressure, radius = gas.pressure[..., None], self.wave_rate(u, theta)[..., None]
        own = [] if self.laminar is None else [moving(gas, self.heat_ratio)]
        return torch.cat([transported(gas, self.heat_ratio), pressure, pressure, radius, *own], -1)

    def slope(self, gas: Gas, g: Slope) -> Slopes:
        """Gradients of velocity and temperature."""
        return g[..., -gas.velocity.shape[-1] - 1 :, :]

    def carried(self, p: Gas, n: Gas, g_p: Slope, g_n: Slope, theta: CompressibleTheta) -> State:
        """Of mass, momentum and energy through the inner faces, without friction."""
        near_p, near_n = self._near(g_p, self.inside), self._near(g_n, self.neighbor)
        return jst(p, n, near_p, near_n, theta.metric.area, self.heat_ratio)

    def _near(self, g: Slope, node: Tensor) -> Neighborhood:
        size = self.boundary.mesh.dim + 2
        laplacian, bend, level, radius = g[..., : size + 3, 0].split([size, 1, 1, 1], -1)
        return Neighborhood(laplacian, bend[..., 0], level[..., 0], radius[..., 0], self.degree[node])
