"""What a cell-centered scheme needs of the geometry: where cells lie from their faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from gno.errors import MeshError
from gno.fv.boundary import Condition, OuterFaces, outer_faces
from gno.mesh import Mesh, cell_centroid, cell_volume, face_area, face_centroid, faces


@dataclass(frozen=True, eq=False)
class Stencil:
    r"""Faces of a mesh, with the cell P (owner) and N (neighbor) on their sides and the conditions on the outer ones.

    Args:
        owner: ``P (faces,)``.
        neighbor: ``N (faces,)``, -1 outside; the ``num_inner`` faces between two cells come first.
        num_inner: number of faces between two cells.
        area: ``|S| (faces,)``.
        normal: ``n (faces, dim)`` out of P.
        to_owner: :math:`x_f - x_P` ``(faces, dim)``.
        to_neighbor: :math:`x_N - x_f` ``(num_inner, dim)``.
        volume: ``(cells,)``.
        centroid: ``(cells, dim)``.
        outer: conditions on the outer faces.
    """

    owner: Int[np.ndarray, " faces"]
    neighbor: Int[np.ndarray, " faces"]
    num_inner: int
    area: Float[np.ndarray, " faces"]
    normal: Float[np.ndarray, "faces dim"]
    to_owner: Float[np.ndarray, "faces dim"]
    to_neighbor: Float[np.ndarray, "inner dim"]
    volume: Float[np.ndarray, " cells"]
    centroid: Float[np.ndarray, "cells dim"]
    outer: OuterFaces

    @property
    def num_cells(self) -> int:
        """Number of cells."""
        return len(self.volume)

    @property
    def depth(self) -> Float[np.ndarray, " faces"]:
        r"""Distance :math:`\delta_P = (x_f - x_P) \cdot n` of P from the plane of each face."""
        return np.einsum("fd,fd->f", self.to_owner, self.normal)

    @property
    def depth_neighbor(self) -> Float[np.ndarray, " inner"]:
        r"""Distance :math:`\delta_N = (x_N - x_f) \cdot n` of N from the plane of each inner face."""
        return np.einsum("fd,fd->f", self.to_neighbor, self.normal[: self.num_inner])


def stencil_of(mesh: Mesh, boundary: Mapping[str, Condition]) -> Stencil:
    """The stencil of a mesh.

    Args:
        mesh: a mesh whose cells have their centroid on the inner side of each of their faces.
        boundary: patch to condition.

    Raises:
        MeshError: no cells, or a cell that is inverted, flat, or has its centroid outside.
        ConfigError: conditions that do not fit the mesh.

    Example:
        >>> from gno.fv import Dirichlet
        >>> mesh = Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])})
        >>> stencil_of(mesh, {"*": Dirichlet()}).depth.round(3).tolist()
        [1.0, 0.707, 1.0]
    """
    if mesh.num_cells == 0:
        raise MeshError("the mesh has no cells", why="finite volumes balance what flows into each")
    all_faces, area, center, centroid = faces(mesh), face_area(mesh), face_centroid(mesh), cell_centroid(mesh)
    size = np.linalg.norm(area, axis=1)
    inner = all_faces.num_inner
    with np.errstate(invalid="ignore", divide="ignore"):
        stencil = Stencil(
            all_faces.owner,
            all_faces.neighbor,
            inner,
            size,
            area / size[:, None],
            center - centroid[all_faces.owner],
            centroid[all_faces.neighbor[:inner]] - center[:inner],
            cell_volume(mesh),
            centroid,
            outer_faces(mesh, boundary),
        )
    _check(stencil)
    return stencil


def _check(stencil: Stencil) -> None:
    bad = np.zeros(stencil.num_cells, dtype=bool)
    bad[stencil.owner[~(stencil.depth > 0)]] = True
    bad[stencil.neighbor[: stencil.num_inner][~(stencil.depth_neighbor > 0)]] = True
    bad |= ~(stencil.volume > 0)
    if bad.any():
        raise MeshError(
            f"{int(bad.sum())} cells cannot be used: the first is cell {int(np.argmax(bad))}",
            why="it is inverted, flat, or so bent that its centroid lies outside",
            fix="run gno check on the mesh, and mesh that place anew",
        )
