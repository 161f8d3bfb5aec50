"""The L-shape."""

from __future__ import annotations

from gno.errors import ConfigError
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.polygon import polygon
from gno.mesh.shapes.square import check_length
from gno.mesh.shapes.target import Size


def l_shape(
    edge_length: float,
    *,
    side: float = 1.0,
    notch: tuple[float, float] = (0.5, 0.5),
    seed: int = 0,
    size: Size | None = None,
) -> Mesh:
    """Square ``(0, side)^2`` without its upper right part.

    The patches are ``left``, ``right``, ``bottom``, ``top``, and ``notch_right`` and ``notch_top``, the two sides that
    meet at the re-entrant corner (the first one faces right, the second one up).

    Args:
        edge_length: target edge length.
        side: length of the whole square's side.
        notch: width and height of the missing part, in sides.
        seed: another seed, another mesh.
        size: target edge lengths ``(n,)`` at points ``(n, 2)``, bounded by ``edge_length``.

    Raises:
        ConfigError: an edge length, side or notch that cannot be.

    Example:
        >>> list(l_shape(0.2).boundary)
        ['bottom', 'right', 'notch_top', 'notch_right', 'top', 'left']
    """
    if not all(0 < part < 1 for part in notch):
        raise ConfigError(f"notch is {notch}", why="it is the missing part of the sides, between 0 and 1")
    check_length("side", side)
    x, y = side * (1 - notch[0]), side * (1 - notch[1])
    corners = [(0, 0), (side, 0), (side, y), (x, y), (x, side), (0, side)]
    names = ["bottom", "right", "notch_top", "notch_right", "top", "left"]
    return polygon(corners, edge_length, names=names, size=size, seed=seed)
