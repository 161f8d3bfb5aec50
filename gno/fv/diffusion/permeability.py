"""Permeability of cells: a positive number, or a symmetric positive definite tensor."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.conditions import Value
from gno.fv.boundary.values import given, scalars

_SYMMETRIC = 1e-10
"""Largest difference between entries across the diagonal, over the largest entry."""


def permeability_of(value: Value, points: Float[Tensor, "cells dim"]) -> Float[Tensor, "cells *tensor"]:
    """The permeability of each cell.

    Args:
        value: number, ``(cells,)``, ``(cells, dim, dim)``, or a function of points that returns one of these.
        points: centroids of the cells.

    Raises:
        ConfigError: another shape, values that are not finite, or a cell where it is not positive (definite), or not
            symmetric.

    Example:
        >>> permeability_of(2.0, torch.zeros(3, 2)).tolist()
        [2.0, 2.0, 2.0]
    """
    k = given(value, points, "permeability")
    n, dim = points.shape
    if k.shape == (n, dim, dim):
        _check_tensor(k.detach())
        return k
    return positive(scalars(k, points, "permeability"), "permeability")


def positive(values: Float[Tensor, " cells"], what: str, *, or_zero: bool = False) -> Float[Tensor, " cells"]:
    """The values, all of them positive.

    Args:
        values: one a cell.
        what: how to name them in an error.
        or_zero: whether zero will do.

    Raises:
        ConfigError: the first cell whose value is not.

    Example:
        >>> positive(torch.tensor([0.0, 1.0]), "reaction", or_zero=True).tolist()
        [0.0, 1.0]
    """
    good = values.detach() >= 0 if or_zero else values.detach() > 0
    if not bool(good.all()):
        cell = int(good.int().argmin())
        wanted = "positive or zero" if or_zero else "positive"
        raise ConfigError(f"{what} is {float(values[cell]):.6g} in cell {cell}", why=f"it must be {wanted}")
    return values


def _check_tensor(k: Tensor) -> None:
    size = k.abs().amax((1, 2))
    skew = (k - k.mT).abs().amax((1, 2)) > _SYMMETRIC * size
    if bool(skew.any()):
        cell = int(skew.int().argmax())
        raise ConfigError(
            f"permeability is not symmetric in cell {cell}: {_rows(k[cell])}", fix="give (K + K transposed) / 2"
        )
    bad = torch.linalg.cholesky_ex(k).info != 0
    if bool(bad.any()):
        cell = int(bad.int().argmax())
        least = float(torch.linalg.eigvalsh(k[cell])[0])
        raise ConfigError(
            f"permeability is not positive definite in cell {cell}: {_rows(k[cell])}",
            why=f"its smallest eigenvalue is {least:.6g}",
        )


def _rows(k: Tensor) -> str:
    return "; ".join(" ".join(f"{x:.6g}" for x in row) for row in k.tolist())
