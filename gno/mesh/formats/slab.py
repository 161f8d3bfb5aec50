"""A flat mesh as the layer of cells, one cell thick, that OpenFOAM solves 2-D problems on."""

from __future__ import annotations

import numpy as np

from gno.errors import MeshError
from gno.mesh.mesh import Mesh

SOLID = {"triangle": "wedge", "quad": "hexahedron"}
"""Flat cell type to the type of its layer."""
ENDS = "frontAndBack"
"""Patch of the faces on both sides of the layer."""


def slab(mesh: Mesh) -> Mesh:
    """One layer on a flat mesh, as thick as a typical edge is long; cells and points keep their order.

    Args:
        mesh: 2-D; point ``i`` stands at the bottom of the layer as ``i``, at its top as ``num_points + i``.

    Raises:
        MeshError: a patch that has the name of the two sides.

    Example:
        >>> slab(Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}))
        Mesh(3-D, 6 points, 1 wedge; boundary: frontAndBack (2))
    """
    if ENDS in mesh.boundary:
        raise MeshError(f"a patch is named {ENDS!r}", why="the sides of a flat mesh have this name", fix="rename it")
    n = mesh.num_points
    points = np.concatenate([np.column_stack([mesh.points, np.full(n, z)]) for z in (0.0, mesh.edge_length)])
    cells = {SOLID[kind]: np.concatenate([nodes, nodes + n], axis=1) for kind, nodes in mesh.cells.items()}
    sides = {name: np.concatenate([edges, edges[:, ::-1] + n], axis=1) for name, edges in mesh.boundary.items()}
    flat = [np.pad(nodes, ((0, 0), (0, 4 - nodes.shape[1])), constant_values=-1) for nodes in mesh.cells.values()]
    ends = [np.where(nodes < 0, -1, nodes + shift) for nodes in flat for shift in (0, n)]
    return Mesh(points, cells, {**sides, ENDS: np.concatenate([np.zeros((0, 4), dtype=np.int64), *ends])})
