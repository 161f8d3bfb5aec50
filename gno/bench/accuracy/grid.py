"""Fixed points in a box, for what knows no meshes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.interpolate import RegularGridInterpolator

from gno.mesh import Mesh
from gno.mesh.interpolation import Interpolation

_INSIDE = -1e-9  # least barycentric coordinate of a point inside of a mesh


class Grid(NamedTuple):
    """Points at equal distances in a box.

    Args:
        axes: the coordinates along each axis.

    Example:
        >>> Grid((np.array([0.0, 1.0]), np.array([0.0, 2.0]))).points.tolist()
        [[0.0, 0.0], [0.0, 2.0], [1.0, 0.0], [1.0, 2.0]]
    """

    axes: tuple[np.ndarray, np.ndarray]

    @classmethod
    def around(cls, meshes: Sequence[Mesh], side: int) -> Grid:
        """The least box with all meshes.

        Args:
            meshes: in two dimensions.
            side: points along each side of a box that is a square; of another as many, as far from each other.
        """
        low, high = (np.array([end(m.points, axis=0) for m in meshes]) for end in (np.min, np.max))
        low, high = low.min(axis=0), high.max(axis=0)
        counts = 1 + np.ceil((side - 1) * (high - low) / np.sqrt(np.prod(high - low)) - 1e-9).astype(int)
        axes = [np.linspace(a, b, count) for a, b, count in zip(low, high, counts)]
        return cls((axes[0], axes[1]))

    @property
    def shape(self) -> tuple[int, int]:
        """Points along each axis."""
        return len(self.axes[0]), len(self.axes[1])

    @property
    def points(self) -> Float[np.ndarray, "points 2"]:
        """All of them, those of the last axis next to each other."""
        return np.stack(np.meshgrid(*self.axes, indexing="ij"), axis=-1).reshape(-1, 2)

    def of(self, mesh: Mesh, values: Float[np.ndarray, "nodes c"]) -> Float[np.ndarray, "points c"]:
        """Values at the points, linear in each simplex; 0 outside of the mesh.

        Args:
            mesh: whose nodes have the values.
            values: at the nodes.
        """
        found = Interpolation.of(mesh, self.points)
        inside = found.weights.min(axis=1) >= _INSIDE
        result: np.ndarray = np.where(inside[:, None], found(values), 0.0)
        return result

    def at(
        self, values: Float[np.ndarray, " points"], places: Float[np.ndarray, "nodes 2"]
    ) -> Float[np.ndarray, " nodes"]:
        """Values between the points, linear along each axis.

        Args:
            values: at the points.
            places: where they are wanted; those outside of the box get the values of its edge.
        """
        low, high = (np.array([axis[end] for axis in self.axes]) for end in (0, -1))
        between = RegularGridInterpolator(self.axes, values.reshape(self.shape))
        result: np.ndarray = between(np.clip(places, low, high))
        return result
