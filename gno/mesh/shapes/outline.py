"""The outline of a shape: closed loops of named sides, the shape on their left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

Points = Float[np.ndarray, "_ 2"]
"""Points in the plane, any number of them."""
_FINE = 4000


@dataclass(frozen=True)
class Straight:
    """A straight side from one corner to the next.

    Args:
        name: the patch that the side belongs to.
        start: first corner ``(x, y)``.
        end: last corner, the first one of the next side.
    """

    name: str
    start: tuple[float, float]
    end: tuple[float, float]

    @property
    def length(self) -> float:
        """Length of the side."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))

    fewest = 1
    """Segments that the side needs at least."""

    def at(self, t: Float[np.ndarray, " n"]) -> Points:
        """Points at the fractions ``t`` of the length."""
        start, end = np.array(self.start), np.array(self.end)
        return start + t[:, None] * (end - start)

    def distance(self, points: Points) -> Float[np.ndarray, " points"]:
        """Distance of points from the side."""
        start, along = np.array(self.start), np.subtract(self.end, self.start)
        t = np.clip((points - start) @ along / (along @ along), 0, 1)
        return np.hypot(*(start + t[:, None] * along - points).T)


@dataclass(frozen=True)
class Circle:
    """A full circle, closed in itself; counter-clockwise, or clockwise around a hole.

    Args:
        name: the patch that the circle is.
        center: ``(x, y)``.
        radius: larger than zero.
        hole: the shape lies outside.
    """

    name: str
    center: tuple[float, float]
    radius: float
    hole: bool = False

    @property
    def length(self) -> float:
        """Circumference."""
        return float(2 * np.pi * self.radius)

    fewest = 12
    """Segments that the circle needs at least, to look like one."""

    def at(self, t: Float[np.ndarray, " n"]) -> Points:
        """Points at the fractions ``t`` of the circumference."""
        angle = (-2 if self.hole else 2) * np.pi * t
        return np.array(self.center) + self.radius * np.column_stack([np.cos(angle), np.sin(angle)])

    def distance(self, points: Points) -> Float[np.ndarray, " points"]:
        """Distance of points from the circle."""
        return np.abs(np.hypot(*(points - np.array(self.center)).T) - self.radius)


@dataclass(frozen=True, eq=False)
class Curve:
    """A curved side from one corner to the next; closed in itself where they are one.

    Args:
        name: the patch that the side belongs to.
        through: points at fractions of the side.
        fewest: segments that the side needs at least.
        knots: ascending fractions at which segments are split, where one lies inside.
    """

    name: str
    through: Callable[[Float[np.ndarray, " n"]], Points]
    fewest: int = 1
    knots: Float[np.ndarray, " k"] | None = None

    @cached_property
    def _fine(self) -> Points:
        return self.through(np.linspace(0, 1, _FINE + 1))

    @cached_property
    def length(self) -> float:
        """Length of the side."""
        return float(np.hypot(*np.diff(self._fine, axis=0).T).sum())

    def at(self, t: Float[np.ndarray, " n"]) -> Points:
        """Points at the fractions ``t``."""
        return self.through(t)

    def distance(self, points: Points) -> Float[np.ndarray, " points"]:
        """Distance of points from the side, up to its length over some thousands."""
        return np.asarray(cKDTree(self._fine).query(points)[0])

    def between(self, begin: Float[np.ndarray, " n"], end: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Fractions in the middle of segments, or the knots next to them."""
        middle = (begin + end) / 2
        if self.knots is None:
            return middle
        knot = self.knots[np.searchsorted(self.knots[:-1], middle - 1e-9)]
        return np.where((begin < knot) & (knot < end), knot, middle)


Side = Straight | Circle | Curve
Loop = Sequence[Side]


def straight_loop(corners: Points, names: Sequence[str]) -> list[Side]:
    """The sides of a polygon, side ``i`` from corner ``i`` to the next."""
    ends = np.roll(corners, -1, axis=0)
    return [Straight(name, tuple(a), tuple(b)) for name, a, b in zip(names, corners.tolist(), ends.tolist())]


def signed_area(corners: Points) -> float:
    """Area of a polygon, negative if its corners are listed clockwise."""
    x, y = (corners - corners[0]).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


class Outline:
    """Loops of sides, cut into segments; the shape lies to the left of every segment.

    Args:
        loops: the outer loop counter-clockwise, those of holes clockwise.
        cuts: for each side, in the order of the loops, the fractions of its length where segments begin; 0 is first.
    """

    def __init__(self, loops: Sequence[Loop], cuts: Sequence[Float[np.ndarray, " _"]]) -> None:
        self.loops = loops
        self.cuts = list(cuts)
        self.sides = [side for loop in loops for side in loop]
        self.points: Points = np.concatenate([side.at(t) for side, t in zip(self.sides, self.cuts)])
        self.side = np.repeat(np.arange(len(self.sides)), [len(t) for t in self.cuts])
        self.segments: Int[np.ndarray, "points 2"] = self._segments()
        ends = self.points[self.segments]
        self.middles: Points = ends.mean(1)
        self.lengths: Float[np.ndarray, " points"] = np.hypot(*(ends[:, 1] - ends[:, 0]).T)

    def _segments(self) -> Int[np.ndarray, "points 2"]:
        counts = iter(len(t) for t in self.cuts)
        sizes = [sum(next(counts) for _ in loop) for loop in self.loops]
        first = np.arange(len(self.points))
        last, begin = first + 1, 0
        for size in sizes:
            last[begin + size - 1] = begin
            begin += size
        return np.column_stack([first, last])

    def split(self, which: Bool[np.ndarray, " points"]) -> Outline:
        """The same outline with a new point in the middle of some segments, or on a knot of their curve."""
        cuts = []
        for number, (side, t) in enumerate(zip(self.sides, self.cuts)):
            end = np.append(t[1:], 1.0)
            middle = side.between(t, end) if isinstance(side, Curve) else (t + end) / 2
            cuts.append(np.sort(np.concatenate([t, middle[which[self.side == number]]])))
        return Outline(self.loops, cuts)

    def patches(self) -> dict[str, Int[np.ndarray, "segments 2"]]:
        """Segments of each name; sides of the same name make one patch."""
        names = np.array([side.name for side in self.sides])[self.side]
        return {name: self.segments[names == name] for name in dict.fromkeys(side.name for side in self.sides)}

    @property
    def area(self) -> float:
        """Area inside the segments."""
        a, b = self.points[self.segments].transpose(1, 2, 0) - self.points[0][:, None]
        return float((a[0] * b[1] - a[1] * b[0]).sum() / 2)

    def contains(self, points: Points) -> Bool[np.ndarray, " points"]:
        """Whether points lie inside, by the parity of the crossings of a ray."""
        inside = np.zeros(len(points), dtype=bool)
        ends = self.points[self.segments]
        (ax, ay), (bx, by) = ends[:, 0].T, ends[:, 1].T
        slope = (bx - ax) / np.where(by == ay, 1.0, by - ay)
        step = max(1, 2_000_000 // len(ends))
        for begin in range(0, len(points), step):
            x, y = points[begin : begin + step, :1], points[begin : begin + step, 1:]
            crosses = ((ay > y) != (by > y)) & (x < ax + slope * (y - ay))
            inside[begin : begin + step] = crosses.sum(1) % 2 == 1
        return inside
