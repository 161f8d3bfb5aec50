"""NACA's airfoils of four digits."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gno.errors import ConfigError
from gno.mesh.shapes.airfoil import Airfoil

_CLOSED, _OPEN = 0.1036, 0.1015


def naca(digits: str, *, num_points: int = 401, closed: bool = True) -> Airfoil:
    r"""NACA airfoil of four digits, chord from ``(0, 0)`` to ``(1, 0)``.

    .. math::
        y_t = 5 t \left(0.2969 \sqrt{x} - 0.1260\, x - 0.3516\, x^2 + 0.2843\, x^3 - a\, x^4\right)

    is half the thickness, at right angles to the camber line :math:`y_c = \frac{m}{p^2} (2 p x - x^2)` before and
    :math:`y_c = \frac{m}{(1 - p)^2} (1 - 2 p + 2 p x - x^2)` behind the place :math:`p` of the largest camber. With
    :math:`a` = 0.1036 the trailing edge is closed; NACA's own 0.1015 leaves it open by 0.0021 of ten thicknesses.

    Source: Jacobs, Ward and Pinkerton 1933, NACA report 460, equations 1 to 6.

    Args:
        digits: camber in percent of the chord, its place in tenths, thickness in percent: ``"0012"``, ``"4412"``.
        num_points: points on the outline, clustered at both edges by :math:`x = (1 - \cos\beta) / 2`; odd.
        closed: :math:`a` = 0.1036 rather than 0.1015.

    Raises:
        ConfigError: digits that name no airfoil, or a number of points that is even or below 9.

    Example:
        >>> naca("2412", num_points=201)
        Airfoil('naca2412', 201 points)
    """
    if not (len(digits) == 4 and digits.isascii() and digits.isdigit()) or digits[2:] == "00":
        raise ConfigError(
            f"digits are {digits!r}",
            why="a NACA airfoil has four: camber, its place, and two of thickness, which is not zero",
            fix="take 0012 or 4412",
        )
    m, p, t = int(digits[0]) / 100, int(digits[1]) / 10, int(digits[2:]) / 100
    if (m > 0) != (p > 0):
        raise ConfigError(f"digits are {digits!r}", why="camber and its place are both zero, or neither is")
    if num_points < 9 or num_points % 2 == 0:
        raise ConfigError(f"num_points is {num_points}", why="an odd number of 9 or more has the leading edge in it")
    x = (1 - np.cos(np.linspace(0, np.pi, num_points // 2 + 1))) / 2
    half = _half_thickness(x, t, _CLOSED if closed else _OPEN)
    camber, slope = _camber(x, m, p)
    across = half * np.stack([-slope, np.ones_like(x)]) / np.sqrt(1 + slope**2)
    upper, lower = (np.stack([x, camber]) + sign * across for sign in (1, -1))
    points = np.concatenate([upper.T[::-1], lower.T[1:]])
    if closed:
        points[[0, -1]] = [1.0, 0.0]
    return Airfoil(f"naca{digits}", points)


def _half_thickness(x: Float[np.ndarray, " n"], t: float, a: float) -> Float[np.ndarray, " n"]:
    return 5 * t * (0.2969 * np.sqrt(x) - 0.1260 * x - 0.3516 * x**2 + 0.2843 * x**3 - a * x**4)


def _camber(x: Float[np.ndarray, " n"], m: float, p: float) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The camber line and its slope."""
    if m == 0:
        return np.zeros_like(x), np.zeros_like(x)
    scale = m / np.where(x < p, p, 1 - p) ** 2
    return scale * (np.where(x < p, 0.0, 1 - 2 * p) + 2 * p * x - x**2), 2 * scale * (p - x)
