"""Nodes that form a grid on the unit torus, in any order."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import DataError
from gno.typing import Points

_OFF = 1e-6
"""Of the spacing, how far a node may lie off its place: files of pictures and meshes have coordinates in four bytes."""


class TorusGrid:
    """Which node stands where on a grid of ``n`` by ``n`` points.

    Args:
        points: coordinates of the nodes.

    Raises:
        DataError: the nodes are no such grid.

    Example:
        >>> x, y = np.meshgrid([0.0, 0.25, 0.5, 0.75], [0.0, 0.25, 0.5, 0.75])
        >>> grid = TorusGrid(np.stack([x.ravel(), y.ravel()], axis=1))
        >>> grid.num, grid.on_grid(torch.from_numpy(x.ravel()))[:, 0]
        (4, tensor([0.0000, 0.2500, 0.5000, 0.7500], dtype=torch.float64))
    """

    def __init__(self, points: Points) -> None:
        self.num = round(len(points) ** 0.5)
        place = np.asarray(points, dtype=np.float64)[:, :2] * self.num
        index = np.round(place).astype(np.int64)
        number = (index % self.num) @ np.array([self.num, 1])
        is_grid = self.num**2 == len(points) and len(np.unique(number)) == len(points)
        if points.shape[1] != 2 or not is_grid or np.abs(place - index).max() > _OFF * self.num:
            raise DataError(
                f"the {len(points)} nodes are no grid on the unit torus",
                why="the spectral solver takes values on one, whose last points are one step before the end",
                fix="generate the flow with nodes=0",
            )
        self._number: Int[Tensor, " nodes"] = torch.from_numpy(number)
        self._node = torch.argsort(self._number)

    def on_grid(self, values: Float[Tensor, "*samples nodes"]) -> Float[Tensor, "*samples n n"]:
        """Values at the nodes as an array whose axes are those of space.

        Args:
            values: of some fields.
        """
        return values[..., self._node].unflatten(-1, (self.num, self.num))

    def at_nodes(self, values: Float[Tensor, "*samples n n"]) -> Float[Tensor, "*samples nodes"]:
        """The inverse of ``on_grid``.

        Args:
            values: of some fields.
        """
        return values.flatten(-2)[..., self._number]
