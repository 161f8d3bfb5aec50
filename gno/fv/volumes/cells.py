"""The cells of a mesh as finite volumes: exact for linear cells, whose quadrilaterals are bilinear patches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.usable import check_cells
from gno.mesh import Mesh, faces

# Two Gauss points an axis integrate cubics exactly; volume and first moment of a bilinear patch are no more than that.
_GAUSS = (0.5 - 0.5 / 3**0.5, 0.5 + 0.5 / 3**0.5)


@dataclass(frozen=True, eq=False)
class Cells:
    """Which nodes span the cells and faces of a mesh; called with their coordinates it gives the geometry.

    Args:
        corners: node numbers ``(n, corners)`` of the cells, by type.
        faces: node numbers ``(faces, 2)`` in 2-D, ``(faces, 4)`` in 3-D; a triangle repeats its last.
        owner: ``(faces,)``.
        neighbor: ``(inner,)``.

    Example:
        >>> import numpy as np
        >>> mesh = Mesh(np.array([[0.0, 0], [2, 0], [0, 2]]), {"triangle": np.array([[0, 1, 2]])})
        >>> Cells.of(mesh)(torch.tensor(mesh.points)).volume.tolist()
        [2.0]
    """

    corners: tuple[Int[Tensor, "_n _corners"], ...]
    faces: Int[Tensor, "faces closed"]
    owner: Int[Tensor, " faces"]
    neighbor: Int[Tensor, " inner"]

    @classmethod
    def of(cls, mesh: Mesh) -> Cells:
        """The cells of a mesh, numbered as they are there."""
        all_faces = faces(mesh)
        corners = tuple(torch.tensor(nodes) for nodes in mesh.cells.values())
        neighbor = torch.tensor(all_faces.neighbor[: all_faces.num_inner])
        return cls(corners, torch.tensor(all_faces.closed), torch.tensor(all_faces.owner), neighbor)

    def middle(self, points: Float[Tensor, "nodes dim"]) -> Float[Tensor, "cells dim"]:
        """Mean of the corners of each cell."""
        return torch.cat([points[nodes].mean(1) for nodes in self.corners])

    def __call__(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        r"""Volumes, centroids, areas.

        .. math::
            V = \frac{1}{d} \oint x \cdot n \, dS, \qquad
            c = \frac{1}{V} \int x \, dV = \frac{1}{(d + 1) V} \oint x \, (x \cdot n) \, dS

        Args:
            points: coordinates of the nodes ``(nodes, dim)``.
        """
        middle, corners = self.middle(points), points[self.faces]
        x, normal = _line(corners) if points.shape[1] == 2 else _patch(corners)
        volume, moment = self._moments(middle, x, normal)
        area = normal.sum(1)
        weight = torch.einsum("fqd,fd->fq", normal, area)
        center = torch.einsum("fq,fqd->fd", weight, x) / weight.sum(1)[:, None]
        shift = torch.zeros_like(area[: len(self.neighbor)])
        return Geometry(self.owner, self.neighbor, volume, middle + moment / volume[:, None], area, center, shift)

    def check(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        """The geometry; coordinates that make a cell inverted, flat or bent are refused, by its number."""
        geometry = self(points)
        check_cells(geometry)
        return geometry

    def _moments(self, middle: Tensor, x: Tensor, normal: Tensor) -> tuple[Tensor, Tensor]:
        """Volume, and first moment about the middle, of each cell."""
        dim, inner = middle.shape[1], len(self.neighbor)
        cell = torch.cat([self.owner, self.neighbor])
        away = torch.cat([x, x[:inner]]) - middle[cell][:, None]
        flux = torch.einsum("fqd,fqd->fq", away, torch.cat([normal, -normal[:inner]]))
        volume = torch.zeros_like(middle[:, 0]).index_add(0, cell, flux.sum(1)) / dim
        moment = torch.zeros_like(middle).index_add(0, cell, torch.einsum("fq,fqd->fd", flux, away)) / (dim + 1)
        return volume, moment


def _line(ends: Tensor) -> tuple[Tensor, Tensor]:
    """Gauss points of lines, and the area vectors that they stand for: ``(faces, 2, 2)``."""
    a, b = ends.unbind(1)
    along = b - a
    normal = torch.stack([along[:, 1], -along[:, 0]], dim=1)
    return torch.stack([a + g * along for g in _GAUSS], dim=1), torch.stack([normal / 2] * 2, dim=1)


def _patch(corners: Tensor) -> tuple[Tensor, Tensor]:
    """Gauss points of bilinear patches, and the area vectors that they stand for: ``(faces, 4, 3)``."""
    a, b, c, d = corners.unbind(1)
    x, normal = [], []
    for u in _GAUSS:
        for v in _GAUSS:
            x.append((1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d)
            along_u, along_v = (1 - v) * (b - a) + v * (c - d), (1 - u) * (d - a) + u * (c - b)
            normal.append(torch.linalg.cross(along_u, along_v) / 4)
    return torch.stack(x, dim=1), torch.stack(normal, dim=1)
