"""Clouds of points without cells, as meshes of triangles."""

from __future__ import annotations

import numpy as np
from scipy.spatial import Delaunay, QhullError, cKDTree

from gno.errors import DataError
from gno.mesh.mesh import Mesh


def triangulated(points: np.ndarray, alpha: float) -> Mesh:
    """Delaunay triangles between points in the plane, without those that span a hole or a bay.

    A triangle is kept where the radius of its circle is smaller than ``alpha`` times the mean distance of its corners
    to their nearest neighbors. What the file does not say, where the domain ends, is thus guessed.

    Args:
        points: coordinates ``(nodes, 2)``.
        alpha: factor; the larger, the more is filled.

    Raises:
        DataError: points that are not finite, not in the plane, fewer than three, or all on a line.

    Example:
        >>> x = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0)), -1).reshape(-1, 2)
        >>> triangulated(x, 3.0).num_cells
        12
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise DataError(f"points have shape {points.shape}", why="only clouds in the plane, (nodes, 2), get triangles")
    if len(points) < 3 or not np.isfinite(points).all():
        raise DataError(f"{len(points)} points get no triangles", why="there are too few, or some are not finite")
    try:
        cells = Delaunay(points).simplices.astype(np.int64)
    except QhullError as error:
        raise DataError("the points get no triangles", why="they lie on a line") from error
    near = np.asarray(cKDTree(points).query(points, k=2)[0])[:, 1]
    a, b, c = (points[cells[:, i]] for i in range(3))
    twice = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    sides = np.linalg.norm(b - a, axis=1) * np.linalg.norm(c - b, axis=1) * np.linalg.norm(a - c, axis=1)
    radius = sides / np.maximum(2 * np.abs(twice), np.finfo(float).tiny)
    cells = np.where((twice < 0)[:, None], cells[:, [0, 2, 1]], cells)[radius < alpha * near[cells].mean(axis=1)]
    if not len(cells):
        raise DataError(f"no triangle of the points is kept with alpha {alpha:g}", fix="take a larger alpha")
    return Mesh(points, {"triangle": cells})
