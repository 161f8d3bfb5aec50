"""Values that change in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gno.fv.boundary.conditions import Value


@dataclass(frozen=True, eq=False)
class Timed:
    """A value of a condition, or a force, as a function of time.

    Args:
        at: takes the time, returns a number, vector, array, tensor or function of points.

    Example:
        >>> from gno.fv.boundary.conditions import NoSlip
        >>> wall = NoSlip(Timed(lambda t: (0.5 * t, 0.0)))
        >>> now(wall.velocity, 2.0)
        (1.0, 0.0)
    """

    at: Callable[[float], Value]

    def __call__(self, time: float) -> Value:
        """The value at a time."""
        return self.at(time)


def now(value: Value, time: float) -> Value:
    """What a value is at a time; those that are not ``Timed`` stay the same.

    Args:
        value: of a condition.
        time: the time.

    Example:
        >>> now(Timed(lambda t: 2 * t), 3.0), now(1.0, 3.0)
        (6.0, 1.0)
    """
    return value(time) if isinstance(value, Timed) else value
