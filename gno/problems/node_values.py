"""Values at the nodes of many fields in the cells of one mesh."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

from gno.mesh import Mesh, cell_centroid
from gno.mesh.interpolation import Interpolation
from gno.typing import Points


class NodeValues:
    r"""The map of ``gno.fv.cells_to_nodes`` as matrices, made once for a mesh that has many fields in time.

    .. math::
        u_i = \sum_{P \ni i} w_P \, (u_P + \nabla u_P \cdot (x_i - x_P)) \Big/ \sum_{P \ni i} w_P,
        \qquad w_P = \frac{1}{|x_i - x_P|}

    Args:
        mesh: any mesh.
        points: where values are wanted ``(points, dim)``, linear between the nodes; at the nodes without it.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])})
        >>> NodeValues(mesh)(np.array([[1.0]]), np.array([[[1.0, 2.0]]])).ravel().tolist()
        [-2.0, 1.0, 4.0]
    """

    def __init__(self, mesh: Mesh, points: Points | None = None) -> None:
        self._at = None if points is None else Interpolation.of(mesh, points)
        first = np.cumsum([0, *(len(cells) for cells in mesh.cells.values())])
        node = np.concatenate([cells.ravel() for cells in mesh.cells.values()])
        cell = np.concatenate(
            [np.repeat(start + np.arange(len(c)), c.shape[1]) for start, c in zip(first, mesh.cells.values())]
        )
        away = mesh.points[node] - cell_centroid(mesh)[cell]
        weight = 1 / np.linalg.norm(away, axis=1)
        weight /= np.bincount(node, weight, minlength=mesh.num_points)[node]
        shape = mesh.num_points, mesh.num_cells
        self._mean = csr_array((weight, (node, cell)), shape=shape)
        self._along = [csr_array((weight * along, (node, cell)), shape=shape) for along in away.T]

    def __call__(
        self, u: Float[np.ndarray, "cells k"], gradient: Float[np.ndarray, "cells k dim"]
    ) -> Float[np.ndarray, "points k"]:
        """Values ``(points, k)`` of ``k`` fields.

        Args:
            u: in the cells.
            gradient: of each field, in the cells.
        """
        nodes = self._mean @ u + sum(along @ gradient[:, :, d] for d, along in enumerate(self._along))
        return nodes if self._at is None else self._at(nodes)
