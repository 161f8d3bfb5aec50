"""Density, velocity and pressure on both sides of a face, extrapolated along the edge that crosses it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.compressible.gas import Gas

KAPPA = 1 / 3
"""Share of the direct difference in the slope; of third order along even edges."""
BENT = 0.1
"""Second difference of the pressure over four times its mean at which half of the slope is left."""

Packed = Float[Tensor, "*samples inner components"]
Slopes = Float[Tensor, "*samples inner components dim"]


def reconstruct(
    at_p: Packed, at_n: Packed, slope_p: Slopes, slope_n: Slopes, along: Float[Tensor, "inner dim"], flat: Packed
) -> tuple[Gas, Gas]:
    r"""The gas on both sides of each face.

    .. math::
        q_L = q_P + \frac{1}{1 + (\theta / \theta_0)^2} \;
        \frac{\Delta_+^2 + 2 \Delta_+ s + \epsilon^2}{\Delta_+^2 + \Delta_+ s + 2 s^2 + \epsilon^2} \; s, \qquad
        s = \frac{1 - \kappa}{4} \Delta_- + \frac{1 + \kappa}{4} \Delta_+

    with :math:`\Delta_+ = q_N - q_P` and :math:`\Delta_- = 2 \nabla q_P \cdot d - \Delta_+`. The second factor keeps
    what is extrapolated near the value at the neighbor; squares and products of velocities are those of vectors, so
    that it turns with the space. The first, of the bend :math:`\theta = (\Delta_+ - \Delta_-) / 4 p` of the pressure,
    damps what rings at shocks. Both are rational functions without a switch: Newton's method and adjoints need that.

    Source: Burg 2005, AIAA 2005-4999, for the slope; Venkatakrishnan 1995, J. Comput. Phys. 118, 120, eq. 12; Jameson,
    Schmidt and Turkel 1981, AIAA 81-1259, for the bend.

    Args:
        at_p: density, velocity and pressure at the owner ``(..., inner, dim + 2)``.
        at_n: at the neighbor.
        slope_p: their gradients at the owner ``(..., inner, dim + 2, dim)``.
        slope_n: at the neighbor.
        along: ``d (inner, dim)``, from the owner to the neighbor.
        flat: :math:`\epsilon`: differences that are small against it are not limited ``(..., inner, dim + 2)``.

    Example:
        >>> one, d = torch.ones(1, 4), torch.tensor([[1.0, 0.0]])
        >>> slope = torch.tensor([[[2.0, 0.0]] * 4])
        >>> left, right = reconstruct(one, 3 * one, slope, slope, d, 1e-3 * one)
        >>> left.density.item(), right.pressure.item()
        (2.0, 2.0)
    """
    ahead = at_n - at_p
    behind_p = 2 * (slope_p * along[:, None]).sum(-1) - ahead
    behind_n = 2 * (slope_n * along[:, None]).sum(-1) - ahead
    scale = (2 * BENT * (at_p + at_n))[..., -1:]
    left = at_p + _limited(behind_p, ahead, flat, scale)
    right = at_n - _limited(behind_n, ahead, flat, scale)
    return Gas.unpacked(left), Gas.unpacked(right)


def _limited(behind: Tensor, ahead: Tensor, flat: Tensor, scale: Tensor) -> Tensor:
    """What is added to the value at a node."""
    s = ((1 - KAPPA) * behind + (1 + KAPPA) * ahead) / 4
    forward, mixed = _products(ahead, ahead) + flat**2, _products(ahead, s)
    share = (forward + 2 * mixed) / (forward + mixed + 2 * _products(s, s))
    bend = (ahead - behind)[..., -1:] / scale
    return share * s / (1 + bend**2)


def _products(a: Tensor, b: Tensor) -> Tensor:
    """Of each component, but of the velocity the inner product."""
    density, velocity, pressure = (a * b).split([1, a.shape[-1] - 2, 1], -1)
    return torch.cat([density, velocity.sum(-1, keepdim=True).expand_as(velocity), pressure], -1)
