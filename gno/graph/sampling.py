"""Subsets of a point set that cover it: nested, separated, and the same at any resolution of the set.

Which points are chosen depends on where they lie and not on how they are numbered: of points that are as good as each
other, as on a lattice, the first from the left is taken. What rounding makes of equal distances does not matter, so a
set that is moved as a whole has the same subsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from gno.ops.period import wrap
from gno.typing import Points

SLACK = 1e-9
"""Distances that differ by less than this share are equal: on a lattice rounding tells them apart at random."""
_GRID = 2**20  # places along an axis that the order of points tells apart before it looks at the last digits
_LADDER = 0.8  # ratio of the spacings that the cover goes through where counts are asked, not spacings
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
    Source: Gonzalez 1985 (greedy 2-approximation of the k-center problem). Cost: O(N M) for M points out of N, of which
    a step beyond some thousand points looks only at those it can change.

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
    wrapped, box = wrap(points, period)
    tree = cKDTree(wrapped, boxsize=box)
    priority = spatial_order(points)[np.random.default_rng(seed).permutation(len(points))]
    chosen: list[int] = []
    subsets = []
    for limit in reversed(limits):
        for spacing in _ladder(limit, wrapped, box):
            if len(chosen) >= limit.most:
                break
            _extend(chosen, tree, priority, spacing)
        subsets.append(np.sort(np.array(chosen[: limit.most], dtype=np.int64)))
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
    return np.lexsort(np.concatenate([place, points], axis=1).T[::-1])


def _farthest_order(
    points: np.ndarray, limit: Limit, rng: np.random.Generator, period: Sequence[float | int] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Points in the order they are chosen, and how far the farthest point is once each is chosen."""
    low, high = points.min(0), points.max(0)
    place = low + (high - low) * rng.random(points.shape[1])
    new = int(np.argmin(((points - place) ** 2).sum(1)))
    wrapped, box = wrap(points, period)
    tree = cKDTree(wrapped, boxsize=box) if len(points) > _LOCAL_FROM else None
    away = np.full(len(points), np.inf)  # squared distance to the chosen points; -1 at the chosen ones
    order, cover = [new], list[float]()
    while True:
        near: slice | np.ndarray = slice(None)
        if tree is not None and len(order) > 64:
            near = np.array(tree.query_ball_point(wrapped[new], cover[-1] * (1 + 1e-9)), dtype=np.int64)
        away[near] = np.minimum(away[near], _squared(wrapped[near] - wrapped[new], box))
        away[new] = -1.0
        farthest = float(away.max())
        new = int(np.argmax(away >= farthest * (1 - 2 * SLACK)))
        cover.append(float(np.sqrt(max(farthest, 0.0))))
        if len(order) >= limit.most or cover[-1] <= limit.spacing * (1 + SLACK):
            return np.array(order, dtype=np.int64), np.array(cover)
        order.append(new)


def _extend(chosen: list[int], tree: cKDTree, priority: np.ndarray, spacing: float) -> None:
    covered, spacing = np.zeros(len(priority), dtype=bool), spacing * (1 + SLACK)
    if chosen:
        distance, _ = cKDTree(tree.data[chosen], boxsize=tree.boxsize).query(tree.data)
        covered |= distance <= spacing
    for i in priority[~covered[priority]].tolist():
        if not covered[i]:
            chosen.append(i)
            covered[tree.query_ball_point(tree.data[i], spacing)] = True


def _ladder(limit: Limit, points: np.ndarray, box: np.ndarray | None) -> list[float]:
    if limit.spacing > 0:
        return [limit.spacing]
    size = float(np.linalg.norm(np.ptp(points, axis=0) if box is None else np.maximum(np.ptp(points, axis=0), box)))
    return [size * _LADDER**step for step in range(1, 90)]


def _squared(offset: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    if box is not None:
        offset = offset - box * np.round(offset / np.where(box > 0, box, np.inf))
    return np.einsum("nd,nd->n", offset, offset)
