"""The named boundary of a mesh from a file: facets that are outer faces of its cells, each once."""

from __future__ import annotations

import warnings

import numpy as np

from gno.errors import MeshError
from gno.mesh.faces import faces
from gno.mesh.mesh import Mesh


def boundary_of(mesh: Mesh, patches: dict[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
    """Facets by name; those between two cells are left out with a warning.

    Args:
        mesh: the mesh, without its boundary.
        patches: name to arrays of facets, each with one number of corners.

    Raises:
        MeshError: a facet with a node that is not there, or that is no face of a cell.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> boundary_of(mesh, {"wall": [np.array([[1, 0]]), np.array([[1, 2]])]})["wall"].tolist()
        [[1, 0], [1, 2]]
    """
    if not patches:
        return {}
    known = faces(mesh)
    width = known.nodes.shape[1]
    rows = {name: _table(name, parts, mesh, width) for name, parts in patches.items()}
    key = np.sort(np.concatenate([known.nodes, *rows.values()]), axis=1)
    group = np.unique(key, axis=0, return_inverse=True)[1].ravel()
    face_of = np.full(int(group.max(initial=-1)) + 1, -1, dtype=np.int64)
    face_of[group[: len(known)]] = np.arange(len(known))
    result, first, inner = {}, len(known), 0
    for name, facets in rows.items():
        face = face_of[group[first : first + len(facets)]]
        first += len(facets)
        if (face < 0).any():
            row = int(np.flatnonzero(face < 0)[0])
            raise MeshError(
                f"boundary {name!r} facet {row} (nodes {facets[row][facets[row] >= 0].tolist()}) is no face of a cell",
                why="a boundary facet is a face that exactly one cell has",
                fix="export the mesh again together with its boundary",
            )
        outer = known.neighbor[face] < 0
        inner += int((~outer).sum())
        once = np.zeros(len(face), dtype=bool)
        once[np.unique(face, return_index=True)[1]] = True
        result[name] = _narrow(facets[outer & once])
    if inner:
        warnings.warn(f"{inner} boundary facets lie between two cells and were left out", stacklevel=5)
    return result


def _table(name: str, parts: list[np.ndarray], mesh: Mesh, width: int) -> np.ndarray:
    table = [np.zeros((0, width), dtype=np.int64)]
    for facets in parts:
        if facets.ndim != 2 or not 2 <= facets.shape[1] <= 4 or (mesh.dim == 2) != (facets.shape[1] == 2):
            raise MeshError(f"boundary {name!r} has facets of shape {facets.shape}", why=f"the mesh is {mesh.dim}-D")
        bad = (facets < -1) | (facets >= mesh.num_points) | ((facets < 0) & (np.arange(facets.shape[1]) < 3))
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise MeshError(
                f"boundary {name!r} facet {row} refers to point {facets[row, column]}",
                why=f"the mesh has {mesh.num_points} points, numbered from 0",
                fix="export the mesh again together with its boundary",
            )
        if facets.shape[1] > width and (facets[:, width:] >= 0).any():
            raise MeshError(f"boundary {name!r} has quads", why="the cells have triangular faces only")
        wide = np.full((len(facets), max(width, facets.shape[1])), -1, dtype=np.int64)
        wide[:, : facets.shape[1]] = facets
        table.append(wide[:, :width])
    return np.concatenate(table)


def _narrow(facets: np.ndarray) -> np.ndarray:
    """Without the fourth column where all facets are triangles."""
    if facets.shape[1] == 4 and len(facets) and (facets[:, 3] < 0).all():
        return np.ascontiguousarray(facets[:, :3])
    return facets
