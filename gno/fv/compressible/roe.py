"""The upwind flux of Roe."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.compressible.gas import Conserved, Gas, Rows, dot, smooth_size

ACOUSTIC, LINEAR = 0.1, 0.02
"""Share of the speed of sound by which the sizes of the wave speeds are rounded: of sound, and of what drifts."""


def roe(left: Gas, right: Gas, area: Float[Tensor, "_rows dim"], heat_ratio: float) -> Conserved:
    r"""The flux out of the left state into the right one.

    .. math::
        F = \frac{F_L + F_R}{2} - \frac12 \sum_k |\tilde \lambda_k| \, \tilde \alpha_k \, \tilde r_k, \qquad
        |\lambda| = \sqrt{\lambda^2 + (\delta c)^2}

    The sizes of wave speeds are rounded near nought: that is the entropy fix, and it gives Newton's method and the
    adjoint a derivative everywhere.

    Source: Roe 1981, J. Comput. Phys. 43, 357; the waves as in Blazek 2015, Computational Fluid Dynamics, eq. 4.91.

    Args:
        left: on the side that the area points out of.
        right: on the other.
        area: ``S (rows, dim)``.
        heat_ratio: :math:`\gamma`.

    Example:
        >>> gas = Gas(torch.ones(1), torch.tensor([[0.5, 0.0]]), torch.ones(1))
        >>> area = torch.tensor([[1.0, 2.0]])
        >>> torch.allclose(roe(gas, gas, area, 1.4), gas.flux(area, 1.4))
        True
    """
    size = dot(area, area).sqrt()
    normal = area / size[:, None]
    velocity, enthalpy, density = roe_mean(left, right, heat_ratio)
    speed = dot(velocity, normal)
    sound2 = (heat_ratio - 1) * (enthalpy - dot(velocity, velocity) / 2)
    sound = sound2.sqrt()
    jump = right.velocity - left.velocity
    push, along = right.pressure - left.pressure, dot(jump, normal)

    one = torch.ones_like(speed)[..., None]
    carried = torch.cat([one, velocity, enthalpy[..., None]], -1)
    beside = torch.cat([0 * one, normal.expand_as(velocity), speed[..., None]], -1) * sound[..., None]
    back = smooth_size(speed - sound, ACOUSTIC * sound) * (push - density * sound * along) / (2 * sound2)
    ahead = smooth_size(speed + sound, ACOUSTIC * sound) * (push + density * sound * along) / (2 * sound2)
    waves = (back + ahead)[..., None] * carried + (ahead - back)[..., None] * beside

    heat = right.density - left.density - push / sound2
    hot = torch.cat([one, velocity, (dot(velocity, velocity) / 2)[..., None]], -1)
    slide = jump - along[..., None] * normal
    shear = torch.cat([0 * one, slide, dot(velocity, slide)[..., None]], -1)
    drift = smooth_size(speed, LINEAR * sound)[..., None] * (heat[..., None] * hot + density[..., None] * shear)
    central = left.flux(area, heat_ratio) + right.flux(area, heat_ratio)
    return (central - size[:, None] * (waves + drift)) / 2


def roe_mean(left: Gas, right: Gas, heat_ratio: float) -> tuple[Float[Tensor, "*samples _rows dim"], Rows, Rows]:
    r"""Velocity and enthalpy averaged with the weights :math:`\sqrt\rho`, and the density :math:`\sqrt{\rho_L \rho_R}`.

    Args:
        left: a state.
        right: another.
        heat_ratio: :math:`\gamma`.

    Example:
        >>> gas = Gas(torch.ones(1), torch.tensor([[0.5, 0.0]]), torch.ones(1))
        >>> roe_mean(gas, gas, 1.4)[0].tolist()
        [[0.5, 0.0]]
    """
    ratio = (right.density / left.density).sqrt()
    share = ratio / (1 + ratio)
    velocity = left.velocity + share[..., None] * (right.velocity - left.velocity)
    first, second = left.enthalpy(heat_ratio), right.enthalpy(heat_ratio)
    return velocity, first + share * (second - first), ratio * left.density
