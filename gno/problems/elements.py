"""Linear finite elements on triangles: the matrices of mass and stiffness."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.sparse import csc_array, csr_array
from scipy.sparse.linalg import SuperLU, splu

from gno.errors import MeshError
from gno.mesh import Mesh


class Elements:
    r"""Continuous, piecewise linear functions on triangles that are 0 on the boundary, by their values at inner nodes.

    .. math::
        M_{ij} = \int \varphi_i \varphi_j, \qquad K_{ij} = \int \nabla \varphi_i \cdot \nabla \varphi_j

    Args:
        mesh: of triangles.

    Raises:
        MeshError: other cells.

    Example:
        >>> from gno.mesh import shapes
        >>> elements = Elements(shapes.square(0.5, kind="structured"))
        >>> elements.stiffness.toarray(), len(elements.inner)
        (array([[4.]]), 1)
    """

    def __init__(self, mesh: Mesh) -> None:
        if set(mesh.cells) != {"triangle"}:
            raise MeshError(f"the mesh has cells {', '.join(mesh.cells)}", why="linear elements need triangles")
        self.inner = np.setdiff1d(np.arange(mesh.num_points), mesh.boundary_nodes)
        self.num_points = mesh.num_points
        cells = mesh.cells["triangle"]
        x = mesh.points[cells]
        opposite = np.roll(x, -2, axis=1) - np.roll(x, -1, axis=1)  # the edge across from each corner
        area = 0.5 * np.abs(np.cross(x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]))
        stiffness = np.einsum("cid,cjd->cij", opposite, opposite) / (4 * area[:, None, None])
        mass = area[:, None, None] * (np.ones((3, 3)) + np.eye(3)) / 12
        self.mass, self.stiffness = (self._assembled(cells, local) for local in (mass, stiffness))

    def factor(self, matrix: csr_array) -> SuperLU:
        """LU factors of a symmetric matrix of inner nodes."""
        return splu(csc_array(matrix), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})

    def everywhere(self, values: Float[np.ndarray, "... inner"]) -> Float[np.ndarray, "... nodes"]:
        """Values at all nodes: those at inner ones, and 0 on the boundary."""
        result = np.zeros((*values.shape[:-1], self.num_points))
        result[..., self.inner] = values
        return result

    @cached_property
    def _number(self) -> np.ndarray:
        number = np.full(self.num_points, -1)
        number[self.inner] = np.arange(len(self.inner))
        return number

    def _assembled(self, cells: np.ndarray, local: np.ndarray) -> csr_array:
        node = self._number[cells]
        row, column = np.broadcast_arrays(node[:, :, None], node[:, None, :])
        there = (row >= 0) & (column >= 0)
        shape = len(self.inner), len(self.inner)
        return csr_array((local[there], (row[there], column[there])), shape=shape)
