"""What leaves one cell enters another."""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_conservative(change: Any, boundary: Any = 0.0, source: Any = 0.0, *, tolerance: float = 1e-12) -> None:
    r"""The changes in all cells are what crosses the boundary and what is made inside.

    .. math::
        \Big| \sum_P r_P - \sum_b F_b - \sum_P s_P \Big| \le \epsilon \sum_P |r_P|

    Args:
        change: of each cell, integrated over it ``(cells, ...)``.
        boundary: what comes in through each boundary face ``(faces, ...)``, or its sum.
        source: what is made in each cell, integrated over it ``(cells, ...)``, or its sum.
        tolerance: relative to the sum of the magnitudes.

    Raises:
        AssertionError: with what is lost or made.

    Example:
        >>> assert_conservative(np.array([1.0, -1.0, 0.5]), boundary=np.array([0.5]))
    """
    parts = [np.asarray(values, dtype=np.float64) for values in (change, boundary, source)]
    cells = parts[0].reshape(len(parts[0]), -1)
    width = cells.shape[1]
    sums = [values.reshape(-1, width).sum(axis=0) if values.size >= width else values.ravel() for values in parts]
    lost = np.abs(sums[0] - sums[1] - sums[2])
    size = np.maximum(np.abs(cells).sum(axis=0), np.finfo(np.float64).tiny)
    if not np.isfinite(lost).all() or (lost > tolerance * size).any():
        worst = int(np.argmax(np.where(np.isfinite(lost), lost / size, np.inf)))
        raise AssertionError(f"component {worst}: {lost[worst]:.3e} is lost of {size[worst]:.3e}")
