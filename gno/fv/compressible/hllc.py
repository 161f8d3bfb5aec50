"""The upwind flux of Harten, Lax and van Leer with a contact wave."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.compressible.gas import Conserved, Gas, Rows, dot, smooth_size
from gno.fv.compressible.roe import roe_mean

ROUND = 0.02
"""Share of the speed of sound by which sizes and extremes of wave speeds are rounded."""


def hllc(left: Gas, right: Gas, area: Float[Tensor, "_rows dim"], heat_ratio: float) -> Conserved:
    r"""The flux out of the left state into the right one, through two states between three waves.

    .. math::
        F = \frac{F_L + F_R}{2} - \frac12 \Big( |S_L| (U_L^* - U_L) + |S_M| (U_R^* - U_L^*) + |S_R| (U_R - U_R^*) \Big)

    which is the flux of the state that holds at the face; the sizes are :math:`\sqrt{S^2 + (\delta c)^2}`.

    Source: Toro, Spruce and Speares 1994, Shock Waves 4, 25; for the speeds Batten et al. 1997, SIAM J. Sci. Comput.
    18, 1553.

    Args:
        left: on the side that the area points out of.
        right: on the other.
        area: ``S (rows, dim)``.
        heat_ratio: :math:`\gamma`.

    Example:
        >>> gas = Gas(torch.ones(1), torch.tensor([[0.5, 0.0]]), torch.ones(1))
        >>> area = torch.tensor([[1.0, 2.0]])
        >>> torch.allclose(hllc(gas, gas, area, 1.4), gas.flux(area, 1.4))
        True
    """
    size = dot(area, area).sqrt()
    normal = area / size[:, None]
    velocity, enthalpy, _ = roe_mean(left, right, heat_ratio)
    sound = ((heat_ratio - 1) * (enthalpy - dot(velocity, velocity) / 2)).sqrt()
    speed, width = dot(velocity, normal), ROUND * sound
    at_left, at_right = dot(left.velocity, normal), dot(right.velocity, normal)
    first = _smaller(at_left - left.sound_speed(heat_ratio), speed - sound, width)
    last = -_smaller(-at_right - right.sound_speed(heat_ratio), -speed - sound, width)
    into, out_of = left.density * (first - at_left), right.density * (last - at_right)
    middle = (right.pressure - left.pressure + into * at_left - out_of * at_right) / (into - out_of)

    from_left = _between(left, at_left, first, middle, normal, heat_ratio)
    from_right = _between(right, at_right, last, middle, normal, heat_ratio)
    u_left, u_right = left.conserved(heat_ratio), right.conserved(heat_ratio)
    waves = smooth_size(first, width)[..., None] * (from_left - u_left)
    waves = waves + smooth_size(middle, width)[..., None] * (from_right - from_left)
    waves = waves + smooth_size(last, width)[..., None] * (u_right - from_right)
    central = left.flux(area, heat_ratio) + right.flux(area, heat_ratio)
    return (central - size[:, None] * waves) / 2


def _smaller(a: Tensor, b: Tensor, width: Tensor) -> Tensor:
    """The smaller of two, and a little less where they are near to each other."""
    return (a + b - smooth_size(a - b, width)) / 2


def _between(gas: Gas, speed: Rows, wave: Rows, middle: Rows, normal: Tensor, heat_ratio: float) -> Conserved:
    """The state between an outer wave and the contact."""
    density = gas.density * (wave - speed) / (wave - middle)
    velocity = gas.velocity + (middle - speed)[..., None] * normal
    lifted = (middle - speed) * (middle + gas.pressure / (gas.density * (wave - speed)))
    energy = gas.energy(heat_ratio) / gas.density + lifted
    return torch.cat([density[..., None], density[..., None] * velocity, (density * energy)[..., None]], -1)
