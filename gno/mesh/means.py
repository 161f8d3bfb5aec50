"""Fields from cells to nodes and from nodes to cells, by means."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gno.mesh.geometry import cell_volume
from gno.mesh.mesh import Mesh


def around_nodes(mesh: Mesh, values: Float[np.ndarray, "cells *c"]) -> Float[np.ndarray, "nodes *c"]:
    r"""Mean over the cells around each node, weighted by their volumes.

    .. math::
        u_i = \sum_{P \ni i} V_P\, u_P \Big/ \sum_{P \ni i} V_P

    Args:
        mesh: any mesh; a node without cells gets 0.
        values: of the cells.

    Example:
        >>> points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> mesh = Mesh(points, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})
        >>> around_nodes(mesh, np.array([1.0, 2.0])).tolist()
        [1.5, 1.0, 1.5, 2.0]
    """
    volume, first = np.abs(cell_volume(mesh)), 0
    rest = values.shape[1:]
    volume = volume.reshape(-1, *[1] * len(rest))
    total, weight = np.zeros((mesh.num_points, *rest)), np.zeros((mesh.num_points, *[1] * len(rest)))
    for cells in mesh.cells.values():
        part = slice(first, first + len(cells))
        first += len(cells)
        np.add.at(total, cells, (volume * values)[part, None])
        np.add.at(weight, cells, volume[part, None])
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)


def corner_mean(mesh: Mesh, values: Float[np.ndarray, "nodes *c"]) -> Float[np.ndarray, "cells *c"]:
    """Mean over the corners of each cell.

    Args:
        mesh: any mesh.
        values: of the nodes.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> corner_mean(mesh, np.array([1.0, 2.0, 6.0])).tolist()
        [3.0]
    """
    none = np.zeros((0, *values.shape[1:]))
    return np.concatenate([none, *(values[cells].mean(axis=1) for cells in mesh.cells.values())])
