"""An ideal gas: what is conserved, and what is measured."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

Conserved = Float[Tensor, "*samples _rows components"]
"""Density, momentum and total energy, all per unit of volume: ``dim + 2`` components."""
Rows = Float[Tensor, "*samples _rows"]


class Gas(NamedTuple):
    """Density, velocity and pressure.

    Args:
        density: ``(..., rows)``.
        velocity: ``(..., rows, dim)``.
        pressure: ``(..., rows)``.
    """

    density: Rows
    velocity: Float[Tensor, "*samples _rows dim"]
    pressure: Rows

    @classmethod
    def of(cls, u: Conserved, heat_ratio: float) -> Gas:
        r"""The gas with :math:`p = (\gamma - 1) (\rho E - \rho |v|^2 / 2)`.

        Args:
            u: what is conserved ``(..., rows, dim + 2)``.
            heat_ratio: :math:`\gamma`.

        Example:
            >>> gas = Gas.of(torch.tensor([[2.0, 2.0, 0.0, 3.5]]), 1.4)
            >>> gas.velocity.tolist(), round(gas.pressure.item(), 6)
            ([[1.0, 0.0]], 1.0)
        """
        density, momentum, energy = u[..., 0], u[..., 1:-1], u[..., -1]
        velocity = momentum / density[..., None]
        return cls(density, velocity, (heat_ratio - 1) * (energy - dot(momentum, velocity) / 2))

    @classmethod
    def unpacked(cls, q: Conserved) -> Gas:
        """The gas whose density, velocity and pressure are columns of one tensor.

        Args:
            q: ``(..., rows, dim + 2)``.
        """
        return cls(q[..., 0], q[..., 1:-1], q[..., -1])

    def packed(self) -> Conserved:
        """Density, velocity and pressure as columns ``(..., rows, dim + 2)``."""
        return torch.cat([self.density[..., None], self.velocity, self.pressure[..., None]], -1)

    def conserved(self, heat_ratio: float) -> Conserved:
        r"""Density, momentum and energy ``(..., rows, dim + 2)``.

        Args:
            heat_ratio: :math:`\gamma`.
        """
        density = self.density[..., None]
        energy = self.energy(heat_ratio)[..., None]
        return torch.cat([density.expand_as(self.velocity[..., :1]), density * self.velocity, energy], -1)

    def energy(self, heat_ratio: float) -> Rows:
        r"""Total energy per unit of volume, :math:`\rho E = p / (\gamma - 1) + \rho |v|^2 / 2`.

        Args:
            heat_ratio: :math:`\gamma`.
        """
        return self.pressure / (heat_ratio - 1) + self.density * dot(self.velocity, self.velocity) / 2

    def enthalpy(self, heat_ratio: float) -> Rows:
        r"""Total enthalpy per unit of mass, :math:`H = E + p / \rho`.

        Args:
            heat_ratio: :math:`\gamma`.
        """
        inner = heat_ratio / (heat_ratio - 1) * self.pressure / self.density
        return inner + dot(self.velocity, self.velocity) / 2

    def sound_speed(self, heat_ratio: float) -> Rows:
        r""":math:`c = \sqrt{\gamma p / \rho}`.

        Args:
            heat_ratio: :math:`\gamma`.
        """
        return (heat_ratio * self.pressure / self.density).sqrt()

    def flux(self, area: Float[Tensor, "_rows dim"], heat_ratio: float) -> Conserved:
        r"""Of mass, momentum and energy through areas, :math:`F \cdot S`.

        Args:
            area: ``S (rows, dim)``.
            heat_ratio: :math:`\gamma`.

        Example:
            >>> still = Gas(torch.ones(1), torch.zeros(1, 2), torch.ones(1))
            >>> still.flux(torch.tensor([[0.0, 3.0]]), 1.4).tolist()
            [[0.0, 0.0, 3.0, 0.0]]
        """
        mass = self.density * dot(self.velocity, area)
        momentum = mass[..., None] * self.velocity + self.pressure[..., None] * area
        return torch.cat([mass[..., None], momentum, (mass * self.enthalpy(heat_ratio))[..., None]], -1)


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Over the last axis."""
    return (a * b).sum(-1)


def smooth_size(x: Tensor, width: Tensor | float) -> Tensor:
    r""":math:`\sqrt{x^2 + \delta^2}`: the absolute value with a round bottom.

    Args:
        x: any number.
        width: :math:`\delta`.

    Example:
        >>> smooth_size(torch.tensor([3.0, 0.0]), 4.0).tolist()
        [5.0, 4.0]
    """
    return (x**2 + width**2).sqrt()
