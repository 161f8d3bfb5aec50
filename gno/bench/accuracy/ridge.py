"""Kernel ridge regression between fields on fixed points: the cheapest operator that is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from gno.bench.accuracy.grid import Grid
from gno.mesh import Mesh
from gno.models.features.boundary_distance import boundary_distance

_LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # of the kernel, in median distances between samples
_RIDGES = tuple(10.0**k for k in range(-10, 1))


@dataclass(frozen=True)
class KernelRidge:
    r"""The field at fixed points as a combination of those of the training, by how alike the coefficients are.

    .. math::
        u(a) = \sum_{s, t} k(a, a_s) \, (K + \lambda)^{-1}_{st} \, u_t, \qquad
        k(a, b) = \Big(1 + z + \frac{z^2}{3}\Big) e^{-z}, \quad z = \sqrt 5\, \frac{|a - b|}{\ell}

    the kernel of Matern of order 5/2 on the coefficient, or its logarithm, and the distance to the boundary at a grid
    of points, 0 outside of the domain. Between the points everything is linear. Length and ridge are those that do best
    on the last tenth of the samples.

    Source: Batlle et al. 2023, arXiv 2304.13202. Cost: cubic in the samples.

    Args:
        grid: the points.
        seen: coefficients of the training.
        weights: of the training's fields, at each point.
        length: of the kernel.
        names: of coefficient and field.
        transform: of the coefficient, ``none`` or ``log``.
        boundary: of the field, as of ``gno.models.Operator``.
    """

    grid: Grid
    seen: Float[np.ndarray, "samples features"]
    weights: Float[np.ndarray, "samples points"]
    length: float
    names: tuple[str, str]
    transform: str = "log"
    boundary: str = "zero"

    @classmethod
    def fit(
        cls,
        meshes: Sequence[Mesh],
        names: tuple[str, str],
        *,
        transform: str = "log",
        boundary: str = "zero",
        side: int = 41,
    ) -> KernelRidge:
        """Learn from meshes with both fields at their nodes.

        Args:
            meshes: of the training, ten or so at least.
            names: of the coefficient and of the field.
            transform: of the coefficient, as of the class.
            boundary: of the field, as of the class.
            side: points along each side of a box that is a square; of another as many, as far from each other.
        """
        grid = Grid.around(meshes, side)
        x = np.stack([_features(grid, mesh, names[0], transform) for mesh in meshes])
        y = np.stack([grid.of(mesh, np.asarray(mesh.point_data[names[1]])[:, None])[:, 0] for mesh in meshes])
        length, ridge = _chosen(x, y)
        weights = np.linalg.solve(_matern(x, x, length) + ridge * np.eye(len(x)), y)
        return cls(grid, x, weights, length, names, transform, boundary)

    def predict(self, mesh: Mesh) -> dict[str, np.ndarray]:
        """The field at the nodes of a mesh, 0 on the boundary where those of the training are.

        Args:
            mesh: with the coefficient.
        """
        x = _features(self.grid, mesh, self.names[0], self.transform)[None]
        found = self.grid.at((_matern(x, self.seen, self.length) @ self.weights)[0], mesh.points)
        vanishes = (boundary_distance(mesh) == 0) & (self.boundary != "free")
        return {self.names[1]: np.where(vanishes, 0.0, found)}

    @property
    def num_parameters(self) -> int:
        """Numbers that were fitted."""
        return int(self.weights.size)


def _features(grid: Grid, mesh: Mesh, name: str, transform: str) -> np.ndarray:
    away, values = boundary_distance(mesh), np.asarray(mesh.point_data[name])
    both = np.stack([np.log(values) if transform == "log" else values, 4 * away / (away.max() or 1.0)], axis=1)
    return grid.of(mesh, both).ravel()


def _matern(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    z = np.sqrt(5.0) * cdist(a, b) / length
    result: np.ndarray = (1 + z + z**2 / 3) * np.exp(-z)
    return result


def _chosen(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Length and ridge with the least error on the last tenth."""
    num = len(x) - max(len(x) // 10, 1)
    typical = float(np.median(cdist(x[:num], x[:num])))
    best, result = np.inf, (typical, _RIDGES[-1])
    for share in _LENGTHS:
        values, vectors = np.linalg.eigh(_matern(x[:num], x[:num], share * typical))
        left, right = _matern(x[num:], x[:num], share * typical) @ vectors, vectors.T @ y[:num]
        for ridge in _RIDGES:
            missed = left @ (right / (values.clip(min=0.0) + ridge)[:, None]) - y[num:]
            error = float(np.mean(np.linalg.norm(missed, axis=1) / np.linalg.norm(y[num:], axis=1)))
            if error < best:
                best, result = error, (share * typical, ridge)
    return result
