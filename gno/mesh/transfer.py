"""Fields from a fine mesh to a coarse one of the same domain."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from gno.mesh.geometry import cell_centroid, cell_volume
from gno.mesh.interpolation import Interpolation
from gno.mesh.mesh import Mesh
from gno.mesh.refine import refine


def containing_cells(mesh: Mesh, coarse: Mesh) -> Int[np.ndarray, " cells"]:
    """The coarse cell in which the center of each cell lies.

    Args:
        mesh: the fine mesh.
        coarse: of the same domain.

    Raises:
        MeshError: a coarse mesh without cells, or of another dimension.

    Example:
        >>> from gno.mesh import shapes
        >>> fine, coarse = shapes.square(0.25, kind="quad"), shapes.square(1.0, kind="quad")
        >>> set(containing_cells(fine, coarse).tolist())
        {0}
    """
    return Interpolation.of(coarse, cell_centroid(mesh)).cell


def cell_means(mesh: Mesh, values: Float[np.ndarray, "cells *c"], coarse: Mesh) -> Float[np.ndarray, "coarse_cells *c"]:
    r"""Mean over the fine cells in each coarse one, weighted by their volumes.

    .. math::
        u_C = \sum_{P \in C} V_P\, u_P \Big/ \sum_{P \in C} V_P

    A coarse cell that holds the center of no fine one takes the value of the nearest.

    Args:
        mesh: the fine mesh.
        values: of its cells.
        coarse: of the same domain.

    Raises:
        MeshError: a coarse mesh without cells, or of another dimension.

    Example:
        >>> from gno.mesh import shapes
        >>> fine, coarse = shapes.square(0.5, kind="quad"), shapes.square(1.0, kind="quad")
        >>> cell_means(fine, np.array([1.0, 2.0, 3.0, 6.0]), coarse).tolist()
        [3.0]
    """
    return means_in(containing_cells(mesh, coarse), mesh, values, coarse)


def node_means(
    mesh: Mesh, values: Float[np.ndarray, "nodes *c"], coarse: Mesh, parts: int = 4
) -> Float[np.ndarray, "coarse_cells *c"]:
    r"""Mean over each coarse cell of a field at the nodes of a fine mesh, linear between them.

    .. math::
        u_C = \frac{1}{|C|} \int_C u

    by the midpoint rule on the parts of the cell.

    Args:
        mesh: the fine mesh.
        values: at its nodes.
        coarse: of the same domain, in two dimensions.
        parts: of each coarse edge.

    Raises:
        MeshError: a fine mesh without cells, or a coarse one that cannot be cut.

    Example:
        >>> from gno.mesh import shapes
        >>> fine, coarse = shapes.square(0.1), shapes.square(1.0, kind="quad")
        >>> node_means(fine, fine.points[:, 0], coarse).round(6).tolist()
        [0.5]
    """
    cut = refine(coarse, parts)
    found, volume = Interpolation.of(mesh, cell_centroid(cut))(values), np.abs(cell_volume(cut))
    weight = volume.reshape(coarse.num_cells, -1)
    share = weight / weight.sum(axis=1, keepdims=True)
    result: np.ndarray = np.einsum("cp,cp...->c...", share, found.reshape(*share.shape, *values.shape[1:]))
    return result


def means_in(
    cell: Int[np.ndarray, " cells"], mesh: Mesh, values: Float[np.ndarray, "cells *c"], coarse: Mesh
) -> Float[np.ndarray, "coarse_cells *c"]:
    """Means as of ``cell_means``, where the coarse cell of each fine one is known.

    Args:
        cell: as of ``containing_cells``.
        mesh: the fine mesh.
        values: of its cells.
        coarse: of the same domain.
    """
    volume, rest = np.abs(cell_volume(mesh)), values.shape[1:]
    total, weight = np.zeros((coarse.num_cells, *rest)), np.bincount(cell, volume, coarse.num_cells)
    np.add.at(total, cell, volume.reshape(-1, *[1] * len(rest)) * values)
    empty = weight == 0
    result: np.ndarray = total / np.where(empty, 1.0, weight).reshape(-1, *[1] * len(rest))
    if empty.any():
        result[empty] = values[cKDTree(cell_centroid(mesh)).query(cell_centroid(coarse)[empty])[1]]
    return result
