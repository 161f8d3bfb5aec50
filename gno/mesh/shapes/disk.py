"""The disk."""

from __future__ import annotations

import math

from gno.errors import ConfigError
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.delaunay import triangulate
from gno.mesh.shapes.outline import Circle
from gno.mesh.shapes.target import Size


def disk(
    edge_length: float,
    *,
    radius: float = 1.0,
    center: tuple[float, float] = (0.0, 0.0),
    seed: int = 0,
    size: Size | None = None,
) -> Mesh:
    """Disk of triangles with the patch ``wall``, whose nodes lie on the circle.

    Args:
        edge_length: target edge length.
        radius: radius of the disk.
        center: its center ``(x, y)``.
        seed: another seed, another mesh.
        size: target edge lengths ``(n,)`` at points ``(n, 2)``, bounded by ``edge_length``.

    Raises:
        ConfigError: an edge length, radius or center that cannot be.

    Example:
        >>> list(disk(0.3).boundary)
        ['wall']
    """
    check_circle("disk", *center, radius)
    circle = Circle("wall", (float(center[0]), float(center[1])), float(radius))
    return triangulate([[circle]], edge_length, size=size, seed=seed)


def check_circle(what: str, x: float, y: float, radius: float) -> None:
    """Refuse a circle without a place or a size."""
    if not (math.isfinite(radius) and radius > 0):
        raise ConfigError(f"{what} has radius {radius}", why="it must be finite and larger than 0")
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ConfigError(f"{what} has its center at ({x}, {y})", why="it must be finite")
