"""Values that a flow carries through faces: how they are extrapolated from the cell upstream."""

from __future__ import annotations

from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.limiter import smooth_limiter

Scheme = Literal["upwind", "linear-upwind", "limited", "central"]
"""Order 1, 2, 2, 2. The first and the third keep a field within its bounds; all but the third are linear."""
Field = Float[Tensor, "*samples _faces _components"]
Slope = Float[Tensor, "*samples _faces _components dim"]
Vector = Float[Tensor, "_faces dim"]


def check_scheme(scheme: str) -> None:
    """Refuse an unknown scheme.

    Args:
        scheme: its name.

    Raises:
        ConfigError: the schemes that there are.

    Example:
        >>> check_scheme("limited")
    """
    if scheme not in get_args(Scheme):
        raise ConfigError(f"scheme {scheme!r} is unknown", why=f"there are {', '.join(get_args(Scheme))}")


def dot(slope: Slope, vector: Vector) -> Field:
    """The derivative along a vector of each face.

    Args:
        slope: gradients.
        vector: of each face.
    """
    return (slope * vector[:, None, :]).sum(-1)


def seen_from(
    scheme: Scheme, u: Field, ahead: Field, slope: tuple[Slope, Vector, Vector], flat: float | Float[Tensor, ""]
) -> Field:
    r"""The value at each face as it is seen from the cell upstream.

    .. math::
        u_f = u_P + \psi(2 \nabla u_P \cdot d - \Delta^+, \, \Delta^+) \, \nabla u_P \cdot (x_f - x_P)

    Source: Barth and Jespersen 1989, AIAA 89-0366, for the linear extrapolation.

    Args:
        scheme: ``upwind`` (:math:`\psi = 0`), ``linear-upwind`` (1) or ``limited`` (``smooth_limiter``).
        u: value :math:`u_P` upstream.
        ahead: difference :math:`\Delta^+` of the value downstream.
        slope: gradient :math:`\nabla u_P`, the way :math:`x_f - x_P` to the face, and ``d`` to the place downstream.
        flat: as of ``smooth_limiter``.
    """
    if scheme == "upwind":
        return u
    gradient, to_face, along = slope
    step = dot(gradient, to_face)
    if scheme == "limited":
        step = step * smooth_limiter(2 * dot(gradient, along) - ahead, ahead, flat)
    return u + step


def upwinded(mass: Float[Tensor, " _faces"], from_owner: Field, from_neighbor: Field) -> Field:
    r""":math:`F^+ u_P + F^- u_N`: what a mass flux F out of the owner carries.

    Args:
        mass: F.
        from_owner: the value seen from the owner.
        from_neighbor: the value seen from the neighbor.
    """
    # abs() has the derivative 0 at 0, so that a face along the flow has the mean of both sides as its derivative
    f = mass[:, None]
    return (f * (from_owner + from_neighbor) + f.abs() * (from_owner - from_neighbor)) / 2
