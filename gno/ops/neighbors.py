"""Neighbors in space: all pairs within a radius, and the nearest ones. Exact; nothing is dropped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import cKDTree
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.ops.cell_list import CellList
from gno.ops.index import sort_edges
from gno.ops.nearest import nearest_in_cells
from gno.ops.pair_rows import Tile, edges_of_tiles, tiles_of_halves, tiles_of_targets
from gno.ops.period import check_period, inside

# Points of a lattice that lie on the circle, but for rounding, count as inside it: all nodes get the same stencil.
_SLACK = 1e-9
_CELLS_FROM = 2000  # points from which the cell list is quicker than the k-d tree, on a CPU
_COUNTED_FROM = 20_000  # pairs from which counting is quicker than sorting


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
    small = into.device.type == "cpu" and max(len(into), len(out_of)) < _CELLS_FROM
    find = _tree_pairs if small else _cell_pairs
    return find(into, out_of, radius * (1 + _SLACK), box).to(targets.device)


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
    find = _nearest_in_tree if into.device.type == "cpu" else nearest_in_cells
    source = find(into, out_of, k, box).sort(dim=1).values.flatten()
    target = torch.arange(len(into), device=into.device).repeat_interleave(k)
    return torch.stack([source, target]).to(targets.device)


def _prepare(
    targets: Tensor, sources: Tensor, period: Sequence[float | int] | None
) -> tuple[Tensor, Tensor, Sequence[float | int] | None]:
    """Both sets in ``float64``, finite, inside the periodic box; the period, ``None`` where nothing is periodic."""
    if targets.shape[1] != sources.shape[1]:
        raise DataError(f"targets are {targets.shape[1]}-D", why=f"the sources are {sources.shape[1]}-D")
    check_period(period, targets.shape[1])
    period = period if period is not None and any(period) else None
    into = inside(_coordinates(targets, "target"), period)
    return into, (into if sources is targets else inside(_coordinates(sources, "source"), period)), period


def _coordinates(points: Tensor, what: str) -> Tensor:
    # Apple's GPU has no float64: its points are searched on the CPU.
    x = points.detach().to("cpu" if points.device.type == "mps" else points.device, torch.float64)
    finite = torch.isfinite(x).all(1)
    if not finite.all():
        row = int(torch.argmin(finite.int()))
        raise DataError(f"{what} point {row} is {x[row].tolist()}", why="coordinates must be finite")
    return x


def _along_rows(x: Tensor) -> Tensor:
    """An order in which each point is near the one before, for a tree to look into the leaves that it has just read."""
    low, size = x.amin(0), x.amax(0) - x.amin(0)
    cells = math.ceil(len(x) ** (1 / x.shape[1]) / 2)
    place = ((x - low) / torch.where(size > 0, size, 1.0) * cells).long()
    key = torch.zeros_like(place[:, 0])
    for axis in place.unbind(1):
        key = key * (cells + 1) + axis
    return torch.argsort(key)


def _tree(points: Tensor, period: Sequence[float | int] | None) -> cKDTree:
    return cKDTree(points.numpy(), boxsize=None if period is None else np.asarray(period, dtype=np.float64))


def _nearest_in_tree(into: Tensor, out_of: Tensor, k: int, period: Sequence[float | int] | None) -> Tensor:
    order = _along_rows(into)
    _, found = _tree(out_of, period).query(into[order].numpy(), k=[*range(1, k + 1)])
    source = torch.empty(len(into), k, dtype=torch.int64)
    source[order] = torch.from_numpy(found)
    return source


def _tree_pairs(into: Tensor, out_of: Tensor, reach: float, period: Sequence[float | int] | None) -> Tensor:
    found = _tree(into, period).sparse_distance_matrix(_tree(out_of, period), reach, output_type="ndarray")
    if len(found) < _COUNTED_FROM:
        return sort_edges(*(torch.from_numpy(found[name].astype(np.int64)) for name in ("j", "i")))
    target, source = (found[name].astype(np.int32) for name in ("i", "j"))
    return edges_of_tiles([Tile(np.arange(len(into)), target, source)], len(into), len(out_of))


def _cell_pairs(into: Tensor, out_of: Tensor, reach: float, period: Sequence[float | int] | None) -> Tensor:
    cells = CellList(out_of, reach, period)
    own = into is out_of and cells.halves
    if into.device.type != "cpu":
        return _sorted_pairs(cells, None if own else into)
    return edges_of_tiles(_own_tiles(cells) if own else _tiles(cells, into), len(into), len(out_of))


def _sorted_pairs(cells: CellList, targets: Tensor | None) -> Tensor:
    """Pairs of some targets, or of the points of the list with each other, on their device."""
    none = torch.zeros(2, 0, dtype=torch.int32, device=cells.order.device)
    chunks = cells.own_pairs() if targets is None else cells.pairs(targets)
    target, source = torch.cat([none, *map(torch.stack, chunks)], 1).long()
    if targets is not None:
        return sort_edges(source, target)
    loops = torch.arange(len(cells.order), device=none.device)
    return sort_edges(torch.cat([source, target, loops]), torch.cat([target, source, loops]))


def _own_tiles(cells: CellList) -> Iterator[Tile]:
    return tiles_of_halves(cells.own_places(), cells.order, cells.block)


def _tiles(cells: CellList, targets: Tensor) -> Iterator[Tile]:
    order = cells.along(targets)
    return tiles_of_targets(cells.places(targets[order]), order, cells.block)
