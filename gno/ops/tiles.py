"""Tiles of an edge plan: what is worked on at a time, so that memory does not grow with the number of edges."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gno.ops.edge_plan import EdgePlan

TILE_BYTES = 2**21
"""Hidden features of a tile on a CPU: about what a core's cache holds."""

ACCELERATED = 24
"""How many times larger a tile is on an accelerator, which has to be filled; not measured."""

GROUP_BYTES = 2**23
"""Aggregated features of a group, apart from its least number of rows."""

GROUP_ROWS = 128
"""Least rows of a group: the matrices of the kernel are read once for so many rows, or reading them takes over."""


class Tile(NamedTuple):
    """Rows of one bucket with their slots.

    Args:
        rows: of the group, counted from its first.
        slots: of the plan.
        shape: number of rows, and of slots in each.
    """

    rows: slice
    slots: slice
    shape: tuple[int, int]


class Group(NamedTuple):
    """Consecutive rows, from one bucket or several, and the tiles that they are made of.

    Args:
        node: node of each row; one with more slots than a tile holds has several rows, whose results add up.
        tiles: in order.
    """

    node: Tensor
    tiles: list[Tile]

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.tiles[-1].rows.stop


def groups(plan: EdgePlan, slots: int, rows: int) -> list[Group]:
    """Split a plan into groups of rows, and these into tiles of slots.

    Args:
        plan: to be split.
        slots: most slots of a tile; a node that has more is split into rows of its own.
        rows: rows of a group; the last one may have fewer.

    Example:
        >>> plan = EdgePlan.build(torch.tensor([[0, 1, 2, 3, 4], [1, 1, 1, 1, 1]]), 5, 3)
        >>> [(group.node.tolist(), [tile.shape for tile in group.tiles]) for group in groups(plan, 2, 2)]
        [([1, 1], [(1, 2), (1, 2)]), ([1], [(1, 1)])]
    """
    result: list[Group] = []
    tiles: list[Tile] = []
    first, filled, slot = 0, 0, 0
    node = _nodes(plan, slots)
    for count, degree in _rows(plan, slots):
        left = count
        while left:
            n = min(left, slots // degree, rows - filled)
            tiles.append(Tile(slice(filled, filled + n), slice(slot, slot + n * degree), (n, degree)))
            left, filled, slot = left - n, filled + n, slot + n * degree
            if filled == rows:
                result.append(Group(node[first : first + filled], tiles))
                first, filled, tiles = first + filled, 0, []
    if tiles:
        result.append(Group(node[first:], tiles))
    return result


def _rows(plan: EdgePlan, slots: int) -> list[tuple[int, int]]:
    """Numbers of rows and slots in each, where no row has more slots than are allowed."""
    result = []
    for count, degree in plan.buckets:
        if degree <= slots:
            result.append((count, degree))
        else:
            whole, rest = divmod(degree, slots)
            result += [(whole, slots), *([(1, rest)] if rest else [])] * count
    return result


def _nodes(plan: EdgePlan, slots: int) -> Tensor:
    """The node of each of these rows."""
    parts = plan.node.split([count for count, _ in plan.buckets])
    split = [part.repeat_interleave(-(-degree // slots)) for part, (_, degree) in zip(parts, plan.buckets)]
    return torch.cat(split) if split else plan.node


def tile_slots(hidden: int, itemsize: int, device: torch.device) -> int:
    """Slots of a tile, for a number of hidden features.

    Args:
        hidden: features of a slot.
        itemsize: bytes of a number.
        device: that works on it.
    """
    times = 1 if device.type == "cpu" else ACCELERATED
    return max(1, times * TILE_BYTES // (hidden * itemsize))


def group_rows(numbers: int, itemsize: int) -> int:
    """Rows of a group, for what is aggregated in each.

    Args:
        numbers: aggregated in a row.
        itemsize: bytes of a number.
    """
    return max(GROUP_ROWS, GROUP_BYTES // (numbers * itemsize))
