"""Periodic meshes: the outer faces of two patches, one a translation of the other, become faces between two cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import cKDTree
from torch import Tensor

from gno.errors import ConfigError, MeshError
from gno.fv.volumes.cells import Cells
from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.patches import check_patch
from gno.fv.volumes.usable import check_cells
from gno.mesh import Mesh, face_area, face_centroid, faces

_SAME = 1e-6
"""Centers of joined faces may differ by this times the size of the faces."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Cells of which some outer faces are joined; called with the coordinates of the nodes it gives the geometry.

    The nodes of joined patches have to move together.

    Args:
        cells: the cells and all their faces.
        rows: the faces ``(faces,)`` that remain, by their numbers before: between cells, joined, outer.
        joined: ``(2, pairs)``: the joined faces, and those that they are joined to.
    """

    cells: Cells
    rows: Int[Tensor, " faces"]
    joined: Int[Tensor, "2 pairs"]

    @classmethod
    def of(cls, mesh: Mesh, patches: Mapping[str, np.ndarray], partners: Mapping[str, str]) -> Joined:
        """The cells of a mesh, joined.

        Args:
            mesh: any mesh.
            patches: name to the faces of each patch.
            partners: names of the patches that are joined.

        Raises:
            ConfigError: a patch that is not in the mesh, or joined twice.
            MeshError: a face without partner.
        """
        _check_names(patches, partners)
        pairs = [_match(mesh, patches, first, second) for first, second in partners.items()]
        joined = np.concatenate(pairs, axis=1)
        inner = faces(mesh).num_inner
        outer = np.setdiff1d(np.arange(inner, len(faces(mesh))), joined)
        rows = np.concatenate([np.arange(inner), joined[0], outer])
        return cls(Cells.of(mesh), torch.tensor(rows), torch.tensor(joined))

    @property
    def owner(self) -> Int[Tensor, " faces"]:
        """The cell that the normal of each face points out of."""
        return self.cells.owner[self.rows]

    @property
    def neighbor(self) -> Int[Tensor, " inner"]:
        """The cell on the other side of each face that is no outer one."""
        return torch.cat([self.cells.neighbor, self.cells.owner[self.joined[1]]])

    def __call__(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        """Volumes, centroids, areas, and the shift over each joined face.

        Args:
            points: coordinates of the nodes ``(nodes, dim)``.
        """
        apart = self.cells(points)
        shift = torch.cat([apart.shift, apart.center[self.joined[0]] - apart.center[self.joined[1]]])
        area, center = apart.area[self.rows], apart.center[self.rows]
        return Geometry(self.owner, self.neighbor, apart.volume, apart.centroid, area, center, shift)

    def check(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        """The geometry; coordinates that make a cell inverted, flat or bent are refused, by its number."""
        geometry = self(points)
        check_cells(geometry)
        return geometry

    def number(self, faces_before: np.ndarray) -> np.ndarray:
        """Numbers of outer faces that are not joined, from their numbers before."""
        outer = self.rows[len(self.neighbor) :].numpy()
        return len(self.neighbor) + np.searchsorted(outer, faces_before)


def _check_names(patches: Mapping[str, np.ndarray], partners: Mapping[str, str]) -> None:
    names = [name for pair in partners.items() for name in pair]
    for name in names:
        check_patch(name, patches)
        if names.count(name) > 1:
            raise ConfigError(f"patch {name!r} is joined twice", fix="name each pair of patches once")


def _match(mesh: Mesh, patches: Mapping[str, np.ndarray], first: str, second: str) -> np.ndarray:
    """Pairs of faces, in the order of the first patch."""
    rows, others = patches[first], patches[second]
    center, area, nodes = face_centroid(mesh), face_area(mesh), faces(mesh).closed
    (low, high), (low_other, high_other) = (
        (mesh.points[nodes[r]].min((0, 1)), mesh.points[nodes[r]].max((0, 1))) for r in (rows, others)
    )
    offset = (low_other + high_other - low - high) / 2
    size = np.linalg.norm(area[rows], axis=1)
    apart, nearest = cKDTree(center[others]).query(center[rows] + offset)
    partner = others[nearest]
    fits = apart <= _SAME * size ** (1 / (mesh.dim - 1))
    fits &= np.linalg.norm(area[rows] + area[partner], axis=1) <= _SAME * size
    lonely = rows[~fits] if not fits.all() else np.setdiff1d(others, partner)
    if len(lonely):
        at = ", ".join(f"{x:.6g}" for x in center[lonely[0]])
        raise MeshError(
            f"face {lonely[0]} at ({at}) of patch {(second if fits.all() else first)!r} has no partner",
            why=f"{len(rows)} faces of {first!r} and {len(others)} of {second!r} are not translations of each other",
            fix="mesh both patches alike",
        )
    return np.stack([rows, partner])
