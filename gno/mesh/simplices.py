"""The simplices that fill the cells of a mesh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gno.mesh.mesh import Mesh

SPLITS: dict[str, tuple[tuple[int, ...], ...]] = {
    "triangle": ((0, 1, 2),),
    "quad": ((0, 1, 2), (0, 2, 3)),
    "tetra": ((0, 1, 2, 3),),
    "pyramid": ((0, 1, 2, 4), (0, 2, 3, 4)),
    "wedge": ((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5)),
    "hexahedron": ((0, 1, 2, 6), (0, 2, 3, 6), (0, 3, 7, 6), (0, 7, 4, 6), (0, 4, 5, 6), (0, 5, 1, 6)),
}
"""Simplices that fill each cell type, by its corners in the order of ``gno.mesh.Mesh``."""


class Simplices(NamedTuple):
    """Simplices with a volume.

    Args:
        corners: nodes ``(simplices, dim + 1)``.
        cell: the cell ``(simplices,)`` that each one is a part of.
        edges: from the first corner to the others, in rows ``(simplices, dim, dim)``.
    """

    corners: Int[np.ndarray, "simplices corners"]
    cell: Int[np.ndarray, " simplices"]
    edges: Float[np.ndarray, "simplices dim dim"]


def simplices(mesh: Mesh) -> Simplices:
    """The simplices of all cells; those without volume are left out.

    Args:
        mesh: any mesh.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), {"quad": np.array([[0, 1, 2, 3]])})
        >>> simplices(mesh).corners.tolist(), simplices(mesh).cell.tolist()
        ([[0, 1, 2], [0, 2, 3]], [0, 0])
    """
    first, parts, owners = 0, [np.zeros((0, mesh.dim + 1), dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for kind, cells in mesh.cells.items():
        for corners in SPLITS[kind]:
            parts.append(cells[:, list(corners)])
            owners.append(np.arange(first, first + len(cells)))
        first += len(cells)
    nodes, cell = np.concatenate(parts), np.concatenate(owners)
    edges = mesh.points[nodes[:, 1:]] - mesh.points[nodes[:, :1]]
    solid = np.abs(np.linalg.det(edges)) > 1e-14 * np.prod(np.linalg.norm(edges, axis=2), axis=1)
    return Simplices(nodes[solid], cell[solid], edges[solid])
