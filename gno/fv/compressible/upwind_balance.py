"""Balances of a gas with upwind fluxes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.compressible.balance import CompressibleBalance, CompressibleTheta
from gno.fv.compressible.boundary import GasBoundary
from gno.fv.compressible.gas import Gas
from gno.fv.compressible.laminar import Laminar, Slopes
from gno.fv.compressible.neighbors import Neighbors
from gno.fv.compressible.reconstruction import reconstruct
from gno.fv.nonlinear.balance import Slope, State
from gno.fv.volumes.geometry import Geometry

Flux = Callable[[Gas, Gas, Tensor, float], Tensor]
FLAT = 1.0
"""Venkatakrishnan's K: the larger, the less a reconstruction is limited."""


class UpwindBalance(CompressibleBalance):
    """Upwind fluxes between states that are extrapolated to the middle of each edge; of second order.

    Args:
        boundary: what holds on the outer faces.
        heat_ratio: of specific heats.
        length: of the body.
        flux: between two states.
        laminar: friction, if there is any.
    """

    def __init__(
        self, boundary: GasBoundary, heat_ratio: float, length: float, flux: Flux, laminar: Laminar | None = None
    ) -> None:
        self.between, self._near = flux, Neighbors(boundary.mesh)
        super().__init__(boundary, heat_ratio, length, laminar, stencil=self._near.pattern)

    def weights(self, geometry: Geometry) -> Float[Tensor, "entries components dim"]:
        """Least squares over the neighbors."""
        return self._near.gradient(geometry)[:, None]

    def slope(self, gas: Gas, g: Slope) -> Slopes:
        """Gradients of velocity and temperature."""
        density, velocity, pressure = g.split([1, g.shape[-2] - 2, 1], -2)
        warmth, rho = (self.heat_ratio * gas.pressure / gas.density)[..., None, None], gas.density[..., None, None]
        return torch.cat([velocity, (self.heat_ratio * pressure - warmth * density) / rho], -2)

    def values(self, u: State, theta: CompressibleTheta) -> Float[Tensor, "*samples _rows _values"]:  # noqa: ARG002 - as of the parent
        """Density, velocity and pressure."""
        return Gas.of(u, self.heat_ratio).packed()

    def carried(self, p: Gas, n: Gas, g_p: Slope, g_n: Slope, theta: CompressibleTheta) -> State:
        """Of mass, momentum and energy through the inner faces, without friction."""
        m, density, pressure = theta.metric, (p.density + n.density) / 2, (p.pressure + n.pressure) / 2
        sound = (self.heat_ratio * pressure / density).sqrt()[..., None].expand_as(p.velocity)
        flat = Gas(density, sound, pressure).packed() * (FLAT * m.width)[:, None]
        left, right = reconstruct(p.packed(), n.packed(), g_p, g_n, m.along, flat)
        return self.between(left, right, m.area, self.heat_ratio)
