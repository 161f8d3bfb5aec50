"""Values that a flow carries through faces: how they are extrapolated from the cell upstream."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.reconstruction.limiter import smooth_limiter

Scheme = Literal["upwind", "linear-upwind", "limited", "central"]
"""Order 1, 2, 2, 2. The first and the third keep a field within its bounds; all but the third are linear."""
LEAST = 1e-3
"""Least share of the other neighbors in a derivative: where it is smaller they hardly know of a difference."""
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


class Reach(NamedTuple):
    r"""Where a cell sees the face and what is downstream.

    Args:
        to_face: :math:`x_f - x_P` ``(faces, dim)``.
        along: ``d``, from P to the place downstream ``(faces, dim)``.
        share: :math:`\theta < 1`: how much of the derivative along ``d`` comes from the value there ``(faces,)``.
    """

    to_face: Vector
    along: Vector
    share: Float[Tensor, " _faces"]


def seen_from(
    scheme: Scheme, u: Field, ahead: Field, gradient: Slope, reach: Reach, flat: float | Float[Tensor, ""]
) -> Field:
    r"""The value at each face as it is seen from the cell upstream.

    .. math::
        u_f = u_P + \psi(\Delta^-, \Delta^+) \, \lambda \, \nabla u_P \cdot d
        + \nabla u_P \cdot (x_f - x_P - \lambda d), \qquad
        \Delta^- = \frac{\nabla u_P \cdot d - \theta \Delta^+}{1 - \theta}, \quad
        \lambda = \frac{(x_f - x_P) \cdot d}{d \cdot d}

    So :math:`\Delta^-` is the difference that the other neighbors know of. The last term, from the line of centers to
    the center of the face, is not limited: where the field hardly changes along the line, its limiter would be
    anything, and Newton's method would not converge.

    Source: Barth and Jespersen 1989, AIAA 89-0366, for the linear extrapolation.

    Args:
        scheme: ``upwind`` (:math:`u_P` alone), ``linear-upwind`` (:math:`\psi = 1`) or ``limited``.
        u: value :math:`u_P` upstream.
        ahead: difference :math:`\Delta^+` of the value downstream.
        gradient: :math:`\nabla u_P`.
        reach: ways to the face and downstream.
        flat: as of ``smooth_limiter``.
    """
    if scheme == "upwind":
        return u
    if scheme == "linear-upwind":
        return u + dot(gradient, reach.to_face)
    d, theta = reach.along, reach.share[:, None]
    part, change = ((reach.to_face * d).sum(1) / (d * d).sum(1))[:, None], dot(gradient, d)
    psi = smooth_limiter((change - theta * ahead) / (1 - theta).clamp(min=LEAST), ahead, flat)
    return u + psi * part * change + dot(gradient, reach.to_face - part * d)


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
