"""The target edge length: a bound everywhere, smaller where the shape or the caller wants it, never changing fast."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float
from scipy.ndimage import map_coordinates

from gno.errors import ConfigError
from gno.mesh.shapes.outline import Loop, Outline, Points, Side

Size = Callable[[np.ndarray], np.ndarray]
"""Points ``(n, 2)`` to target edge lengths ``(n,)``."""

GROWTH = 0.25
"""Largest change of the edge length over a distance of one."""
_GRID = 160
_MOST_NODES = 20_000_000


def check_edge_length(edge_length: float, width: float) -> None:
    """Refuse an edge length that is no length, or one larger than the shape is wide."""
    if not (math.isfinite(edge_length) and edge_length > 0):
        raise ConfigError(f"edge_length is {edge_length}", why="it must be finite and larger than 0")
    if edge_length > width * (1 + 1e-9):
        raise ConfigError(
            f"edge_length is {edge_length:g}",
            why=f"the shape is only about {width:.3g} wide",
            fix=f"take an edge_length below {width / 4:.2g}",
        )


class Target:
    r"""The edge length that a mesh aims at.

    .. math::
        h(x) = \min\left(h_0,\; \min_y \left[s(y) + g\,|x - y|\right]\right)

    with the edge length :math:`h_0`, the sizes :math:`s` that the caller gives and that short sides, small holes and
    narrow gaps need, and the growth :math:`g` = 0.25.

    Args:
        edge_length: upper bound :math:`h_0`.
        size: target edge length at points ``(n, 2)``, or ``None``.
        loops: the outline of the shape.

    Raises:
        ConfigError: an edge length or size that cannot be.
    """

    def __init__(self, edge_length: float, size: Size | None, loops: Sequence[Loop]) -> None:
        self.edge_length, self.size = edge_length, size
        check_edge_length(edge_length, math.inf)
        fine = Outline(loops, [_even(side, edge_length / 4) for loop in loops for side in loop])
        outer = float(sum(side.length for side in loops[0]))
        check_edge_length(edge_length, 4 * Outline(loops[:1], fine.cuts[: len(loops[0])]).area / outer)
        _check_nodes(fine.area / edge_length**2, edge_length)
        points, sizes = _features(fine, edge_length)
        self._grid: Float[np.ndarray, "nx ny"] | None = None
        if size is not None or len(points):
            self._grid = self._limited(fine, points, sizes)

    def __call__(self, points: Points) -> Float[np.ndarray, " points"]:
        """Target edge length at points."""
        if self._grid is None:
            return np.full(len(points), self.edge_length)
        at = ((points - self._origin) / self._step).T
        return np.minimum(map_coordinates(self._grid, at, order=1, mode="nearest"), self._asked(points))

    def _asked(self, points: Points) -> Float[np.ndarray, " points"]:
        if self.size is None or len(points) == 0:
            return np.full(len(points), self.edge_length)
        size = np.asarray(self.size(points), dtype=np.float64)
        if size.shape != (len(points),):
            raise ConfigError(
                f"size returned shape {size.shape} for {len(points)} points",
                why="it gives one target edge length per point",
                fix="return an array (n,) for points (n, 2)",
            )
        if not (np.isfinite(size) & (size > 0)).all():
            bad = int(np.flatnonzero(~(np.isfinite(size) & (size > 0)))[0])
            raise ConfigError(
                f"size is {size[bad]} at {points[bad].round(6).tolist()}", why="edge lengths are finite and positive"
            )
        return np.minimum(size, self.edge_length)

    def _limited(self, fine: Outline, features: Points, sizes: Float[np.ndarray, " n"]) -> Float[np.ndarray, "nx ny"]:
        low, high = fine.points.min(0), fine.points.max(0)
        self._step = float((high - low).max()) / _GRID
        self._origin = low - self._step
        shape = tuple(int(n) for n in np.ceil((high - low) / self._step).astype(int) + 3)
        nodes = self._origin + self._step * np.indices(shape).reshape(2, -1).T
        h = np.full(len(nodes), self.edge_length)
        inside = fine.contains(nodes)
        h[inside] = self._asked(nodes[inside])
        on_sides = fine.points
        features = np.concatenate([features, on_sides])
        sizes = np.concatenate([sizes, self._asked(on_sides)])
        # Each feature reaches the grid nodes around it; the growth carries it on from there.
        for corner in np.indices((2, 2)).reshape(2, -1).T:
            near = np.floor((features - self._origin) / self._step).astype(int) + corner
            away = np.hypot(*(self._origin + self._step * near - features).T)
            np.minimum.at(h, np.ravel_multi_index(tuple(near.T), shape), sizes + GROWTH * away)
        h = _grow(h.reshape(shape), self._step)
        _check_nodes(self._step**2 * float((h.ravel()[inside] ** -2.0).sum()), float(h.min()))
        return h


def _check_nodes(squares: float, smallest: float) -> None:
    """Refuse to begin what would not end: ``squares`` is the area in squared target edge lengths."""
    nodes = 2 / 3**0.5 * squares
    if nodes > _MOST_NODES:
        raise ConfigError(
            f"the mesh would have about {nodes:.1e} nodes",
            why=f"the smallest target edge length is {smallest:.2g}",
            fix="take a larger edge_length or size, or widen the gaps of the shape",
        )


def _even(side: Side, spacing: float) -> Float[np.ndarray, " n"]:
    count = min(max(side.fewest, math.ceil(side.length / spacing)), 200_000)
    return np.arange(count) / count


def _grow(h: Float[np.ndarray, "nx ny"], step: float) -> Float[np.ndarray, "nx ny"]:
    """The largest field below ``h`` that grows by no more than ``GROWTH`` per distance along the grid's directions."""
    moves = [(1, 0, 1.0), (0, 1, 1.0), (1, 1, 2**0.5), (1, -1, 2**0.5)]
    padded = np.pad(h, 1, constant_values=np.inf)
    inner = padded[1:-1, 1:-1]
    while True:
        before = inner.copy()
        for i, j, distance in moves:
            for sign in (1, -1):
                moved = np.roll(padded, (sign * i, sign * j), axis=(0, 1))[1:-1, 1:-1]
                np.minimum(inner, moved + GROWTH * step * distance, out=inner)
        if np.array_equal(before, inner):
            return before


def _features(fine: Outline, edge_length: float) -> tuple[Points, Float[np.ndarray, " n"]]:
    """Points on the outline that need shorter edges than the bound: short sides, small circles, narrow gaps."""
    need = np.array([side.length / side.fewest for side in fine.sides])[fine.side]
    need = np.minimum(need, _gaps(fine, edge_length))
    short = need < edge_length
    return fine.points[short], need[short]


def _gaps(fine: Outline, reach: float) -> Float[np.ndarray, " points"]:
    """Distance from points on the outline to the nearest side that is not a neighbor, where it is within reach."""
    gap = np.full(len(fine.points), np.inf)
    begin = 0
    for loop in fine.loops:
        for place in range(len(loop)):
            own = fine.side == begin + place
            near = {begin + (place + shift) % len(loop) for shift in (-1, 0, 1)}
            for number, other in enumerate(fine.sides):
                if number not in near:
                    gap[own] = np.minimum(gap[own], other.distance(fine.points[own]))
        begin += len(loop)
    return np.where(gap < reach, gap, np.inf)
