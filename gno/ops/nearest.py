"""The nearest points by a cell list: looked for within a reach that grows, on any device. Exact."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.ops.cell_list import CellList

_EXPECTED = 2  # times as many points as wanted lie within the first reach, where points are spread evenly


def nearest_in_cells(
    targets: Float[Tensor, "targets dim"],
    sources: Float[Tensor, "sources dim"],
    k: int,
    period: Sequence[float | int] | None = None,
) -> Int[Tensor, "targets k"]:
    """Numbers of the ``k`` sources nearest to each target, nearest first; of equally near ones the first.

    Targets with ``k`` sources within reach are done; the others look within twice the reach. O(targets + sources) where
    the density varies little; a target far from all sources in the end sees most of them at once.

    Args:
        targets: coordinates ``(targets, dim)``, finite; inside the box along periodic axes.
        sources: coordinates ``(sources, dim)`` of ``k`` points or more, the same.
        k: sources of each target.
        period: length of the periodic box along each axis; 0 along an axis that is not periodic.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]], dtype=torch.float64)
        >>> nearest_in_cells(x, x, 2)
        tensor([[0, 1],
                [1, 0],
                [2, 1]])
    """
    found = torch.empty(len(targets), k, dtype=torch.int64, device=targets.device)
    todo = torch.arange(len(targets), device=targets.device)
    reach = _first_reach(sources, k, period)
    while len(todo):
        none = torch.zeros(2, 0, dtype=torch.int32, device=targets.device)
        chunks = CellList(sources, reach, period).pairs(targets[todo])
        target, source = torch.cat([none, *map(torch.stack, chunks)], 1).long()
        enough = torch.bincount(target, minlength=len(todo)) >= k
        some = enough[target]
        target, source = target[some], source[some]
        square = _squared(targets[todo[target]] - sources[source], period)
        found[todo[enough]] = _first_of_each(target, source, square, k)
        todo, reach = todo[~enough], 2 * reach
    return found


def _first_reach(sources: Tensor, k: int, period: Sequence[float | int] | None) -> float:
    """The radius of a ball with somewhat more than ``k`` points, if they fill the box around them evenly."""
    extent = (sources.amax(0) - sources.amin(0)).tolist()
    sides = [float(side) for side in map(max, extent, period or [0.0] * len(extent)) if side > 0]
    if not sides:
        return 1.0  # all points in one place
    ball = math.pi ** (len(sides) / 2) / math.gamma(len(sides) / 2 + 1)
    share = min(1.0, _EXPECTED * k / len(sources)) / ball
    return math.exp(
        sum(map(math.log, sides), math.log(share)) / len(sides)
    )  # a product could leave the range of floats


def _squared(offset: Tensor, period: Sequence[float | int] | None) -> Tensor:
    """Axis by axis, as the cell list and the k-d tree sum it."""
    square = torch.zeros_like(offset[:, 0])
    for away, side in zip(offset.unbind(1), period or [0.0] * offset.shape[1]):
        away = torch.minimum(away.abs(), side - away.abs()) if side > 0 else away
        square += away * away
    return square


def _first_of_each(target: Tensor, source: Tensor, square: Tensor, k: int) -> Tensor:
    """The ``k`` sources with the least squares of each target, which has as many."""
    order = torch.argsort(source)
    for key in (square, target):
        order = order[torch.argsort(key[order], stable=True)]
    target = target[order]
    _, count = torch.unique_consecutive(target, return_counts=True)
    begin = torch.repeat_interleave(count.cumsum(0) - count, count)
    near = torch.arange(len(target), device=target.device) - begin < k
    return source[order[near]].view(-1, k)
