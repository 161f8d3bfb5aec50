"""Linear finite elements on triangles: the matrices of mass, stiffness and convection."""

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
        M_{ij} = \int \varphi_i \varphi_j, \qquad K_{ij} = \int \nabla \varphi_i \cdot \nabla \varphi_j, \qquad
        C_{ij} = \int \varphi_i \, v \cdot \nabla \varphi_j

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
        self._cells, self.area = cells, 0.5 * np.abs(np.cross(x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]))
        # Corners run to the left, so the slope of a corner's function is its edge, turned to the left.
        self._slope = np.stack([-opposite[..., 1], opposite[..., 0]], axis=-1) / (2 * self.area[:, None, None])
        stiffness = np.einsum("cid,cjd,c->cij", self._slope, self._slope, self.area)
        mass = self.area[:, None, None] * (np.ones((3, 3)) + np.eye(3)) / 12
        self.mass, self.stiffness = (self._assembled(local) for local in (mass, stiffness))

    def velocity(self, stream: Float[np.ndarray, " inner"]) -> Float[np.ndarray, "cells 2"]:
        r"""Velocity :math:`(\partial_y \psi, -\partial_x \psi)` in each triangle: nothing flows through the boundary.

        Args:
            stream: :math:`\psi` at inner nodes.
        """
        slope = np.einsum("cid,ci->cd", self._slope, self.everywhere(stream)[self._cells])
        return np.stack([slope[:, 1], -slope[:, 0]], axis=1)

    def convection(self, stream: Float[np.ndarray, " inner"]) -> csr_array:
        """The matrix of what a flow carries; it is skew, because what flows into a triangle flows out of it.

        Args:
            stream: as of ``velocity``.
        """
        along = np.einsum("cd,cid->ci", self.velocity(stream), self._slope) * self.area[:, None] / 3
        return self._assembled(np.repeat(along[:, None], 3, axis=1))

    def around_nodes(self, values: Float[np.ndarray, "cells k"]) -> Float[np.ndarray, "nodes k"]:
        """Means over the triangles around each node, by their areas.

        Args:
            values: in the triangles.
        """
        total, area = np.zeros((self.num_points, values.shape[1])), np.zeros(self.num_points)
        np.add.at(total, self._cells, (values * self.area[:, None])[:, None])
        np.add.at(area, self._cells, self.area[:, None])
        return total / area[:, None]

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

    def _assembled(self, local: np.ndarray) -> csr_array:
        node = self._number[self._cells]
        row, column = np.broadcast_arrays(node[:, :, None], node[:, None, :])
        there = (row >= 0) & (column >= 0)
        shape = len(self.inner), len(self.inner)
        return csr_array((local[there], (row[there], column[there])), shape=shape)


def factored(matrix: csr_array) -> SuperLU:
    """LU factors of a matrix of elements: its pattern is symmetric.

    Args:
        matrix: of inner nodes.

    Example:
        >>> factored(csr_array(np.array([[4.0, 1.0], [1.0, 2.0]]))).solve(np.array([5.0, 3.0])).tolist()
        [1.0, 1.0]
    """
    return splu(csc_array(matrix), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
