"""Sides of polygons that cross or touch."""

from __future__ import annotations

import numpy as np

from gno.mesh.shapes.outline import Points


def crossing(a: Points, b: Points) -> tuple[int, int] | None:
    """First pair of sides of two closed polygons that cross or touch.

    Args:
        a: corners of one polygon.
        b: corners of the other; the same array for the sides of one polygon, whose common corners do not count.
    """
    p, q = a[:, None], np.roll(a, -1, axis=0)[:, None]
    r, s = b[None], np.roll(b, -1, axis=0)[None]
    scale = 1e-12 * float(np.ptp(np.concatenate([a, b]), axis=0).max()) ** 2
    sides = [_turn(p, q, r), _turn(p, q, s), _turn(r, s, p), _turn(r, s, q)]
    sign = [np.where(np.abs(turn) <= scale, 0, np.sign(turn)) for turn in sides]
    boxes = np.all((np.minimum(p, q) <= np.maximum(r, s)) & (np.minimum(r, s) <= np.maximum(p, q)), axis=-1)
    meet = (sign[0] * sign[1] <= 0) & (sign[2] * sign[3] <= 0) & boxes
    if a is b:
        i, j = np.indices(meet.shape)
        apart = (i - j) % len(a)
        folds = (apart == 1) & (sign[0] == 0) & (sign[1] == 0) & (((q - p) * (s - r)).sum(-1) < 0)
        meet = (meet & (apart > 1) & (apart < len(a) - 1)) | folds
    found = np.argwhere(meet)
    return (int(found[0].min()), int(found[0].max())) if len(found) else None


def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Twice the signed area of the triangles ``a, b, c``."""
    u, v = b - a, c - a
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
