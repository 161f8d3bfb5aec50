"""A mesh as flat arrays, the way VTKHDF stores it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from gno.datasets.digest import as_float64, digest
from gno.errors import DataError, MeshError
from gno.mesh.mesh import CORNERS, Mesh

VTK_TYPE = {"triangle": 5, "quad": 9, "tetra": 10, "hexahedron": 12, "wedge": 13, "pyramid": 14}
"""VTK's number of each cell type."""
TYPE_NAME = {number: name for name, number in VTK_TYPE.items()}
ARRAYS = {
    "points": "VTKHDF/Points",
    "connectivity": "VTKHDF/Connectivity",
    "types": "VTKHDF/Types",
    "facets": "gno/boundary/facets",
}
"""Array of a mesh to where it stands in a file."""
CORNERS_OF_TYPE = np.zeros(256, dtype=np.int64)
for _name, _number in VTK_TYPE.items():
    CORNERS_OF_TYPE[_number] = CORNERS[_name]


@dataclass(frozen=True, eq=False)
class PackedMesh:
    """The arrays of one mesh.

    Args:
        dim: 2 or 3.
        points: ``(nodes, 3)``; z is 0 in 2-D.
        connectivity: corners of all cells, one after another.
        types: VTK type number of each cell; cells of one type stand together.
        facets: ``(facets, 2)`` in 2-D, ``(facets, 4)`` in 3-D with -1 behind triangles.
        facet_counts: facets of each patch.
        patches: name of each patch.
    """

    dim: int
    points: np.ndarray
    connectivity: np.ndarray
    types: np.ndarray
    facets: np.ndarray
    facet_counts: np.ndarray
    patches: tuple[str, ...]

    @classmethod
    def pack(cls, mesh: Mesh) -> PackedMesh:
        """Flatten a mesh."""
        points = np.zeros((mesh.num_points, 3))
        points[:, : mesh.dim] = mesh.points
        types = [np.full(len(c), VTK_TYPE[t], dtype=np.uint8) for t, c in mesh.cells.items()]
        corners = [c.ravel() for c in mesh.cells.values()]
        width = 2 if mesh.dim == 2 else 4
        facets = [_widened(f, width) for f in mesh.boundary.values()]
        return cls(
            mesh.dim,
            points,
            np.concatenate([np.zeros(0, np.int64), *corners]),
            np.concatenate([np.zeros(0, np.uint8), *types]),
            np.concatenate([np.zeros((0, width), np.int64), *facets]),
            np.array([len(f) for f in facets], dtype=np.int64),
            tuple(mesh.boundary),
        )

    def unpack(self) -> Mesh:
        """The mesh of these arrays.

        Raises:
            DataError: arrays that do not belong together.
        """
        counts = CORNERS_OF_TYPE[self.types]
        starts = np.flatnonzero(np.diff(self.types.astype(np.int64), prepend=-1))
        kinds = [TYPE_NAME.get(int(self.types[s]), "") for s in starts]
        if "" in kinds or len(set(kinds)) < len(kinds) or counts.sum() != len(self.connectivity):
            raise DataError(
                f"cells of types {sorted({int(t) for t in self.types})} with {len(self.connectivity)} corners",
                why=f"these types need {counts.sum()} corners, known types, and cells sorted by type",
                fix="write the dataset again with gno",
            )
        ends = np.append(starts[1:], len(self.types))
        last = np.cumsum(counts)
        cells = {
            kind: self.connectivity[last[a] - counts[a] : last[b - 1]].reshape(-1, CORNERS[kind])
            for kind, a, b in zip(kinds, starts, ends, strict=True)
        }
        parts = np.split(self.facets, np.cumsum(self.facet_counts)[:-1]) if self.patches else []
        boundary = {name: _narrowed(f) for name, f in zip(self.patches, parts, strict=True)}
        try:
            return Mesh(self.points[:, : self.dim], cells, boundary)
        except MeshError as error:
            raise DataError(error.what, why=error.why, fix=error.fix) from error

    def digest(self, static: dict[str, np.ndarray] | None = None) -> bytes:
        """SHA-256 of the mesh and of the static fields on it."""
        arrays = self.arrays | {"facet_counts": self.facet_counts}
        return digest(json.dumps([self.dim, *self.patches]), arrays | as_float64(static or {}))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Name to each of the arrays that a file has end to end for all its meshes."""
        return {name: getattr(self, name) for name in ARRAYS}


def _widened(facets: np.ndarray, width: int) -> np.ndarray:
    if len(facets) == 0:
        return np.zeros((0, width), dtype=np.int64)
    return np.pad(facets, ((0, 0), (0, width - facets.shape[1])), constant_values=-1)


def _narrowed(facets: np.ndarray) -> np.ndarray:
    if facets.shape[1] == 4 and (facets[:, 3] == -1).all():
        return facets[:, :3]
    return facets
