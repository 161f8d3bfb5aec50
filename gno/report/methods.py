"""The methods that an evaluation compares: the model, the plain solver, and the problem's baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Method:
    """How a method is called in the files of an evaluation and by its readers.

    Args:
        prefix: of its numbers in ``metrics.json`` and ``per_sample.csv``.
        name: for readers.
    """

    prefix: str
    name: str


METHODS = (
    Method("", "model"),
    Method("baseline_", "mean coefficients"),
    Method("coarse_", "coarse solve, prolonged"),
    Method("learned_", "the same, learned upscaling"),
    Method("finer_", "coarse solve, edges half as long"),
    Method("cycle_", "coarse solve, one fine V-cycle"),
    Method("solver_", "plain solver"),
)
ERRORS = ("relative_l2", "relative_h1", "relative_max", "rmse_minmax", "relative_residual", "seconds")
HEADER = (
    "method",
    "relative L2",
    "relative H1",
    "relative maximum",
    "RMSE in [-1, 1]",
    "relative residual",
    "seconds per sample",
)


def comparison(metrics: Mapping[str, Any]) -> list[list[str | float | None]]:
    """Rows of the methods that were compared, under ``HEADER``.

    Args:
        metrics: as ``gno.training.evaluate`` returns them.

    Example:
        >>> comparison({"relative_l2": 0.04, "seconds": 0.01})
        [['model', 0.04, None, None, None, None, 0.01]]
    """
    rows: list[list[str | float | None]] = []
    for method in METHODS:
        numbers = [metrics.get(method.prefix + key) for key in ERRORS]
        if any(n is not None for n in numbers):
            rows.append([method.name, *numbers])
    return rows
