"""The airfoil: a closed curve through given points, from the trailing edge once around and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from gno.errors import ConfigError
from gno.mesh.shapes.crossing import crossing
from gno.mesh.shapes.outline import Points, signed_area

_FEWEST = 9
_CHECKED = 500
"""Points among which sides that cross are looked for, at most."""
_SHARP = 1e-6
"""A gap of the trailing edge below this, in chords, is none."""


@dataclass(frozen=True, eq=False)
class Airfoil:
    """The outline of an airfoil: a cubic spline through its points, with a corner at the trailing edge.

    Args:
        name: what it is called.
        points: points ``(n, 2)`` from the trailing edge along the upper side to the leading edge, and along the lower
            side back to the trailing edge, in any unit; the other way round is turned. The first and the last one
            coincide where the trailing edge is sharp.

    Raises:
        ConfigError: points that are too few, not finite, in one place, or on a curve that crosses itself.

    Example:
        >>> lens = Airfoil("lens", np.array([[1, 0], [0.8, 0.04], [0.5, 0.06], [0.2, 0.05], [0, 0],
        ...                                  [0.2, -0.05], [0.5, -0.06], [0.8, -0.04], [1, 0]]))
        >>> lens.chord, lens.sharp
        (1.0, True)
    """

    name: str
    points: Points

    def __post_init__(self) -> None:
        points = np.asarray(self.points, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < _FEWEST:
            raise ConfigError(f"{self.name} has points of shape {points.shape}", why=f"it needs {_FEWEST} or more")
        if not np.isfinite(points).all():
            raise ConfigError(f"{self.name} has a point that is not finite", why="points lie in the plane")
        same = np.flatnonzero(np.hypot(*np.diff(points, axis=0).T) == 0)
        if len(same):
            raise ConfigError(f"points {same[0]} and {same[0] + 1} of {self.name} coincide", fix="name each point once")
        if np.hypot(*(points[-1] - points[0])) < _SHARP * np.ptp(points, axis=0).max():
            points = np.concatenate([points[:-1], points[:1]])
        corners = points[:-1] if (points[0] == points[-1]).all() else points
        corners = corners[:: 1 + len(corners) // _CHECKED]
        meeting = crossing(corners, corners)
        if meeting is not None:
            raise ConfigError(
                f"{self.name} crosses itself: sides {meeting[0]} and {meeting[1]} of {len(corners)}",
                why="its inside is not defined",
                fix="list the points from the trailing edge once around",
            )
        object.__setattr__(self, "points", points if signed_area(points) > 0 else points[::-1].copy())

    @property
    def sharp(self) -> bool:
        """Whether the trailing edge is one point."""
        return bool((self.points[0] == self.points[-1]).all())

    @property
    def trailing_edge(self) -> Float[np.ndarray, "2"]:
        """The trailing edge; its middle where it is blunt."""
        return (self.points[0] + self.points[-1]) / 2

    @cached_property
    def leading_edge(self) -> Float[np.ndarray, "2"]:
        """The point of the outline that is farthest from the trailing edge."""
        return self.at(np.array([self.nose]))[0]

    @cached_property
    def nose(self) -> float:
        """Fraction of the outline at which the leading edge lies."""
        t = np.linspace(0, 1, 20_001)
        return float(t[np.argmax(np.hypot(*(self.at(t) - self.trailing_edge).T))])

    @cached_property
    def chord(self) -> float:
        """Distance of the leading from the trailing edge."""
        return float(np.hypot(*(self.leading_edge - self.trailing_edge)))

    @property
    def middle(self) -> Float[np.ndarray, "2"]:
        """The middle of the chord: far fields are circles around it."""
        return (self.leading_edge + self.trailing_edge) / 2

    @cached_property
    def _spline(self) -> CubicSpline:
        steps = np.hypot(*np.diff(self.points, axis=0).T)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        return CubicSpline(along / along[-1], self.points)

    def at(self, t: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n 2"]:
        """Points at fractions ``t`` of the outline, about those of its length.

        Args:
            t: 0 at the trailing edge, then the upper side, the leading edge, the lower side; 1 at the trailing edge.
        """
        return np.asarray(self._spline(t))

    def slope(self, t: Float[np.ndarray, "*n"], order: int = 1) -> Float[np.ndarray, "*n 2"]:
        """Derivatives of the points by the fraction.

        Args:
            t: fractions of the outline.
            order: 1 for the tangent, 2 for its change.
        """
        return np.asarray(self._spline(t, order))

    @property
    def trailing_angle(self) -> float:
        """Angle between the two sides at the trailing edge, in radians."""
        up, down = self.slope(np.array([0.0, 1.0])) * [[1.0], [-1.0]]
        return float(abs(np.angle(complex(*up) / complex(*down))))

    @property
    def nose_radius(self) -> float:
        """Radius of curvature at the leading edge."""
        (dx, dy), (ax, ay) = (self.slope(np.array([self.nose]), order)[0] for order in (1, 2))
        return float((dx * dx + dy * dy) ** 1.5 / abs(dx * ay - dy * ax))

    def sharpened(self) -> Airfoil:
        """The airfoil with a sharp trailing edge: both sides move in proportion to the distance from the leading edge.

        Example:
            >>> from gno.mesh.shapes import naca
            >>> blunt = naca("0012", closed=False)
            >>> blunt.sharp, blunt.sharpened().sharp
            (False, True)
        """
        along = (self.points - self.leading_edge) @ (self.trailing_edge - self.leading_edge) / self.chord**2
        upper = np.arange(len(self.points)) <= int(np.argmin(along))
        end = np.where(upper[:, None], self.points[0], self.points[-1])
        points = self.points - np.clip(along, 0, 1)[:, None] * (end - self.trailing_edge)
        points[[0, -1]] = self.trailing_edge
        return Airfoil(self.name, points)

    def __repr__(self) -> str:
        return f"Airfoil({self.name!r}, {len(self.points)} points)"
