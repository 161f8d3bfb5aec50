"""Tiles of an edge plan: what is worked on at a time, so that memory does not grow with the number of edges."""

from __future__ import annotations

from typing import NamedTuple

from gno.ops.edge_plan import EdgePlan

TILE_BYTES = 2**21
"""Hidden features of a tile: about what a core's cache holds."""

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
    """Consecutive rows of a plan, from one bucket or several, and the tiles that they are made of.

    Args:
        rows: of the plan.
        tiles: in order.
    """

    rows: slice
    tiles: list[Tile]


def groups(plan: EdgePlan, slots: int, rows: int) -> list[Group]:
    """Split a plan into groups of rows, and these into tiles of slots.

    Args:
        plan: to be split.
        slots: most slots of a tile; a row that has more is a tile of its own.
        rows: rows of a group; the last one may have fewer.

    Example:
        >>> import torch
        >>> plan = EdgePlan.build(torch.tensor([[0, 1, 2, 0], [0, 0, 1, 2]]), 3, 3)
        >>> [[tile.shape for tile in group.tiles] for group in groups(plan, 2, 2)]
        [[(1, 2), (1, 2)], [(1, 2)]]
    """
    result: list[Group] = []
    first, slot = 0, 0
    tiles: list[Tile] = []
    filled = 0
    for count, degree in plan.buckets:
        left = count
        while left:
            n = min(left, max(1, slots // degree), rows - filled)
            tiles.append(Tile(slice(filled, filled + n), slice(slot, slot + n * degree), (n, degree)))
            left, filled, slot = left - n, filled + n, slot + n * degree
            if filled == rows:
                result.append(Group(slice(first, first + filled), tiles))
                first, filled, tiles = first + filled, 0, []
    if tiles:
        result.append(Group(slice(first, first + filled), tiles))
    return result


def tile_slots(hidden: int, itemsize: int) -> int:
    """Slots of a tile, for a number of hidden features.

    Args:
        hidden: features of a slot.
        itemsize: bytes of a number.
    """
    return max(1, TILE_BYTES // (hidden * itemsize))


def group_rows(numbers: int, itemsize: int) -> int:
    """Rows of a group, for what is aggregated in each.

    Args:
        numbers: aggregated in a row.
        itemsize: bytes of a number.
    """
    return max(GROUP_ROWS, GROUP_BYTES // (numbers * itemsize))
