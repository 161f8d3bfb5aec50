"""Interpolation from the nodes of a mesh to any points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from gno.errors import MeshError
from gno.mesh.mesh import Mesh
from gno.mesh.simplices import simplices
from gno.typing import Points

_INSIDE = -1e-9
"""Least barycentric coordinate of a point that counts as inside."""
_MOST = 256
"""Simplices that are looked at for a point: one outside lies in none of them."""


@dataclass(frozen=True, eq=False)
class Interpolation:
    r"""Linear interpolation on the simplices of a mesh.

    .. math::
        u(x) = \sum_k \lambda_k(x) \, u_k, \qquad \sum_k \lambda_k = 1, \quad \sum_k \lambda_k x_k = x

    Outside the mesh it goes on linearly from the simplex that comes nearest to holding the point, so that linear fields
    are exact everywhere.

    Args:
        corners: nodes ``(points, dim + 1)`` whose values a point takes.
        weights: :math:`\lambda` ``(points, dim + 1)``.
        cell: the cell ``(points,)`` that it lies in.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> Interpolation.of(mesh, np.array([[0.25, 0.5]]))(np.array([0.0, 4.0, 8.0])).tolist()
        [5.0]
    """

    corners: Int[np.ndarray, "points corners"]
    weights: Float[np.ndarray, "points corners"]
    cell: Int[np.ndarray, " points"]

    @classmethod
    def of(cls, mesh: Mesh, points: Points) -> Interpolation:
        """Find the simplex of each point.

        Args:
            mesh: any mesh with cells.
            points: ``(points, dim)``.

        Raises:
            MeshError: no cells, or points of another dimension.
        """
        if points.ndim != 2 or points.shape[1] != mesh.dim:
            raise MeshError(f"points have shape {points.shape}", why=f"the mesh is {mesh.dim}-D")
        parts = simplices(mesh)
        if not len(parts.cell):
            raise MeshError("the mesh has no cells", why="values are interpolated inside of them")
        tree = cKDTree(mesh.points[parts.corners].mean(axis=1))
        start, inverse = mesh.points[parts.corners[:, 0]], np.linalg.inv(parts.edges)
        found, weights = np.zeros(len(points), dtype=np.int64), np.zeros((len(points), mesh.dim + 1))
        left, k = np.arange(len(points)), 8
        while len(left):
            k = min(k, len(parts.cell))
            near = np.reshape(tree.query(points[left], k)[1], (len(left), k))
            others = np.einsum("pki,pkij->pkj", points[left][:, None] - start[near], inverse[near])
            shares = np.concatenate([1 - others.sum(axis=2, keepdims=True), others], axis=2)
            best, row = shares.min(axis=2).argmax(axis=1), np.arange(len(left))
            found[left], weights[left] = near[row, best], shares[row, best]
            left = left[shares[row, best].min(axis=1) < _INSIDE] if k < min(_MOST, len(parts.cell)) else left[:0]
            k *= 4
        return cls(parts.corners[found], weights, parts.cell[found])

    def __call__(self, values: Float[np.ndarray, "nodes *c"]) -> Float[np.ndarray, "points *c"]:
        """Values at the points.

        Args:
            values: at the nodes of the mesh.
        """
        result: np.ndarray = np.einsum("pk,pk...->p...", self.weights, values[self.corners])
        return result
