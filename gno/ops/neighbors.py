"""Neighbors in space: all pairs within a radius, and the nearest ones. Exact; nothing is dropped."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import cKDTree
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.ops.index import sort_edges
from gno.ops.period import wrap

# Points of a lattice that lie on the circle, but for rounding, count as inside it: all nodes get the same stencil.
_SLACK = 1e-9


def radius_pairs(
    targets: Float[Tensor, "targets dim"],
    sources: Float[Tensor, "sources dim"],
    radius: float | int,
    *,
    period: Sequence[float | int] | None = None,
) -> Int[Tensor, "2 pairs"]:
    r"""All pairs within a radius, coincident points included.

    .. math::
        \{(j, i) : |x_j - x_i| \le r\}

    With a period the distance is the one to the nearest image, so every pair stands once however large ``radius`` is.

    Args:
        targets: points ``(targets, dim)`` that collect.
        sources: points ``(sources, dim)`` that are collected.
        radius: largest distance, inclusive up to a relative 1e-9.
        period: length of the periodic box along each axis; 0 along an axis that is not periodic.

    Returns:
        ``[source; target]`` sorted by target, then by source; on the device of ``targets``.

    Raises:
        ConfigError: a radius or period that cannot be.
        DataError: points that are not finite, or of different dimension.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
        >>> radius_pairs(x, x, 0.5)
        tensor([[0, 1],
                [0, 1]])
    """
    if not (math.isfinite(radius) and radius >= 0):
        raise ConfigError(f"radius is {radius}", why="it must be finite and not negative")
    into, out_of, box = _prepare(targets, sources, period)
    if not (len(into) and len(out_of)):
        return torch.zeros(2, 0, dtype=torch.int64, device=targets.device)
    reach = radius * (1 + _SLACK)
    pairs = _tree(into, box).sparse_distance_matrix(_tree(out_of, box), reach, output_type="ndarray")
    return _edges(pairs["j"], pairs["i"], targets.device)


def nearest_pairs(
    targets: Float[Tensor, "targets dim"],
    sources: Float[Tensor, "sources dim"],
    k: int,
    *,
    period: Sequence[float | int] | None = None,
) -> Int[Tensor, "2 pairs"]:
    """The ``k`` sources nearest to each target.

    Args:
        targets: points ``(targets, dim)`` that collect.
        sources: points ``(sources, dim)`` that are collected.
        k: sources of each target.
        period: length of the periodic box along each axis; 0 along an axis that is not periodic.

    Returns:
        ``[source; target]`` sorted by target, then by source; on the device of ``targets``.

    Raises:
        ConfigError: ``k`` below 1, or a period that cannot be.
        DataError: fewer than ``k`` sources, or points that are not finite.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
        >>> nearest_pairs(x[2:], x[:2], 1)
        tensor([[1],
                [0]])
    """
    if k < 1:
        raise ConfigError(f"k is {k}", why="a target needs at least one neighbor")
    into, out_of, box = _prepare(targets, sources, period)
    if not len(into):
        return torch.zeros(2, 0, dtype=torch.int64, device=targets.device)
    if len(out_of) < k:
        raise DataError(f"{k} neighbors asked of {len(out_of)} points", fix=f"take k <= {len(out_of)}")
    _, found = _tree(out_of, box).query(into, k=[*range(1, k + 1)])
    return _edges(found.ravel(), np.repeat(np.arange(len(into)), k), targets.device)


def _prepare(
    targets: Tensor, sources: Tensor, period: Sequence[float | int] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    if targets.shape[1] != sources.shape[1]:
        raise DataError(f"targets are {targets.shape[1]}-D", why=f"the sources are {sources.shape[1]}-D")
    into, box = wrap(_coordinates(targets, "target"), period)
    return into, (into if sources is targets else wrap(_coordinates(sources, "source"), period)[0]), box


def _coordinates(points: Tensor, what: str) -> np.ndarray:
    x = points.detach().to("cpu", torch.float64).numpy()
    finite = np.isfinite(x).all(1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataError(f"{what} point {row} is {x[row].tolist()}", why="coordinates must be finite")
    return x


def _tree(points: np.ndarray, box: np.ndarray | None) -> cKDTree:
    return cKDTree(points, boxsize=box)


def _edges(source: np.ndarray, target: np.ndarray, device: torch.device) -> Tensor:
    to = [torch.from_numpy(np.ascontiguousarray(part, dtype=np.int64)) for part in (source, target)]
    return sort_edges(*to).to(device)
