"""Several meshes as one that falls apart: what is solved on it is solved on each of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import MeshError
from gno.fv.volumes.geometry import Geometry, Shape


@dataclass(frozen=True, eq=False)
class Batch:
    """Meshes side by side: nodes and cells of each follow those of the one before; all inner faces come first.

    Args:
        parts: what computes the geometry of each.
        nodes: number of nodes of each.
        cells: number of cells of each.
    """

    parts: tuple[Shape, ...]
    nodes: tuple[int, ...]
    cells: tuple[int, ...]

    @property
    def owner(self) -> Int[Tensor, " faces"]:
        """The cell that the normal of each face points out of."""
        return self._faces([cell + first for cell, first in zip((s.owner for s in self.parts), self._first_cell())])

    @property
    def neighbor(self) -> Int[Tensor, " inner"]:
        """The cell on the other side of each inner face."""
        return torch.cat([s.neighbor + first for s, first in zip(self.parts, self._first_cell())])

    def __call__(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        """Volumes, centroids, areas.

        Args:
            points: coordinates of the nodes of all meshes ``(nodes, dim)``.
        """
        return self._join([shape(x) for shape, x in zip(self.parts, points.split(self.nodes))])

    def check(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        """The geometry; coordinates with which cells of a mesh cannot be used are refused, by its number."""
        each = []
        for number, (shape, x) in enumerate(zip(self.parts, points.split(self.nodes))):
            try:
                each.append(shape.check(x))
            except MeshError as error:
                raise MeshError(f"in mesh {number} of the batch {error.what}", why=error.why, fix=error.fix) from error
        return self._join(each)

    def _join(self, each: Sequence[Geometry]) -> Geometry:
        volume, centroid, shift = (
            torch.cat([getattr(g, name) for g in each]) for name in ("volume", "centroid", "shift")
        )
        area, center = (self._faces([getattr(g, name) for g in each]) for name in ("area", "center"))
        return Geometry(self.owner, self.neighbor, volume, centroid, area, center, shift)

    def numbers(self, faces: Sequence[Int[Tensor, " _faces"]]) -> Int[Tensor, " all"]:
        """Numbers of outer faces, from their numbers in each mesh."""
        first = sum(len(s.neighbor) for s in self.parts)
        numbers = []
        for shape, rows in zip(self.parts, faces):
            numbers.append(rows - len(shape.neighbor) + first)
            first += len(shape.owner) - len(shape.neighbor)
        return torch.cat(numbers)

    def _first_cell(self) -> list[int]:
        return [sum(self.cells[:number]) for number in range(len(self.cells))]

    def _faces(self, each: Sequence[Tensor]) -> Tensor:
        """Values of the faces of every mesh, inner ones first."""
        inner = [len(s.neighbor) for s in self.parts]
        return torch.cat([*(v[:n] for v, n in zip(each, inner)), *(v[n:] for v, n in zip(each, inner))])
