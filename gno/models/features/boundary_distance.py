"""The distance of points to the boundary of a mesh."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from gno.mesh.faces import faces, outer_nodes
from gno.mesh.mesh import Mesh

_KEPT: WeakKeyDictionary[Mesh, np.ndarray] = WeakKeyDictionary()
_CHUNK = 65_536
_FIRST = {2: 3, 3: 8}
"""Pieces looked at first, by their corners: about as many have their center within their size of a point between."""


def boundary_distance(mesh: Mesh) -> Float[np.ndarray, " nodes"]:
    """Distance of each node to the nearest outer face, exact for straight edges and for faces cut into triangles.

    It depends on the shape of the domain and not on how finely it is meshed. Computed once per mesh, and not to be
    written to. Cost: about O(N log F).

    Args:
        mesh: any mesh; without cells every distance is infinite.

    Example:
        >>> from gno.mesh import shapes
        >>> mesh = shapes.square(0.25, kind="structured")
        >>> float(boundary_distance(mesh).max())
        0.5
    """
    if mesh not in _KEPT:
        result = distance_to_boundary(mesh, mesh.points)
        result[outer_nodes(mesh)] = 0.0
        result.flags.writeable = False
        _KEPT[mesh] = result
    return _KEPT[mesh]


def distance_to_boundary(mesh: Mesh, points: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, " points"]:
    """Distance of any points to the nearest outer face of a mesh, as of ``boundary_distance``.

    Args:
        mesh: any mesh; without cells every distance is infinite.
        points: inside of it or outside.

    Example:
        >>> from gno.mesh import shapes
        >>> distance_to_boundary(shapes.square(0.25, kind="structured"), np.array([[0.5, 0.1], [0.6, 1.5]])).tolist()
        [0.1, 0.5]
    """
    # The nearest point is a corner, or lies inside an edge or a triangle: the nearest of each kind in turn.
    outer = faces(mesh)
    corners = outer.nodes[outer.neighbor < 0]
    if not len(corners):
        return np.full(len(points), np.inf)
    result = np.asarray(cKDTree(mesh.points[outer_nodes(mesh)]).query(points)[0])
    if mesh.dim == 2:
        kinds = [corners]
    else:
        triangles = _triangles(corners)
        sides = np.sort(np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1)
        kinds = [np.unique(sides, axis=0), triangles]
    for kind in kinds:
        for pieces, reach in _by_size(mesh.points[kind]):
            _lower(result, points, pieces, reach)
    return result


def _by_size(pieces: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """Pieces of about one size together, with the largest: beside long ones the search for short ones stays short."""
    reach = np.linalg.norm(pieces - pieces.mean(axis=1, keepdims=True), axis=2).max(axis=1)
    pieces, reach = pieces[reach > 0], reach[reach > 0]
    size = np.floor(np.log2(reach.max(initial=0.0) / reach))
    for value in np.unique(size):
        yield pieces[size == value], float(reach[size == value].max())


def _lower(result: np.ndarray, points: np.ndarray, pieces: np.ndarray, reach: float) -> None:
    """Take the distances to the insides of the pieces ``(pieces, corners, dim)`` where these are shorter.

    Where the nearest point, at ``d``, is inside of a piece, the way to it is square to the piece: so the center lies
    at most ``sqrt(d^2 + reach^2)`` away, and hardly any others do, however far the boundary is.
    """
    tree = cKDTree(pieces.mean(axis=1))
    low, high = pieces.min(axis=(0, 1)), pieces.max(axis=(0, 1))
    for begin in range(0, len(points), _CHUNK):
        chunk = points[begin : begin + _CHUNK]
        best = result[begin : begin + _CHUNK]
        gap = np.maximum(np.maximum(low - chunk, chunk - high), 0.0)
        left, first, last = np.flatnonzero((gap**2).sum(axis=1) < best**2), 0, _FIRST[pieces.shape[1]]
        while len(left):
            last = min(last, len(pieces))
            away, near = map(np.asarray, tree.query(chunk[left], np.arange(first + 1, last + 1)))
            row, column = np.nonzero(away**2 < (best[left] ** 2 + reach**2)[:, None])
            np.minimum.at(best, left[row], _to_inside(chunk[left[row]], pieces[near[row, column]]))
            done = (away[:, -1] ** 2 >= best[left] ** 2 + reach**2) | (last == len(pieces))
            left, first, last = left[~done], last, 2 * last


def _to_inside(point: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Distance of each point to its segment, or to the inside of its triangle, infinite where it is not over it."""
    if piece.shape[1] == 2:
        return _to_segment(point, piece[:, 0], piece[:, 1])
    a, b, c = piece[:, 0], piece[:, 1], piece[:, 2]
    normal = np.cross(b - a, c - a)
    size = np.linalg.norm(normal, axis=1)
    over = size > 0
    for start, end in ((a, b), (b, c), (c, a)):
        over &= np.einsum("nd,nd->n", np.cross(end - start, point - start), normal) >= 0
    height = np.abs(np.einsum("nd,nd->n", point - a, normal)) / np.where(over, size, 1.0)
    return np.where(over, height, np.inf)


def _to_segment(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = end - start
    length = np.einsum("nd,nd->n", along, along)
    t = np.einsum("nd,nd->n", point - start, along) / np.where(length > 0, length, 1.0)
    result: np.ndarray = np.linalg.norm(point - start - np.clip(t, 0, 1)[:, None] * along, axis=1)
    return result


def _triangles(corners: Int[np.ndarray, "faces corners"]) -> Int[np.ndarray, "triangles 3"]:
    """Faces cut into triangles; a triangle among quads has -1 for its fourth corner."""
    first = corners[:, :3]
    if corners.shape[1] == 3:
        return first
    quads = corners[:, 3] >= 0
    return np.concatenate([first, corners[quads][:, [0, 2, 3]]])
