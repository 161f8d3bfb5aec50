"""Steps that grow by a constant ratio, from a given first one to a given sum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Complex, Float

from gno.errors import ConfigError

_BISECTIONS = 100
_LARGEST_RATIO = 1e3


def geometric(first: float, total: float, count: int) -> Float[np.ndarray, " levels"]:
    r"""Levels 0 to ``total`` in ``count`` steps that form a geometric series.

    .. math::
        x_j = x_1 \frac{q^j - 1}{q - 1}, \quad x_n = X

    Args:
        first: the first step :math:`x_1`.
        total: the last level :math:`X`.
        count: number of steps :math:`n`.
    """

    def levels(log_ratio: float) -> Float[np.ndarray, " levels"]:
        with np.errstate(over="ignore"):
            return np.concatenate([[0.0], np.cumsum(first * np.exp(log_ratio * np.arange(count)))])

    bound = np.log(_LARGEST_RATIO)
    ratio = bisect(lambda q: np.array([levels(float(q[0]))[-1] < total]), np.array([-bound]), np.array([bound]))
    found = levels(float(ratio[0]))
    return found * (total / found[-1])


def first_step(
    points: Callable[[Float[np.ndarray, " 1"]], Complex[np.ndarray, " n"]],
    wall: Complex[np.ndarray, " n"],
    height: float,
    most: float,
) -> float:
    """The step outward with which the highest cell on the airfoil is as high as wanted.

    Args:
        points: step to the nodes ``x + i y`` of the first line off the airfoil.
        wall: nodes on the airfoil.
        height: the largest distance of both.
        most: no step is larger.
    """

    def low(step: Float[np.ndarray, " 1"]) -> Bool[np.ndarray, " 1"]:
        return abs(points(step) - wall).max(keepdims=True) < height

    return float(bisect(low, np.zeros(1), np.full(1, most))[0])


def check_spacing(wall_spacing: float, first: float, total: float, count: int) -> None:
    """Refuse a first step that the others would have to be smaller than."""
    if first * count > total:
        raise ConfigError(
            f"wall_spacing is {wall_spacing:g}",
            why=f"{count} steps that do not shrink would lead beyond the far field",
            fix="take a smaller wall_spacing, or fewer cells outward",
        )


def bisect(
    below: Callable[[Float[np.ndarray, " lines"]], Bool[np.ndarray, " lines"]],
    low: Float[np.ndarray, " lines"],
    high: Float[np.ndarray, " lines"],
) -> Float[np.ndarray, " lines"]:
    """Where a condition that holds at ``low`` and not at ``high`` changes, on every line at once."""
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        holds = below(middle)
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    return (low + high) / 2
