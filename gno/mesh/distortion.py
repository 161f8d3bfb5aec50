"""How far cells and faces are from the ideal, as OpenFOAM measures it (``primitiveMeshTools``)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gno.mesh.faces import faces
from gno.mesh.geometry import cell_centroid, cell_volume, face_area, face_centroid
from gno.mesh.mesh import Mesh

_TINY = 1e-150


def non_orthogonality(mesh: Mesh) -> Float[np.ndarray, " inner"]:
    """Angle in degrees between the normal of each inner face and the line between its cells.

    Args:
        mesh: any mesh; its inner faces are the first.

    Example:
        >>> points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> non_orthogonality(Mesh(points, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})).round(9).tolist()
        [0.0]
    """
    all_faces, center = faces(mesh), cell_centroid(mesh)
    inner = slice(all_faces.num_inner)
    area = face_area(mesh)[inner]
    d = center[all_faces.neighbor[inner]] - center[all_faces.owner[inner]]
    u, v = (w / (np.linalg.norm(w, axis=1, keepdims=True) + _TINY) for w in (d, area))
    return np.degrees(2 * np.arctan2(np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1)))


def skewness(mesh: Mesh) -> Float[np.ndarray, " faces"]:
    """Distance of each face's center from where the line between its cells meets it, over the face's size.

    Args:
        mesh: any mesh; at an outer face the line is the normal through the cell's center.

    Example:
        >>> square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> float(skewness(Mesh(square, {"quad": np.array([[0, 1, 2, 3]])})).max())
        0.0
    """
    all_faces, area = faces(mesh), face_area(mesh)
    center, middle, inner = cell_centroid(mesh), face_centroid(mesh), all_faces.neighbor >= 0
    to_face = middle - center[all_faces.owner]
    normal = area / (np.linalg.norm(area, axis=1, keepdims=True) + _TINY)
    ahead = normal * (normal * to_face).sum(axis=1, keepdims=True)
    d = np.where(inner[:, None], center[all_faces.neighbor] - center[all_faces.owner], ahead)
    along = (area * d).sum(axis=1)
    along = np.where(np.abs(along) < _TINY, _TINY, along)
    off = to_face - ((area * to_face).sum(axis=1) / along)[:, None] * d
    distance = np.linalg.norm(off, axis=1)
    reach = np.where(inner, 0.2, 0.4) * np.linalg.norm(d, axis=1) + _TINY
    direction = off / (distance[:, None] + _TINY)
    for k in range(all_faces.nodes.shape[1]):
        corner = all_faces.nodes[:, k]
        extent = np.abs((direction * (mesh.points[corner] - middle)).sum(axis=1))
        reach = np.maximum(reach, np.where(corner >= 0, extent, 0.0))
    return distance / reach


def aspect_ratio(mesh: Mesh) -> Float[np.ndarray, " cells"]:
    """Largest over smallest projected area of each cell; in space also its surface over that of a cube.

    Args:
        mesh: any mesh. The projections are on the coordinate axes: a thin cell along the diagonal goes unseen.

    Example:
        >>> plank = np.array([[0.0, 0], [4, 0], [4, 1], [0, 1]])
        >>> aspect_ratio(Mesh(plank, {"quad": np.array([[0, 1, 2, 3]])})).tolist()
        [4.0]
    """
    all_faces, area = faces(mesh), np.abs(face_area(mesh))
    total, inner = np.zeros((mesh.num_cells, mesh.dim)), slice(all_faces.num_inner)
    np.add.at(total, all_faces.owner, area)
    np.add.at(total, all_faces.neighbor[inner], area[inner])
    ratio = total.max(axis=1) / (total.min(axis=1) + _TINY)
    if mesh.dim == 3:
        ratio = np.maximum(ratio, total.sum(axis=1) / 6 / np.maximum(cell_volume(mesh), _TINY) ** (2 / 3))
    return ratio


def num_misoriented(mesh: Mesh) -> int:
    """Number of faces whose normal points into their owner, or out of their neighbor: cells folded over.

    Args:
        mesh: any mesh.

    Example:
        >>> square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> num_misoriented(Mesh(square, {"quad": np.array([[0, 1, 2, 3]])}))
        0
    """
    all_faces, center, middle, area = faces(mesh), cell_centroid(mesh), face_centroid(mesh), face_area(mesh)
    behind = ((middle - center[all_faces.owner]) * area).sum(axis=1)
    ahead = ((center[all_faces.neighbor] - middle) * area).sum(axis=1)
    return int(((behind <= 0) | ((ahead <= 0) & (all_faces.neighbor >= 0))).sum())
