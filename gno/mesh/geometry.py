"""Geometry of a mesh, exact for linear cells: quadrilateral faces are bilinear patches, flat or not."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gno.mesh.faces import FACES_OF_CELL, faces
from gno.mesh.mesh import Mesh

# Two Gauss points an axis integrate cubics exactly; volume and first moment of a bilinear patch are no more than that.
_GAUSS = 0.5 + np.array([-0.5, 0.5]) / np.sqrt(3)


def cell_volume(mesh: Mesh) -> Float[np.ndarray, " cells"]:
    r"""Volume of each cell (area in 2-D), negative for an inverted one.

    .. math::
        V = \frac{1}{d} \oint x \cdot n \, dS

    Args:
        mesh: any mesh.

    Example:
        >>> cell_volume(Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})).tolist()
        [0.5]
    """
    return np.concatenate([np.zeros(0), *(_moments(mesh.points[c], kind)[0] for kind, c in mesh.cells.items())])


def cell_centroid(mesh: Mesh) -> Float[np.ndarray, "cells dim"]:
    r"""Center of volume of each cell.

    .. math::
        c = \frac{1}{V} \int x \, dV

    Args:
        mesh: any mesh; of a cell without volume the mean of its corners is taken.

    Example:
        >>> cell_centroid(Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])})).tolist()
        [[1.0, 1.0]]
    """
    parts = [np.zeros((0, mesh.dim))]
    for kind, cells in mesh.cells.items():
        volume, moment, middle = _moments(mesh.points[cells], kind)
        flat = volume == 0
        parts.append(middle + np.where(flat, 0.0, moment.T / np.where(flat, 1.0, volume)).T)
    return np.concatenate(parts)


def face_area(mesh: Mesh) -> Float[np.ndarray, "faces dim"]:
    """Area vector of each face: its normal out of the owner, as long as the face is large.

    Args:
        mesh: any mesh.

    Example:
        >>> face_area(Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})).tolist()
        [[0.0, -1.0], [1.0, 1.0], [-1.0, 0.0]]
    """
    nodes = faces(mesh).nodes
    if mesh.dim == 2:
        a, b = mesh.points[nodes[:, 0]], mesh.points[nodes[:, 1]]
        return np.stack([b[:, 1] - a[:, 1], a[:, 0] - b[:, 0]], axis=1)
    corners = mesh.points[faces(mesh).closed]
    return np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]) / 2


def face_centroid(mesh: Mesh) -> Float[np.ndarray, "faces dim"]:
    """Center of area of each face.

    Args:
        mesh: any mesh.

    Example:
        >>> face_centroid(Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})).tolist()
        [[0.5, 0.0], [0.5, 0.5], [0.0, 0.5]]
    """
    nodes = faces(mesh).nodes
    if mesh.dim == 2:
        return mesh.points[nodes].mean(axis=1)
    corners, area = mesh.points[faces(mesh).closed], face_area(mesh)
    total, center = np.zeros(len(nodes)), np.zeros((len(nodes), 3))
    for x, normal in _patch(corners):
        weight = np.einsum("fd,fd->f", normal, area)
        total += weight
        center += weight[:, None] * x
    # A triangle is a quad with two corners in one place: the bilinear patch covers it all the same.
    return np.where(total[:, None] > 0, center / np.where(total > 0, total, 1.0)[:, None], corners.mean(axis=1))


def node_volume(mesh: Mesh) -> Float[np.ndarray, " nodes"]:
    """Volume of the median dual cell of each node: a quadrature weight.

    Each cell is cut at the means of the corners of its edges, its faces and itself; the volumes sum to the mesh's.

    Args:
        mesh: any mesh; a node without cells gets 0.

    Example:
        >>> node_volume(Mesh(np.array([[0.0, 0], [3, 0], [0, 2]]), {"triangle": np.array([[0, 1, 2]])})).tolist()
        [1.0, 1.0, 1.0]
    """
    total = np.zeros(mesh.num_points)
    for kind, cells in mesh.cells.items():
        corners = mesh.points[cells]
        corners = corners - corners.mean(axis=1, keepdims=True)
        for face in FACES_OF_CELL[kind]:
            center = corners[:, face].mean(axis=1)
            for here, after in zip(face, face[1:] + face[:1]):
                if len(face) == 2 and (here, after) != face:
                    continue
                half = (corners[:, here] + corners[:, after]) / 2
                if mesh.dim == 2:
                    parts = _cross2(corners[:, here], half) / 2, _cross2(half, corners[:, after]) / 2
                else:
                    parts = _triple(corners[:, here], half, center) / 6, _triple(half, corners[:, after], center) / 6
                for node, part in zip((here, after), parts):
                    np.add.at(total, cells[:, node], part)
    return total


def _moments(corners: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Volume, first moment about the mean of the corners, and that mean."""
    middle = corners.mean(axis=1)
    corners = corners - middle[:, None]
    volume, moment = np.zeros(len(corners)), np.zeros_like(middle)
    dim = corners.shape[2]
    for face in FACES_OF_CELL[kind]:
        for x, normal in _line(corners[:, face]) if dim == 2 else _patch(corners[:, _closed_face(face)]):
            flux = np.einsum("cd,cd->c", x, normal)
            volume += flux / dim
            moment += flux[:, None] * x / (dim + 1)
    return volume, moment, middle


def _line(ends: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    along = ends[:, 1] - ends[:, 0]
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    return [(ends[:, 0] + g * along, normal / 2) for g in _GAUSS]


def _patch(corners: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Gauss points of bilinear patches, and the area vectors that they stand for."""
    a, b, c, d = (corners[:, i] for i in range(4))
    points = []
    for u in _GAUSS:
        for v in _GAUSS:
            x = (1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d
            along_u, along_v = (1 - v) * (b - a) + v * (c - d), (1 - u) * (d - a) + u * (c - b)
            points.append((x, np.cross(along_u, along_v) / 4))
    return points


def _closed_face(face: tuple[int, ...]) -> list[int]:
    return [*face, face[-1]][:4]


def _cross2(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _triple(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    return np.einsum("cd,cd->c", a, np.cross(b, c))
