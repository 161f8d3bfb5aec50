"""Velocities of a fluid that comes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial import ConvexHull
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.volumes.patches import check_patch
from gno.mesh import Mesh, face_area, patch_faces

Points = Float[np.ndarray, "n dim"]
FLAT = 1e-6
"""Distance from a line or plane, over the size of a patch, that counts as none."""
FULL = 1e-6
"""Share of a rectangle that may be missing from a patch."""


class Frame(NamedTuple):
    """A line, or a rectangle in space.

    Args:
        corner: one end or corner ``(dim,)``.
        sides: the sides from there on ``(sides, dim)``.
    """

    corner: Float[np.ndarray, " dim"]
    sides: Float[np.ndarray, "sides dim"]


def parabola(mesh: Mesh, patch: str, peak: float | int) -> Callable[[Float[Tensor, "n dim"]], Float[Tensor, " n"]]:
    r"""Speed of a flow between walls, for an ``Inlet`` on a straight patch in the plane, or a rectangle in space.

    .. math::
        u(s) = u_\mathrm{max} \prod_k 4 \, s_k \, (1 - s_k)

    with :math:`s_k` from 0 to 1 along each side of the patch. In the plane it is the developed flow, whose mean is two
    thirds of the peak; in space it vanishes on all four edges, its mean is four ninths, and the developed flow of a
    duct, which is a little fuller, forms behind it.

    Args:
        mesh: in the plane or in space.
        patch: its name.
        peak: greatest speed.

    Raises:
        ConfigError: an unknown patch, one that is not straight, or, in space, no rectangle.

    Example:
        >>> from gno.mesh import shapes
        >>> speed = parabola(shapes.square(0.5), "left", 0.3)
        >>> speed(torch.tensor([[0.0, 0.0], [0.0, 0.5]], dtype=torch.float64)).tolist()
        [0.0, 0.3]
    """
    check_patch(patch, mesh.boundary)
    corners = mesh.boundary[patch].ravel()
    points = mesh.points[np.unique(corners[corners >= 0])]
    frame = _line(points, patch) if mesh.dim == 2 else _rectangle(points, _area(mesh, patch), patch)
    corner, sides = (torch.from_numpy(part) for part in frame)

    def speed(points: Tensor) -> Tensor:
        s = (points - corner.to(points)) @ (sides / (sides**2).sum(1, keepdim=True)).to(points).mT
        return peak * (4 * s * (1 - s)).prod(1)

    return speed


def _line(points: Points, patch: str) -> Frame:
    start = points[np.linalg.norm(points - points[0], axis=1).argmax()]
    along = points[np.linalg.norm(points - start, axis=1).argmax()] - start
    away, length = points - start, np.linalg.norm(along)
    off = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]).max() / length
    if off > FLAT * length:
        raise ConfigError(
            f"patch {patch!r} is bent by {off:.3g}", why="a parabola lies between two ends of a straight line"
        )
    return Frame(start, along[None])


def _rectangle(points: Points, area: float, patch: str) -> Frame:
    """The smallest rectangle around a plane patch, which has to fill it."""
    middle = points.mean(0)
    _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
    off = float(np.abs((points - middle) @ axes[2]).max())
    if off > FLAT * np.sqrt(area):
        raise ConfigError(f"patch {patch!r} is bent by {off:.3g}", why="a parabola in space lies on a plane rectangle")
    flat = (points - middle) @ axes[:2].T
    hull = flat[ConvexHull(flat).vertices]
    edges = np.roll(hull, -1, axis=0) - hull
    around = [_bounds(hull, edge / np.linalg.norm(edge)) for edge in edges]
    corner, sides = min(around, key=lambda frame: float(np.prod(np.linalg.norm(frame.sides, axis=1))))
    whole = float(np.prod(np.linalg.norm(sides, axis=1)))
    if area < (1 - FULL) * whole:
        raise ConfigError(
            f"patch {patch!r} fills {area / whole:.3g} of the smallest rectangle around it",
            why="a parabola in space lies on a rectangle",
            fix="give a speed along the normal instead: inlet:SPEED, or Inlet(function of points)",
        )
    return Frame(middle + corner @ axes[:2], sides @ axes[:2])


def _bounds(hull: Float[np.ndarray, "n 2"], along: Float[np.ndarray, "2"]) -> Frame:
    """The rectangle with a side along a direction around points in the plane."""
    turned = np.stack([along, [-along[1], along[0]]])
    s = hull @ turned.T
    return Frame(s.min(0) @ turned, np.ptp(s, axis=0)[:, None] * turned)


def _area(mesh: Mesh, patch: str) -> float:
    return float(np.linalg.norm(face_area(mesh)[patch_faces(mesh)[patch]], axis=1).sum())
