"""Color scales: from least to greatest, or away from zero to both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped
from matplotlib.colors import Normalize

OUTLIERS = 6.0
"""A field whose range is this many times the range of its middle 98 % is cut to the latter."""


@dataclass(frozen=True)
class ColorScale:
    """Which color stands for which value.

    Args:
        colors: name of a matplotlib color map.
        low: value of the first color.
        high: value of the last color.
        extend: ``neither``, ``min``, ``max`` or ``both``: where values lie beyond.
    """

    colors: str
    low: float
    high: float
    extend: str = "neither"

    @classmethod
    def sequential(cls, *fields: Shaped[np.ndarray, "..."], colors: str = "viridis") -> ColorScale:
        """One scale for all the fields, from the least value to the greatest.

        Single spikes do not wash out the rest: the scale is then cut to the middle 98 % of the values.

        Args:
            fields: values of any shape; those that are not finite are left out.
            colors: name of a matplotlib color map.

        Example:
            >>> ColorScale.sequential(np.array([0.0, 1.0]), np.array([3.0, np.nan]))
            ColorScale(colors='viridis', low=0.0, high=3.0, extend='neither')
        """
        values = _finite(*fields)
        least, greatest = float(values.min()), float(values.max())
        low, high = (float(q) for q in np.percentile(values, [1, 99]))
        if not (high > low and greatest - least > OUTLIERS * (high - low)):
            low, high = least, greatest
        extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get(
            (least < low, greatest > high), "neither"
        )
        return cls(colors, *_apart(low, high), extend)

    @classmethod
    def diverging(cls, *fields: Shaped[np.ndarray, "..."], colors: str = "RdBu_r") -> ColorScale:
        """One scale for all the fields, white at zero and as far to one side as to the other.

        Args:
            fields: values of any shape; those that are not finite are left out.
            colors: name of a matplotlib color map with its middle at zero.

        Example:
            >>> ColorScale.diverging(np.array([-1.0, 4.0]))
            ColorScale(colors='RdBu_r', low=-4.0, high=4.0, extend='neither')
        """
        size = np.abs(_finite(*fields))
        most, usual = float(size.max()), float(np.percentile(size, 99))
        cut = usual if usual > 0 and most > OUTLIERS / 2 * usual else most
        cut = cut or 1.0
        return cls(colors, -cut, cut, "both" if most > cut else "neither")

    def norm(self) -> Normalize:
        """The scale as matplotlib takes it."""
        return Normalize(self.low, self.high)


def _finite(*fields: np.ndarray) -> np.ndarray:
    values = np.concatenate([np.asarray(f, dtype=np.float64).ravel() for f in fields])
    values = values[np.isfinite(values)]
    return values if len(values) else np.zeros(1)


def _apart(low: float, high: float) -> tuple[float, float]:
    """Limits of a constant field: around its value."""
    room = 1e-12 * max(abs(low), abs(high))
    if high - low > room:
        return low, high
    margin = 0.1 * abs(low) or 1.0
    return low - margin, high + margin
