"""The part of a mesh that its cells use: a mesher may leave nodes behind that belong to none."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from gno.mesh.mesh import Mesh


def used_part(mesh: Mesh) -> tuple[Mesh, Int[np.ndarray, " used"]]:
    """The mesh of the nodes that its cells use, and their numbers in it; the mesh itself where these are all.

    Args:
        mesh: any mesh.

    Example:
        >>> points = np.array([[0.0, 0], [50, 50], [1, 0], [0, 1]])
        >>> part, nodes = used_part(Mesh(points, {"triangle": np.array([[0, 2, 3]])}))
        >>> part.num_points, nodes.tolist(), part.cells["triangle"].tolist()
        (3, [0, 2, 3], [[0, 1, 2]])
    """
    nodes = np.unique(np.concatenate([np.zeros(0, np.int64), *(cells.ravel() for cells in mesh.cells.values())]))
    if len(nodes) == mesh.num_points:
        return mesh, nodes
    number = np.full(mesh.num_points + 1, -1, dtype=np.int64)  # the last one is for -1, a corner that is not there
    number[nodes] = np.arange(len(nodes))
    part = Mesh(
        mesh.points[nodes],
        {kind: number[cells] for kind, cells in mesh.cells.items()},
        {name: number[facets] for name, facets in mesh.boundary.items()},
        {name: values[nodes] for name, values in mesh.point_data.items()},
        mesh.cell_data,
    )
    return part, nodes
