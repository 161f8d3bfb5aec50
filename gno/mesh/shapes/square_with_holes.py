"""The square with holes."""

from __future__ import annotations

from collections.abc import Sequence

from gno.mesh.mesh import Mesh
from gno.mesh.shapes.polygon import Hole, polygon
from gno.mesh.shapes.square import SIDES, check_length
from gno.mesh.shapes.target import Size


def square_with_holes(
    edge_length: float,
    holes: Sequence[Hole] = ((0.5, 0.5, 0.2),),
    *,
    side: float = 1.0,
    seed: int = 0,
    size: Size | None = None,
) -> Mesh:
    """Square ``(0, side)^2`` with holes: patches ``left``, ``right``, ``bottom``, ``top``, ``hole_0``, ``hole_1``, ...

    Args:
        edge_length: target edge length.
        holes: circles ``(x, y, radius)`` or polygons ``(n, 2)``.
        side: length of the square's side.
        seed: another seed, another mesh.
        size: target edge lengths ``(n,)`` at points ``(n, 2)``, bounded by ``edge_length``.

    Raises:
        ConfigError: an edge length or side that cannot be; a hole outside, or one that touches a side or another hole.

    Example:
        >>> list(square_with_holes(0.1, [(0.5, 0.5, 0.2)]).boundary)
        ['bottom', 'right', 'top', 'left', 'hole_0']
    """
    check_length("side", side)
    corners = [(0, 0), (side, 0), (side, side), (0, side)]
    return polygon(corners, edge_length, holes=holes, names=SIDES, size=size, seed=seed)
