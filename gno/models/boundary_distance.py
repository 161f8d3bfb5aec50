"""The distance of points to the boundary of a mesh."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from gno.mesh.faces import faces, outer_nodes
from gno.mesh.mesh import Mesh


def boundary_distance(mesh: Mesh) -> Float[np.ndarray, " nodes"]:
    """Distance of each node to the nearest outer face, exact for straight edges and for faces cut into triangles.

    It depends on the shape of the domain and not on how finely it is meshed. Cost: about O(N log F).

    Args:
        mesh: any mesh; without cells every distance is infinite.

    Example:
        >>> from gno.mesh import shapes
        >>> mesh = shapes.square(0.25, kind="structured")
        >>> float(boundary_distance(mesh).max())
        0.5
    """
    outer = faces(mesh)
    corners = outer.nodes[outer.neighbor < 0]
    pieces = mesh.points[corners] if mesh.dim == 2 else mesh.points[_triangles(corners)]
    if not len(pieces):
        return np.full(mesh.num_points, np.inf)
    result = _nearest(mesh.points, pieces)
    result[outer_nodes(mesh)] = 0.0
    return result


def _nearest(points: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """Distance of each point to the nearest of the pieces ``(pieces, corners, dim)``."""
    center = pieces.mean(axis=1)
    reach = np.linalg.norm(pieces - center[:, None], axis=2).max()
    tree = cKDTree(center)
    result, left, k = np.empty(len(points)), np.arange(len(points)), 4
    while len(left):
        k = min(k, len(pieces))
        away, near = (np.reshape(found, (len(left), k)) for found in tree.query(points[left], k))
        point = np.repeat(points[left], k, axis=0)
        result[left] = _to_piece(point, pieces[near.ravel()]).reshape(len(left), k).min(axis=1)
        # A piece whose center is farther than this cannot be nearer than the best one.
        done = (away[:, -1] - reach >= result[left]) | (k == len(pieces))
        left, k = left[~done], 4 * k
    return result


def _to_piece(point: np.ndarray, piece: np.ndarray) -> np.ndarray:
    if piece.shape[1] == 2:
        return _to_segment(point, piece[:, 0], piece[:, 1])
    a, b, c = piece[:, 0], piece[:, 1], piece[:, 2]
    sides = np.minimum(_to_segment(point, a, b), np.minimum(_to_segment(point, b, c), _to_segment(point, c, a)))
    normal = np.cross(b - a, c - a)
    size = np.linalg.norm(normal, axis=1)
    over = size > 0
    for start, end in ((a, b), (b, c), (c, a)):
        over &= np.einsum("nd,nd->n", np.cross(end - start, point - start), normal) >= 0
    height = np.abs(np.einsum("nd,nd->n", point - a, normal)) / np.where(over, size, 1.0)
    return np.where(over, height, sides)


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
