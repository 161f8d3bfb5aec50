"""Points inside an outline, set row by row from the sides inwards at the target edge length."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from gno.mesh.shapes.outline import Outline, Points
from gno.mesh.shapes.target import Target

CLEAR = 0.6
"""Free radius around the middle of a segment, in its lengths: more than 1/2 keeps it an edge of the Delaunay mesh."""
_SPACING = 0.65
_JITTER = 0.15


def clear_of(outline: Outline, points: Points) -> Bool[np.ndarray, " points"]:
    """Whether points keep clear of the segments."""
    if len(points) == 0:
        return np.zeros(0, dtype=bool)
    away, nearest = nearest_to(outline.middles, points, 3)
    clear: Bool[np.ndarray, " points"] = (away > CLEAR * outline.lengths[nearest]).all(1)
    return clear


def nearest_to(
    others: Points, points: Points, count: int
) -> tuple[Float[np.ndarray, "points count"], Int[np.ndarray, "points count"]]:
    """Distances and numbers of the nearest of the other points, at most ``count`` of them."""
    columns = list(range(1, min(count, len(others)) + 1))
    away, nearest = cKDTree(others).query(points, k=columns)
    return np.asarray(away), np.asarray(nearest, dtype=np.int64)


def fill(outline: Outline, target: Target, rng: np.random.Generator) -> Points:
    """Points inside the outline about one target edge length apart.

    Every generation of points proposes its neighbors in the directions of a triangular lattice; those that are free
    and inside become the next generation.

    Args:
        outline: the sides, cut into segments.
        target: target edge length.
        rng: source of the jitter and of the order in which points win.
    """
    along = outline.points[outline.segments[:, 1]] - outline.points[outline.segments[:, 0]]
    inward = np.column_stack([-along[:, 1], along[:, 0]])
    proposed = outline.middles + 3**0.5 / 2 * inward
    angle = np.arctan2(along[:, 1], along[:, 0])
    taken = outline.points
    spread = outline.lengths
    while len(proposed):
        proposed = proposed + _JITTER * spread[:, None] * rng.uniform(-1, 1, proposed.shape)
        inside = outline.contains(proposed)
        proposed, angle = proposed[inside], angle[inside]
        h = target(proposed)
        free = clear_of(outline, proposed)
        free[free] = nearest_to(taken, proposed[free], 1)[0][:, 0] > _SPACING * h[free]
        proposed, angle, h = proposed[free], angle[free], h[free]
        won = _spaced(proposed, _SPACING * h, rng)
        front, angle, h = proposed[won], angle[won], h[won]
        taken = np.concatenate([taken, front])
        angle = (angle[:, None] + np.pi / 3 * np.arange(6)).ravel()
        spread = np.repeat(h, 6)
        proposed = np.repeat(front, 6, axis=0) + spread[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return taken[len(outline.points) :]


def _spaced(
    points: Points, radius: Float[np.ndarray, " points"], rng: np.random.Generator
) -> Bool[np.ndarray, " points"]:
    """A choice of points such that none lies within the radius of another: the higher rank wins."""
    num = len(points)
    won = np.zeros(num, dtype=bool)
    if num == 0:
        return won
    away, other = nearest_to(points, points, 16)
    i, column = np.nonzero(away < radius[:, None])
    j = other[i, column]
    i, j = np.concatenate([i, j]), np.concatenate([j, i])
    i, j = i[i != j], j[i != j]
    rank = rng.permutation(num)
    alive = np.ones(num, dtype=bool)
    while alive.any():
        rival = np.full(num, -1)
        both = alive[i] & alive[j]
        np.maximum.at(rival, i[both], rank[j[both]])
        best = alive & (rank > rival)
        won |= best
        alive &= ~best
        alive[j[best[i]]] = False
    return won
