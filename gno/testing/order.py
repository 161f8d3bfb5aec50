"""The order of convergence of a scheme."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gno.errors import ConfigError


def observed_order(h: Sequence[float], error: Sequence[float]) -> float:
    r"""The exponent of the power law nearest to measured errors.

    .. math::
        \min_{p, c} \sum_k (\log e_k - p \log h_k - c)^2

    Args:
        h: lengths, of at least two meshes.
        error: error at each length.

    Raises:
        ConfigError: fewer than two lengths, or numbers that are not positive.

    Example:
        >>> round(observed_order([0.1, 0.05], [0.04, 0.01]), 6)
        2.0
    """
    lengths, errors = np.asarray(h, dtype=np.float64), np.asarray(error, dtype=np.float64)
    if lengths.shape != errors.shape or lengths.ndim != 1 or len(set(lengths.tolist())) < 2:
        raise ConfigError(f"{len(errors)} errors at {len(lengths)} lengths", why="an order needs two lengths or more")
    if not (np.isfinite(errors).all() and (errors > 0).all() and (lengths > 0).all()):
        raise ConfigError(f"errors {errors.tolist()} at lengths {lengths.tolist()}", why="all must be positive")
    return float(np.polyfit(np.log(lengths), np.log(errors), 1)[0])


def assert_order(
    h: Sequence[float],
    error: Sequence[float],
    expected: float,
    *,
    tolerance: float = 0.1,
    at_most: float | None = None,
) -> None:
    """Errors fall with the expected order or a higher one, and the last is small.

    Args:
        h: lengths, of at least two meshes.
        error: error at each length.
        expected: order of the scheme.
        tolerance: by how much the observed order may be lower.
        at_most: largest error on the finest mesh: a wrong constant has the right order, too.

    Raises:
        AssertionError: with the observed order, or the error.

    Example:
        >>> assert_order([0.1, 0.05], [0.04, 0.01], 2.0, at_most=0.011)
    """
    order = observed_order(h, error)
    if order < expected - tolerance:
        raise AssertionError(f"order {order:.3f} instead of {expected}: errors {list(error)} at lengths {list(h)}")
    finest = float(error[int(np.argmin(np.asarray(h)))])
    if at_most is not None and finest > at_most:
        raise AssertionError(f"error {finest:.3e} on the finest mesh, more than {at_most:.3e}")
