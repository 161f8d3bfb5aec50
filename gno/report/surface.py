"""What of a mesh can be seen: its triangles in 2-D, its outer surface in 3-D."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

from gno.mesh.faces import faces
from gno.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles that cover what is seen of a mesh.

    Args:
        triangles: nodes ``(triangles, 3)``.
        cell: the cell that each belongs to ``(triangles,)``.
    """

    triangles: Int[np.ndarray, "triangles 3"]
    cell: Int[np.ndarray, " triangles"]

    @classmethod
    def of(cls, mesh: Mesh) -> Surface:
        """Triangles of all cells in 2-D, of the outer faces in 3-D; quadrilaterals are split in two.

        Args:
            mesh: any mesh.

        Example:
            >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), {"quad": np.array([[0, 1, 2, 3]])})
            >>> Surface.of(mesh).triangles.tolist()
            [[0, 1, 2], [0, 2, 3]]
        """
        if mesh.dim == 3:
            all_faces = faces(mesh)
            outer = all_faces.neighbor < 0
            return _split(all_faces.nodes[outer], all_faces.owner[outer])
        parts, first = [_split(np.zeros((0, 3), dtype=np.int64), np.zeros(0, dtype=np.int64))], 0
        for cells in mesh.cells.values():
            parts.append(_split(cells, np.arange(first, first + len(cells))))
            first += len(cells)
        return cls(np.concatenate([p.triangles for p in parts]), np.concatenate([p.cell for p in parts]))

    def average(self, values: Shaped[np.ndarray, " nodes"]) -> Float[np.ndarray, " triangles"]:
        """Mean over the corners of each triangle."""
        return np.asarray(values, dtype=np.float64)[self.triangles].mean(axis=1)


def _split(polygons: np.ndarray, cell: np.ndarray) -> Surface:
    if polygons.shape[1] == 3:
        return Surface(polygons, cell)
    order = np.argsort(np.concatenate([np.arange(len(polygons))] * 2), kind="stable")
    triangles = np.concatenate([polygons[:, [0, 1, 2]], polygons[:, [0, 2, 3]]])[order]
    whole = triangles[:, 2] >= 0
    return Surface(triangles[whole], np.repeat(cell, 2)[whole])
