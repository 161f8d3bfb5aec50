"""Density, velocity and pressure on both sides of a face, extrapolated along the edge that crosses it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.compressible.gas import Gas
from gno.fv.reconstruction.limiter import smooth_limiter, vector_limiter

KAPPA = 1 / 3
"""Share of the direct difference in the slope; of third order along even edges."""


def reconstruct(
    at_p: Float[Tensor, "*samples inner components"],
    at_n: Float[Tensor, "*samples inner components"],
    slope_p: Float[Tensor, "*samples inner components dim"],
    slope_n: Float[Tensor, "*samples inner components dim"],
    along: Float[Tensor, "inner dim"],
    flat: Float[Tensor, "*samples inner components"],
) -> tuple[Gas, Gas]:
    r"""The gas on both sides of each face.

    .. math::
        q_L = q_P + \frac{\psi}{4} \left[ (1 - \kappa) \Delta^- + (1 + \kappa) \Delta^+ \right], \qquad
        \Delta^+ = q_N - q_P, \quad \Delta^- = 2 \nabla q_P \cdot d - \Delta^+

    Source: Burg 2005, AIAA 2005-4999, for the slope.

    Args:
        at_p: density, velocity and pressure at the owner ``(..., inner, dim + 2)``.
        at_n: at the neighbor.
        slope_p: their gradients at the owner ``(..., inner, dim + 2, dim)``.
        slope_n: at the neighbor.
        along: ``d (inner, dim)``, from the owner to the neighbor.
        flat: differences that are small against this are not limited ``(..., inner, dim + 2)``; of the velocity the
            same along every axis.

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
    left = at_p + _limited(behind_p, ahead, flat) / 2
    right = at_n - _limited(behind_n, ahead, flat) / 2
    return Gas.unpacked(left), Gas.unpacked(right)


def _limited(behind: Tensor, ahead: Tensor, flat: Tensor) -> Tensor:
    """The slope, with one limiter for all of the velocity, so that it turns with the space."""
    slope = ((1 - KAPPA) * behind + (1 + KAPPA) * ahead) / 2
    density, pressure = (smooth_limiter(behind[..., k], ahead[..., k], flat[..., k]) for k in (0, -1))
    velocity = vector_limiter(behind[..., 1:-1], ahead[..., 1:-1], flat[..., 1])
    share = torch.stack([density, *[velocity] * (slope.shape[-1] - 2), pressure], -1)
    return share * slope
