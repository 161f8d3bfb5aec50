"""The fine medium around each face of a coarse mesh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial import cKDTree
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.volumes.geometry import Geometry
from gno.mesh.geometry import cell_centroid
from gno.mesh.mesh import Mesh

ALONG, ACROSS = 1.0, 0.9
"""How far a patch reaches from the center of its face along the normal, and along the face, in lengths of the face."""


class FacePatches(NamedTuple):
    r"""What a coarse face sees of the fine medium, in its own frame: lengths are in those of the face.

    Axis 1 of ``medium`` runs along the normal, from the owner P to the neighbor N, axis 2 along the face. An outer face
    sees the medium mirrored behind it.

    Args:
        medium: logarithm of the coefficient on a lattice of points, less its mean ``(faces, n, n)``.
        places: where the two centroids are ``(faces, 4)``: normal and tangential coordinate of P, then of N.
        outer: 1 at outer faces, else 0 ``(faces, 1)``.
    """

    medium: Float[Tensor, "faces n n"]
    places: Float[Tensor, "faces 4"]
    outer: Float[Tensor, "faces 1"]

    @classmethod
    def of(cls, mesh: Mesh, medium: Float[np.ndarray, " cells"], at: Geometry, points: int) -> FacePatches:
        """Sample the medium around all faces, each point in the nearest fine cell.

        Args:
            mesh: the fine mesh.
            medium: logarithm of the coefficient of its cells.
            at: geometry of the cells of the coarse mesh.
            points: of the lattice, along each axis.

        Raises:
            ConfigError: a mesh in three dimensions.
        """
        if mesh.dim != 2:
            raise ConfigError("the mesh is 3-D", why="the medium around a face is seen in two dimensions")
        normal, size = at.normal, at.size
        tangent = torch.stack([-normal[:, 1], normal[:, 0]], dim=1)
        middle = (torch.arange(points, dtype=size.dtype) + 0.5) / points * 2 - 1
        along, across = (ALONG * middle).expand(len(size), -1), ACROSS * middle
        outer = (torch.arange(len(size)) >= at.num_inner)[:, None]
        along = torch.where(outer, -along.abs(), along)
        offset = along[:, :, None, None] * normal[:, None, None] + across[:, None] * tangent[:, None, None]
        spots = (at.center[:, None, None] + size[:, None, None, None] * offset).reshape(-1, 2)
        seen = medium[cKDTree(cell_centroid(mesh)).query(spots.numpy())[1]].reshape(len(size), points, points)
        own = _coordinates(-at.to_owner, normal, tangent) / size[:, None]
        other = own * own.new_tensor([-1.0, 1.0])
        inner = slice(at.num_inner)
        other[inner] = _coordinates(at.to_neighbor, normal[inner], tangent[inner]) / size[inner, None]
        found = torch.from_numpy(seen - seen.mean(axis=(1, 2), keepdims=True))
        return cls(found, torch.cat([own, other], dim=1), outer.to(size))

    def exchanged(self) -> FacePatches:
        """The same as the neighbor sees it: turned half around, with owner and neighbor exchanged."""
        return FacePatches(self.medium.flip(1, 2), -self.places.roll(2, dims=1), self.outer)

    def mirrored(self) -> FacePatches:
        """The same in a mirror along the normal."""
        sign = self.places.new_tensor([1.0, -1.0, 1.0, -1.0])
        return FacePatches(self.medium.flip(2), sign * self.places, self.outer)


def _coordinates(
    offset: Float[Tensor, "faces 2"], normal: Float[Tensor, "faces 2"], tangent: Float[Tensor, "faces 2"]
) -> Float[Tensor, "faces 2"]:
    return torch.stack([(offset * axis).sum(dim=1) for axis in (normal, tangent)], dim=1)
