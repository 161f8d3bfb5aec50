"""Drag and lift of patches in time, and how they oscillate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from gno.errors import ConfigError

Numbers = Sequence[float] | Float[np.ndarray, " _steps"]
PERIODS = 2
"""Least periods that a frequency is made of."""
EVEN = 1.5
"""Greatest ratio of two periods of one frequency."""
FAINT = 1e-6
"""Swings of the lift over the size of the drag that count as rounding."""


class ForceHistory:
    """Coefficients of drag and lift after each step.

    Args:
        patches: their names.

    Example:
        >>> history = ForceHistory(["hole"])
        >>> history.append(0.1, {"hole": (3.0, 0.5)})
        >>> print(history.csv())
        time,hole_cd,hole_cl
        0.1,3.0,0.5
        <BLANKLINE>
    """

    def __init__(self, patches: Sequence[str]) -> None:
        self.patches = list(dict.fromkeys(patches))
        self.times: list[float] = []
        self._rows: list[list[float]] = []

    def append(self, time: float, coefficients: Mapping[str, tuple[float, float]]) -> None:
        """One more step.

        Args:
            time: at its end.
            coefficients: patch to drag and lift.
        """
        self.times.append(float(time))
        self._rows.append([float(c) for patch in self.patches for c in coefficients[patch]])

    def of(self, patch: str) -> tuple[Float[np.ndarray, " steps"], Float[np.ndarray, " steps"]]:
        """Drag and lift of a patch.

        Args:
            patch: its name.
        """
        column, table = 2 * self.patches.index(patch), np.array(self._rows).reshape(-1, 2 * len(self.patches))
        return table[:, column], table[:, column + 1]

    def csv(self) -> str:
        """All of it as a table; ``repr`` of a number gives it back."""
        header = ",".join(["time", *(f"{patch}_{c}" for patch in self.patches for c in ("cd", "cl"))])
        rows = (",".join(map(repr, (time, *row))) for time, row in zip(self.times, self._rows))
        return "\n".join([header, *rows]) + "\n"

    def summary(self, *, velocity: float, length: float) -> dict[str, dict[str, float | None]]:
        r"""Of each patch the last coefficients, and mean and largest ones of the second half of the time.

        Args:
            velocity: ``U``, of the Strouhal number :math:`f L / U` of the lift; none where it does not oscillate.
            length: ``L``.

        Raises:
            ConfigError: no step yet.
        """
        if not self.times:
            raise ConfigError("no forces are known", why="no step was made")
        late = slice(len(self.times) // 2, None)
        result = {}
        for patch in self.patches:
            table: dict[str, float | None] = {}
            for name, values in zip(("cd", "cl"), self.of(patch)):
                half = values[late]
                table |= {name: float(values[-1]), f"{name}_mean": float(half.mean()), f"{name}_max": float(half.max())}
            drag, lift = (values[late] for values in self.of(patch))
            still = np.ptp(lift) <= FAINT * np.abs(drag).max()
            rate = None if still else frequency(self.times[late], lift)
            result[patch] = {**table, "strouhal": None if rate is None else rate * length / velocity}
        return result


def frequency(times: Numbers, values: Numbers) -> float | None:
    """Frequency of a signal, from where it rises through its middle; none where it does not oscillate.

    Args:
        times: ascending.
        values: of the signal.

    Example:
        >>> t = np.linspace(0, 5, 501)
        >>> round(frequency(t, 3 + np.sin(2 * np.pi * 1.5 * t)), 4), frequency(t, np.exp(-t))
        (1.5, None)
    """
    t, v = np.asarray(times), np.asarray(values)
    v = v - (v.max() + v.min()) / 2
    up = np.flatnonzero((v[:-1] < 0) & (v[1:] >= 0))
    crossings = t[up] - v[up] * (t[up + 1] - t[up]) / (v[up + 1] - v[up])
    periods = np.diff(crossings)
    if len(periods) < PERIODS or periods.max() > EVEN * periods.min():
        return None
    return float(1 / periods.mean())
