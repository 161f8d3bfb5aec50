"""Rows of pairs: the sources of each target, in order; put together tile by tile, so that most of it stays in a cache.

A tile is a run of targets that lie near each other. Its pairs are counted into rows, rows of equal length are sorted
together as a matrix, and at the end whole rows move to where their targets stand. O(pairs) but for the sort of a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from scipy.sparse import coo_array
from torch import Tensor

_BLOCK = 2**13  # rows that are moved together: what fits a cache


class Tile(NamedTuple):
    """Some targets, by number, and all their pairs: the place of the target among them, the number of the source."""

    targets: np.ndarray
    place: np.ndarray
    source: np.ndarray


def edges_of_tiles(tiles: Iterable[Tile], num_targets: int, num_sources: int) -> Int[Tensor, "2 pairs"]:
    """``[source; target]`` sorted by target, then by source; each target with a source is in one tile.

    Args:
        tiles: targets with their pairs; no pair stands twice.
        num_targets: number of targets of all tiles.
        num_sources: number of sources that there are.

    Example:
        >>> both = Tile(np.array([1, 0]), np.array([1, 0, 0], dtype=np.int32), np.array([5, 2, 1], dtype=np.int32))
        >>> edges_of_tiles([both], 2, 6)
        tensor([[5, 1, 2],
                [0, 1, 1]])
    """
    parts = [_sorted_rows(tile, num_sources) for tile in tiles]
    none = np.zeros(0, dtype=np.int32)
    targets, counts = (np.concatenate([none, *(part[i] for part in parts)]) for i in (0, 1))
    begin, count = (np.zeros(num_targets, dtype=np.int64) for _ in range(2))
    begin[targets], count[targets] = np.cumsum(counts) - counts, counts
    edges = np.empty((2, counts.sum()), dtype=np.int64)
    # What becomes the targets holds the sources before they are in order: new memory is what costs most here.
    rows = edges[1].view(np.int32)[: edges.shape[1]]
    np.concatenate([none, *(part[2] for part in parts)], out=rows)
    _move_rows(edges[0], rows, begin, count)
    _count_up(edges[1], count)
    return torch.from_numpy(edges)


def tiles_of_halves(halves: Iterable[tuple[Tensor, Tensor]], number: Tensor, size: int) -> Iterator[Tile]:
    """Tiles of a set with itself, of half its pairs: the other half and each point with itself are added.

    Args:
        halves: chunks of pairs of different places, each pair once; the first places of a chunk are of one tile.
        number: of the point at each place ``(points,)``, ``int32``.
        size: places of a tile.
    """
    own = np.arange(len(number), dtype=np.int32)
    pairs = [[(part, part)] for part in np.split(own, range(size, len(own), size))]
    for one, other in ((one.numpy(), other.numpy()) for one, other in halves if len(one)):
        pairs[one[0] // size].append((one, other))
        home = other // size
        for tile in range(home.min(), home.max() + 1):
            here = np.flatnonzero(home == tile)
            pairs[tile].append((other[here], one[here]))
    for tile, begin in enumerate(range(0, len(own), size)):
        target, source = (np.concatenate(part) for part in zip(*pairs[tile]))
        pairs[tile].clear()
        source = number.index_select(0, torch.from_numpy(source)).numpy()
        yield Tile(number[begin : begin + size].numpy(), target - np.int32(begin), source)


def tiles_of_targets(pairs: Iterable[tuple[Tensor, Tensor]], number: Tensor, size: int) -> Iterator[Tile]:
    """Tiles of targets, of all their pairs.

    Args:
        pairs: chunks of the place of a target and the number of a source; tile after tile, each chunk of one tile.
        number: of the target at each place ``(targets,)``, ``int32``.
        size: places of a tile.
    """
    some = (chunk for chunk in pairs if len(chunk[0]))
    for tile, chunks in groupby(some, lambda chunk: int(chunk[0][0]) // size):
        place, source = (torch.cat(part).numpy() for part in zip(*chunks))
        begin = tile * size
        yield Tile(number[begin : begin + size].numpy(), place - np.int32(begin), source)


def _sorted_rows(tile: Tile, num_sources: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The targets by how many sources they have; how many; and the sources, in order within each row."""
    pairs = coo_array((_ones(tile.place), (tile.place, tile.source)), shape=(len(tile.targets), num_sources))
    pairs.has_canonical_format = True  # no pair stands twice: nothing to look for
    rows = pairs.tocsr()
    counts = np.diff(rows.indptr)
    by_length = np.argsort(counts.astype(np.min_scalar_type(counts.max())), kind="stable")  # few bits sort by radix
    rows, counts = rows[by_length], counts[by_length]
    begin = 0
    for count, times in enumerate(np.bincount(counts)):
        if times and count > 1:
            rows.indices[begin : begin + count * times].reshape(times, count).sort(axis=1)
        begin += count * times
    return tile.targets[by_length], counts, rows.indices


def _ones(like: np.ndarray) -> np.ndarray:
    return np.ones(len(like), dtype=np.bool_)


def _move_rows(moved: np.ndarray, rows: np.ndarray, begin: np.ndarray, count: np.ndarray) -> None:
    """Write one row after the other, of which it is said where each begins and how long it is."""
    given, stop = torch.from_numpy(rows), np.cumsum(count)
    for first in range(0, len(count), _BLOCK):
        some = slice(first, first + _BLOCK)
        low, high = stop[first] - count[first], stop[some][-1]
        step = begin[some] - (stop[some] - count[some])
        index = np.repeat(step, count[some])
        index += np.arange(low, high)
        moved[low:high] = given.index_select(0, torch.from_numpy(index)).numpy()


def _count_up(row: np.ndarray, count: np.ndarray) -> None:
    """Write each number as often as it counts."""
    high = 0
    for first in range(0, len(count), _BLOCK):
        times = count[first : first + _BLOCK]
        low, high = high, high + times.sum()
        row[low:high] = np.repeat(np.arange(first, first + len(times)), times)
