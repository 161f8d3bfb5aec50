"""Mean, deviation and range of a field, gathered one sample at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gno.errors import DataError

PerComponent = Float[np.ndarray, "components"]
"""One number per component of a field."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """Statistics of one field over all its values, per component.

    Args:
        mean: mean.
        std: standard deviation (of the population, as numpy's ``std``).
        min: least value.
        max: greatest value.
        count: nodes or cells seen.
        log_mean: mean of the logarithm, where all values are positive.
        log_std: standard deviation of the logarithm, where all values are positive.
    """

    mean: PerComponent
    std: PerComponent
    min: PerComponent
    max: PerComponent
    count: int
    log_mean: PerComponent | None = None
    log_std: PerComponent | None = None


class Moments:
    r"""Running mean and deviation in float64 that neither cancel nor need the data twice.

    .. math::
        \mu = \mu_a + \delta \frac{n_b}{n}, \qquad M = M_a + M_b + \delta^2 \frac{n_a n_b}{n},
        \qquad \delta = \mu_b - \mu_a

    Source: Chan, Golub & LeVeque 1983, The American Statistician 37(3), equations 1.5.

    Args:
        components: numbers per value.

    Example:
        >>> moments = Moments(1)
        >>> moments.update(np.array([[1e9 + 4], [1e9 + 7]]))
        >>> moments.update(np.array([[1e9 + 13], [1e9 + 16]]))
        >>> moments.std**2
        array([22.5])
    """

    def __init__(self, components: int) -> None:
        self.count = 0
        self.mean = np.zeros(components)
        self.spread = np.zeros(components)

    def update(self, values: Float[np.ndarray, "rows components"]) -> None:
        """Take more values in."""
        rows = len(values)
        if rows == 0:
            return
        values = values.astype(np.float64, copy=False)
        mean = values.mean(axis=0)
        delta = mean - self.mean
        total = self.count + rows
        self.spread = self.spread + ((values - mean) ** 2).sum(axis=0) + delta**2 * (self.count * rows / total)
        self.mean = self.mean + delta * (rows / total)
        self.count = total

    @property
    def std(self) -> PerComponent:
        """Standard deviation of the population."""
        return np.sqrt(self.spread / max(self.count, 1))


class RunningStatistics:
    """Gathers ``Statistics`` of a field.

    Args:
        name: the field's name, for the error.
        components: numbers per node or cell.

    Example:
        >>> running = RunningStatistics("u", 1)
        >>> running.update(np.array([1.0, 2.0, 3.0]))
        >>> running.result().mean, running.result().count
        (array([2.]), 3)
    """

    def __init__(self, name: str, components: int) -> None:
        self.name, self.components = name, components
        self._plain, self._log = Moments(components), Moments(components)
        self._min, self._max = np.full(components, np.inf), np.full(components, -np.inf)

    def update(self, values: Float[np.ndarray, "..."]) -> None:
        """Take the values of one sample in: ``(rows,)`` or ``(rows, components)``.

        Raises:
            DataError: values so large that their squares overflow.
        """
        rows = values.reshape(-1, self.components).astype(np.float64)
        if len(rows) == 0:
            return
        self._min = np.minimum(self._min, rows.min(axis=0))
        self._max = np.maximum(self._max, rows.max(axis=0))
        with np.errstate(over="ignore", invalid="ignore"):
            self._plain.update(rows)
        if not np.isfinite(self._plain.spread).all():
            largest = float(np.abs(rows).max())
            raise DataError(
                f"field {self.name!r} has values up to {largest:.3g}",
                why="their squares overflow float64 (1.8e308)",
                fix="write the field in other units",
            )
        if (self._min > 0).all():
            self._log.update(np.log(rows))

    def result(self) -> Statistics:
        """The statistics of everything seen.

        Raises:
            DataError: nothing was seen.
        """
        if self._plain.count == 0:
            raise DataError(f"field {self.name!r} has no values", why="the samples have no nodes or cells")
        positive = bool((self._min > 0).all())
        return Statistics(
            self._plain.mean,
            self._plain.std,
            self._min,
            self._max,
            self._plain.count,
            self._log.mean if positive else None,
            self._log.std if positive else None,
        )
