"""One round of relaxation: points move to the middle of their triangles; too many or too few are mended."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from gno.mesh.shapes.front import CLEAR, clear_of, nearest_to
from gno.mesh.shapes.outline import Outline, Points
from gno.mesh.shapes.target import Size

Triangles = Int[np.ndarray, "triangles 3"]
"""Nodes of triangles, counter-clockwise: those of the outline first, then the points inside."""

_SHORT = 0.6
_WIDE = 0.85


def relax(outline: Outline, points: Points, triangles: Triangles, target: Size, *, last: bool) -> Points:
    """Points moved towards an even spacing; where they crowd some go, where they are sparse some come.

    Args:
        outline: the sides, cut into segments; their points stay.
        points: points inside.
        triangles: Delaunay triangles of the outline's points and these.
        target: target edge length.
        last: only move, neither add nor remove.
    """
    fixed = len(outline.points)
    every = np.concatenate([outline.points, points])
    h = target(every)
    moved = _centered(every, triangles, h)
    keep = np.ones(len(every), dtype=bool)
    new = np.zeros((0, 2))
    if not last:
        keep = _uncrowded(every, triangles, h, fixed)
        new = _sparse(every, triangles, h)
        new = new[clear_of(outline, new) & outline.contains(new)] if len(new) else new
    return pushed(outline, np.concatenate([moved[fixed:][keep[fixed:]], new]))


def _centered(every: Points, triangles: Triangles, h: Float[np.ndarray, " nodes"]) -> Points:
    """Mean of the centroids around each point, weighted by area in target edge lengths."""
    corners = every[triangles]
    area = areas(corners) / h[triangles].mean(1) ** 2
    total = np.bincount(triangles.ravel(), np.repeat(area, 3), len(every))
    moments = np.repeat(area[:, None] * corners.mean(1), 3, axis=0)
    x, y = (np.bincount(triangles.ravel(), moment, len(every)) for moment in moments.T)
    return np.column_stack([x / total, y / total])


def areas(corners: Float[np.ndarray, "triangles 3 2"]) -> Float[np.ndarray, " triangles"]:
    """Area of each triangle, negative if its corners are listed clockwise."""
    a, b, c = corners.transpose(1, 2, 0)
    return ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2


def pushed(outline: Outline, points: Points) -> Points:
    """Points moved out of the circles around the segments that must stay free."""
    if len(points) == 0:
        return points
    for column in range(min(2, len(outline.middles))):
        away, nearest = (found[:, column] for found in nearest_to(outline.middles, points, 2))
        radius = CLEAR * outline.lengths[nearest] * 1.001
        scale = np.maximum(1.0, radius / np.maximum(away, 1e-300))
        middle = outline.middles[nearest]
        points = middle + scale[:, None] * (points - middle)
    return points


def _uncrowded(
    every: Points, triangles: Triangles, h: Float[np.ndarray, " nodes"], fixed: int
) -> Bool[np.ndarray, " nodes"]:
    """False for one inner point of the edges that are too short, and for those with fewer than five neighbors."""
    begin, end = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    length = np.hypot(*(every[end] - every[begin]).T) / np.minimum(h[begin], h[end])
    shortest = np.full(len(every), np.inf)
    np.minimum.at(shortest, begin, length)
    np.minimum.at(shortest, end, length)
    goes = (length < _SHORT) & (length <= shortest[begin]) & (length <= shortest[end])
    victim = np.maximum(begin, end)[goes]
    keep = np.ones(len(every), dtype=bool)
    keep[victim[victim >= fixed]] = False
    valence = np.bincount(triangles.ravel(), minlength=len(every))
    weak = (valence < 5) & (np.arange(len(every)) >= fixed)
    crowded = np.zeros(len(every), dtype=bool)
    crowded[begin[~keep[end] | weak[end] & (begin < end)]] = True
    keep[weak & ~crowded] = False
    return keep


def _sparse(every: Points, triangles: Triangles, h: Float[np.ndarray, " nodes"]) -> Points:
    """Circumcenters of triangles that are too wide, the widest of each neighborhood."""
    a, b, c = every[triangles].transpose(1, 2, 0)
    u, v = b - a, c - a
    cross = 2 * (u[0] * v[1] - u[1] * v[0])
    uu, vv = (u * u).sum(0), (v * v).sum(0)
    offset = np.stack([v[1] * uu - u[1] * vv, u[0] * vv - v[0] * uu]) / cross
    radius = np.hypot(*offset) / h[triangles].mean(1)
    widest = np.zeros(len(every))
    np.maximum.at(widest, triangles.ravel(), np.repeat(radius, 3))
    chosen = (radius > _WIDE) & (radius >= widest[triangles].max(1))
    return (a + offset).T[chosen]
