"""Polygons, with or without holes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gno.errors import ConfigError
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.crossing import crossing
from gno.mesh.shapes.delaunay import triangulate
from gno.mesh.shapes.disk import check_circle
from gno.mesh.shapes.outline import Circle, Loop, Outline, Points, Side, signed_area, straight_loop
from gno.mesh.shapes.target import Size

Corners = Sequence[Sequence[float | int]] | np.ndarray
"""Corners ``(n, 2)``."""
Hole = Sequence[float | int] | Sequence[Sequence[float | int]] | np.ndarray
"""A circle ``(x, y, radius)``, or corners ``(n, 2)``."""


def polygon(
    corners: Corners,
    edge_length: float,
    *,
    holes: Sequence[Hole] = (),
    names: Sequence[str] | None = None,
    size: Size | None = None,
    seed: int = 0,
) -> Mesh:
    """Polygon of triangles, with or without holes; each side a patch, each hole a patch.

    Args:
        corners: corners ``(n, 2)`` in either direction; the polygon need not be convex, but may not cross itself.
        edge_length: target edge length.
        holes: circles ``(x, y, radius)`` or polygons ``(n, 2)``; their patches are ``hole_0``, ``hole_1``, ...
        names: names of the sides, side ``i`` from corner ``i`` to the next; ``side_0``, ``side_1``, ... by default.
            Sides of the same name make one patch.
        size: target edge lengths ``(n,)`` at points ``(n, 2)``, bounded by ``edge_length``.
        seed: another seed, another mesh.

    Raises:
        ConfigError: corners, holes, names or an edge length that cannot be.

    Example:
        >>> list(polygon([(0, 0), (1, 0), (0, 1)], 0.3, names=["foot", "slope", "wall"]).boundary)
        ['foot', 'slope', 'wall']
    """
    points = _corners("the polygon", corners)
    labels = [f"side_{i}" for i in range(len(points))] if names is None else list(names)
    if len(labels) != len(points):
        raise ConfigError(f"{len(labels)} names for {len(points)} sides", why="there is one name per side")
    if signed_area(points) < 0:
        points, labels = points[::-1], [*labels[-2::-1], labels[-1]]
    outer = straight_loop(points, labels)
    loops: list[Loop] = [outer, *(_hole(i, hole) for i, hole in enumerate(holes))]
    _check_apart(loops)
    mesh = triangulate(loops, edge_length, size=size, seed=seed)
    order = [*(labels if names is None else names), *(f"hole_{i}" for i in range(len(loops) - 1))]
    if names is None:
        order[: len(labels)] = sorted(labels, key=lambda name: int(name[5:]))
    return Mesh(mesh.points, mesh.cells, {name: mesh.boundary[name] for name in dict.fromkeys(order)})


def _corners(what: str, corners: Corners) -> Points:
    points = np.asarray(corners, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise ConfigError(f"{what} has corners of shape {points.shape}", why="it needs (n, 2) with n of 3 or more")
    if not np.isfinite(points).all():
        raise ConfigError(f"{what} has a corner that is not finite", why="corners are points of the plane")
    extent = float(np.ptp(points, axis=0).max())
    for i, length in enumerate(np.hypot(*(np.roll(points, -1, axis=0) - points).T)):
        if length <= 1e-9 * extent:
            raise ConfigError(
                f"corners {i} and {(i + 1) % len(points)} of {what} coincide",
                why="a side needs a length",
                fix="name each corner once; the polygon closes itself",
            )
    meeting = crossing(points, points)
    if meeting is not None:
        raise ConfigError(
            f"sides {meeting[0]} and {meeting[1]} of {what} cross or touch",
            why="the inside of a polygon that crosses itself is not defined",
            fix="list the corners in their order along the boundary",
        )
    return points


def _hole(number: int, hole: Hole) -> list[Side]:
    name = f"hole_{number}"
    values: Float[np.ndarray, "..."] = np.asarray(hole, dtype=np.float64)
    if values.shape == (3,):
        x, y, radius = (float(v) for v in values)
        check_circle(name, x, y, radius)
        return [Circle(name, (x, y), radius, hole=True)]
    points = _corners(name, values)
    return straight_loop(points[::-1] if signed_area(points) > 0 else points, [name] * len(points))


def _check_apart(loops: Sequence[Loop]) -> None:
    """Refuse holes that are not inside, or that touch a side or another hole."""
    fine = [Outline([loop], [np.arange(128) / 128 for _ in loop]) for loop in loops]
    for number, hole in enumerate(loops[1:]):
        inside = fine[0].contains(fine[number + 1].points).all()
        for other, loop in enumerate(loops):
            if other == number + 1:
                continue
            within = other > 0 and bool(fine[other].contains(fine[number + 1].points).any())
            if _touch(hole, loop, fine[number + 1], fine[other]) or within or not inside:
                what = "the boundary" if other == 0 else f"hole_{other - 1}"
                raise ConfigError(
                    f"hole_{number} is not apart from {what}",
                    why="holes lie inside the shape and do not touch its sides or each other",
                    fix="move the hole, or make it smaller",
                )


def _touch(one: Loop, two: Loop, fine_one: Outline, fine_two: Outline) -> bool:
    if isinstance(one[0], Circle) and isinstance(two[0], Circle):
        gap = math.dist(one[0].center, two[0].center) - one[0].radius - two[0].radius
        return -2 * min(one[0].radius, two[0].radius) <= gap <= 0
    for circle, sides in ((one[0], two), (two[0], one)):
        if isinstance(circle, Circle):
            center = np.array([circle.center])
            near = min(float(side.distance(center)[0]) for side in sides)
            return near <= circle.radius
    return crossing(fine_one.points[::128], fine_two.points[::128]) is not None
