"""The central scheme of Jameson, Schmidt and Turkel: differences of second order at shocks, of fourth elsewhere."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.compressible.gas import Conserved, Gas, Rows, dot, smooth_size

SECOND, FOURTH = 1 / 2, 1 / 50
"""Weights of the differences."""
STRETCH = 0.3
"""Power of the ratio of spectral radii, for stretched cells (Martinelli)."""
SENSOR, LEFT = 1e-3, 1e-4
"""How far the size of the sensor, and what the second differences leave for the fourth, are rounded near nought."""
ROUND = 0.02
"""Share of the speed of sound by which sizes of speeds are rounded."""


class Neighborhood(NamedTuple):
    r"""What a node knows of its neighbors.

    Args:
        laplacian: :math:`\sum_j (W_j - W_i)` of density, momentum and total enthalpy ``(..., rows, dim + 2)``.
        bend: :math:`\sum_j (p_j - p_i)`.
        level: :math:`\sum_j (p_j + p_i)`.
        radius: :math:`\lambda_i`, the spectral radius summed over the faces of the dual cell.
        degree: number of neighbors ``(rows,)``.
    """

    laplacian: Conserved
    bend: Rows
    level: Rows
    radius: Rows
    degree: Float[Tensor, " _rows"]

    @property
    def sensor(self) -> Rows:
        r""":math:`|\sum_j (p_j - p_i)| / \sum_j (p_j + p_i)`, rounded where it is small."""
        ratio = self.bend / self.level
        return ratio**2 / smooth_size(ratio, SENSOR)


def jst(
    p: Gas, n: Gas, near_p: Neighborhood, near_n: Neighborhood, area: Float[Tensor, "_rows dim"], heat_ratio: float
) -> Conserved:
    r"""The flux out of node P into node N.

    .. math::
        F = F\left( \tfrac{q_P + q_N}{2} \right) - \lambda \phi \left[ \epsilon_2 (W_N - W_P)
        - \epsilon_4 (L_N - L_P) \right], \qquad
        \epsilon_2 = \tfrac{k_2}{2} (\nu_P + \nu_N) s_2, \quad \epsilon_4 = (k_4 - \epsilon_2)_+ s_2^2 / 4

    with :math:`s_2 = 3 (m_P + m_N) / (m_P m_N)` for m neighbors, as SU2 has it, but with every size and positive part
    rounded, so that the derivative is continuous.

    Source: Jameson, Schmidt and Turkel 1981, AIAA 81-1259; on unstructured meshes Palacios et al. 2013, AIAA 2013-0287.

    Args:
        p: the owner.
        n: the neighbor.
        near_p: what the owner knows of its neighbors.
        near_n: what the neighbor does.
        area: ``S (rows, dim)``.
        heat_ratio: :math:`\gamma`.
    """
    mean = Gas(*((a + b) / 2 for a, b in zip(p, n)))
    speed = (spectral_radius(p, area, heat_ratio) + spectral_radius(n, area, heat_ratio)) / 2
    stretch = _stretching(near_p.radius / (4 * speed), near_n.radius / (4 * speed))
    few = 3 * (near_p.degree + near_n.degree) / (near_p.degree * near_n.degree)
    second = SECOND / 2 * (near_p.sensor + near_n.sensor) * few
    fourth = _positive(FOURTH - second) * few**2 / 4
    jump = transported(n, heat_ratio) - transported(p, heat_ratio)
    bend = near_n.laplacian - near_p.laplacian
    smooth = second[..., None] * jump - fourth[..., None] * bend
    return _mean_flux(p, n, mean, area, heat_ratio) - (speed * stretch)[..., None] * smooth


def transported(gas: Gas, heat_ratio: float) -> Conserved:
    r"""Density, momentum and total enthalpy, each per unit of volume: what the dissipation evens out.

    Args:
        gas: at the nodes.
        heat_ratio: :math:`\gamma`.
    """
    density = gas.density[..., None]
    return torch.cat([density, density * gas.velocity, density * gas.enthalpy(heat_ratio)[..., None]], -1)


def _mean_flux(p: Gas, n: Gas, mean: Gas, area: Tensor, heat_ratio: float) -> Conserved:
    """Of the averages of density, velocity, pressure and enthalpy."""
    mass = mean.density * dot(mean.velocity, area)
    enthalpy = (p.enthalpy(heat_ratio) + n.enthalpy(heat_ratio)) / 2
    momentum = mass[..., None] * mean.velocity + mean.pressure[..., None] * area
    return torch.cat([mass[..., None], momentum, (mass * enthalpy)[..., None]], -1)


def spectral_radius(gas: Gas, area: Tensor, heat_ratio: float) -> Rows:
    """Of the Jacobian of the flux through an area."""
    sound = gas.sound_speed(heat_ratio) * dot(area, area).sqrt()
    return smooth_size(dot(gas.velocity, area), ROUND * sound) + sound


def _stretching(a: Rows, b: Rows) -> Rows:
    a, b = a**STRETCH, b**STRETCH
    return 4 * a * b / (a + b)


def _positive(x: Tensor) -> Tensor:
    """The positive part with a round corner."""
    return (x + smooth_size(x, LEFT)) / 2
