"""Subsets of a point set that cover it: nested, separated, and the same at any resolution of the set.

Which points are chosen depends on where they lie and not on how they are numbered: of points that are as good as each
other, as on a lattice, the first from the left is taken. What rounding makes of equal distances does not matter, so a
set that is moved as a whole has the same subsets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from gno.ops.cell_list import CellList
from gno.ops.period import minimum_image, wrap
from gno.typing import Points

SLACK = 1e-9
"""Distances that differ by less than this share are equal: on a lattice rounding tells them apart at random."""
_GRID = 2**20  # places along an axis that the order of points tells apart before it looks at the last digits
_LADDER = 0.8  # ratio of the spacings that the cover goes through where counts are asked, not spacings
_ROW = 128  # points of which the farthest is kept, so that a step need not look at all points
_BATCH = 256  # points of the first batch of a cover
_LOCAL_FROM = 4000  # points above which a step looks only at the points that it can change


class Limit(NamedTuple):
    """Where a level ends: every point lies within ``spacing`` of a chosen one, or ``most`` are chosen."""

    spacing: float
    most: int


def farthest_subsets(
    points: Points, limits: Sequence[Limit], *, seed: int = 0, period: Sequence[float | int] | None = None
) -> list[np.ndarray]:
    """Farthest-point sampling: the next point is the one farthest from those chosen.

    Points of a level are more than its spacing apart, and every point lies within the spacing of one of them.
    Source: Gonzalez 1985 (greedy 2-approximation of the k-center problem). Cost: O(M (log N + N / 128)) for M
    points out of N: a step looks at the points it can change, and for the farthest at one value of every 128 points.

    Args:
        points: coordinates ``(nodes, dim)``.
        limits: where each level ends, finest first.
        seed: the first point is the one nearest to a random place in the bounding box.
        period: length of the periodic box along each axis, 0 where it is not periodic.

    Returns:
        Sorted node numbers of each level; each level is a subset of the one before.

    Example:
        >>> x = np.linspace(0, 1, 9)[:, None] * np.array([[1.0, 0.0]])
        >>> [len(level) for level in farthest_subsets(x, [Limit(0.0, 4), Limit(0.0, 2)])]
        [4, 2]
    """
    if not limits or not len(points):
        return [np.zeros(0, dtype=np.int64) for _ in limits]
    number = spatial_order(points)
    order, cover = _farthest_order(points[number], limits[0], np.random.default_rng(seed), period)
    subsets = []
    for limit in limits:
        reached = np.flatnonzero(cover <= limit.spacing * (1 + SLACK))
        size = min(limit.most, reached[0] + 1 if len(reached) else len(order))
        subsets.append(np.sort(number[order[:size]]))
    return subsets


def cover_subsets(
    points: Points, limits: Sequence[Limit], *, seed: int = 0, period: Sequence[float | int] | None = None
) -> list[np.ndarray]:
    """Greedy cover: points in random order, each chosen unless a chosen one lies within the spacing.

    The coarsest level is chosen first and every finer one goes on from it, so a level covers all points within its
    own spacing, as farthest-point sampling does, with some more points. Cost: about O(N log N).

    Args:
        points: coordinates ``(nodes, dim)``.
        limits: where each level ends, finest first.
        seed: of the random order.
        period: length of the periodic box along each axis, 0 where it is not periodic.

    Returns:
        Sorted node numbers of each level; each level is a subset of the one before.

    Example:
        >>> x = np.linspace(0, 1, 9)[:, None] * np.array([[1.0, 0.0]])
        >>> [len(level) for level in cover_subsets(x, [Limit(0.0, 4), Limit(0.0, 2)])]
        [4, 2]
    """
    if not limits or not len(points):
        return [np.zeros(0, dtype=np.int64) for _ in limits]
    priority = spatial_order(points)[np.random.default_rng(seed).permutation(len(points))]
    wrapped, box = wrap(points[priority], period)
    cover = _Cover(torch.from_numpy(wrapped), None if box is None else box.tolist())
    subsets = []
    for limit in reversed(limits):
        for spacing in _ladder(limit, wrapped, box):
            if len(cover.chosen) >= limit.most:
                break
            cover.extend(spacing * (1 + SLACK))
        subsets.append(np.sort(priority[cover.chosen[: limit.most].numpy()]))
    return subsets[::-1]


def spatial_order(points: Points) -> np.ndarray:
    """Numbers of the points from left to right, then from bottom to top: the same however they are numbered.

    Args:
        points: coordinates ``(nodes, dim)``.

    Example:
        >>> spatial_order(np.array([[0.5, 1.0], [0.0, 3.0], [0.5, 0.0]])).tolist()
        [1, 2, 0]
    """
    if not len(points):
        return np.zeros(0, dtype=np.int64)
    size = np.ptp(points, axis=0)
    place = np.round((points - points.min(axis=0)) / np.where(size > 0, size, 1.0) * _GRID)
    if points.shape[1] > 3:
        return np.lexsort(np.concatenate([place, points], axis=1).T[::-1])
    # Up to three places fit into one number, which is quicker to sort; the last digits tell apart what is left.
    key = np.zeros(len(points), dtype=np.int64)
    for axis in place.T:
        key = key * (_GRID + 1) + axis.astype(np.int64)
    order = np.argsort(key, kind="stable")
    same = np.concatenate([[False], np.diff(key[order]) == 0, [False]])
    tied = np.flatnonzero(same[:-1] | same[1:])
    left = order[tied]
    order[tied] = left[np.lexsort([*points[left].T[::-1], key[left]])]
    return order


def _farthest_order(
    points: np.ndarray, limit: Limit, rng: np.random.Generator, period: Sequence[float | int] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Points in the order they are chosen, and how far the farthest point is once each is chosen."""
    low, high = points.min(0), points.max(0)
    place = low + (high - low) * rng.random(points.shape[1])
    new = int(np.argmin(((points - place) ** 2).sum(1)))
    wrapped, box = wrap(points, period)
    tree = cKDTree(wrapped, boxsize=box) if len(points) > _LOCAL_FROM else None
    away = np.full(-(-len(points) // _ROW) * _ROW, -1.0)  # squared distance to the chosen points; -1 at the chosen ones
    away[: len(points)] = np.inf
    rows = away.reshape(-1, _ROW)
    most = rows.max(axis=1)
    order, cover = [new], list[float]()
    while True:
        near: slice | np.ndarray = slice(len(points))
        if tree is not None and len(order) > 64:
            near = np.array(tree.query_ball_point(wrapped[new], cover[-1] * (1 + 1e-9)), dtype=np.int64)
        away[near] = np.minimum(away[near], _squared(wrapped[near] - wrapped[new], box))
        away[new] = -1.0
        # The farthest is looked for among the rows' farthest; only rows with a point that changed have a new one.
        changed = near // _ROW if isinstance(near, np.ndarray) and len(near) < len(most) else slice(None)
        most[changed] = rows[changed].max(axis=1)
        farthest = float(most.max())
        row = int(np.argmax(most >= farthest * (1 - 2 * SLACK)))
        new = row * _ROW + int(np.argmax(rows[row] >= farthest * (1 - 2 * SLACK)))
        cover.append(float(np.sqrt(max(farthest, 0.0))))
        if len(order) >= limit.most or cover[-1] <= limit.spacing * (1 + SLACK):
            return np.array(order, dtype=np.int64), np.array(cover)
        order.append(new)


class _Cover:
    """Points chosen one after the other, each unless a chosen one lies near: in batches, with the same choice.

    A batch is a part of the order. Those of it that are not covered are chosen where none before them is near, and
    cover the points behind. Batches grow with what is chosen, so the points of one that are near each other are few.
    """

    def __init__(self, x: Tensor, period: list[float] | None) -> None:
        self._x, self._period = x, period
        self._away = torch.full((len(x),), math.inf, dtype=x.dtype)  # squared, where less than the last reach
        self._reach = 0.0
        self._new = torch.zeros(0, dtype=torch.int64)  # chosen, but not yet in the distances
        self.chosen = torch.zeros(0, dtype=torch.int64)

    def extend(self, reach: float) -> None:
        """Go through all points in order."""
        self._measure()
        self._reach = reach
        todo = torch.from_numpy(np.flatnonzero((self._away > reach * reach).numpy()))
        size = max(_BATCH, len(self.chosen))
        while len(todo):
            batch, todo = todo[:size], todo[size:]
            new = batch[_first_apart(self._x[batch], reach, self._period)]
            self._new = torch.cat([self._new, new])
            self.chosen = torch.cat([self.chosen, new])
            free = torch.ones(len(todo), dtype=torch.bool)
            for covered, _ in CellList(self._x[new], reach, self._period).pairs(self._x[todo]) if len(todo) else ():
                free[covered] = False
            todo, size = todo[free], 4 * size

    def _measure(self) -> None:
        """How far each point is from the nearest chosen one. Of those further than the last reach it is not asked."""
        if not len(self._new):
            return
        for point, new in CellList(self._x[self._new], self._reach, self._period).pairs(self._x):
            offset = minimum_image(self._x[point] - self._x[self._new][new], self._period)
            square = torch.stack([along * along for along in offset.unbind(1)]).sum(0)  # quicker than along rows
            self._away.scatter_reduce_(0, point.long(), square, "amin")
        self._new = self._new[:0]


def _first_apart(x: Tensor, reach: float, period: list[float] | None) -> Tensor:
    """Points in order, each unless one taken before it is within reach.

    In rounds: what has no open point before it within reach is taken, and closes the points after it (Blelloch, Fineman
    and Shun 2012: O(log n) rounds for a random order).
    """
    cells = CellList(x, reach, period)
    pairs = [torch.stack(chunk) for chunk in (cells.own_pairs() if cells.halves else cells.pairs(x))]
    first, last = torch.cat([torch.zeros(2, 0, dtype=torch.int32), *pairs], 1).long().sort(0).values
    first, last = first[first < last], last[first < last]
    taken, is_open = torch.zeros(len(x), dtype=torch.bool), torch.ones(len(x), dtype=torch.bool)
    while len(first):
        ready = is_open.clone()
        ready[last] = False
        taken |= ready
        is_open[ready] = False
        is_open[last[ready[first]]] = False
        live = is_open[first] & is_open[last]
        first, last = first[live], last[live]
    return torch.nonzero(taken | is_open)[:, 0]


def _ladder(limit: Limit, points: np.ndarray, box: np.ndarray | None) -> list[float]:
    """The spacing asked for; where a count is asked for, smaller and smaller ones from one with room for so many."""
    if limit.spacing > 0:
        return [limit.spacing]
    extent = np.ptp(points, axis=0) if box is None else np.maximum(np.ptp(points, axis=0), box)
    spacings = float(np.linalg.norm(extent)) * _LADDER ** np.arange(1, 90)
    # A cube with that diagonal holds one point: so many at most are a spacing apart.
    room = np.prod(np.outer(1 / np.maximum(spacings, 1e-300), extent) * math.sqrt(len(extent)) + 1, axis=1)
    return spacings[int(np.argmax(room >= limit.most)) :].tolist()


def _squared(offset: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    if box is not None:
        offset = offset - box * np.round(offset / np.where(box > 0, box, np.inf))
    return np.einsum("nd,nd->n", offset, offset)
