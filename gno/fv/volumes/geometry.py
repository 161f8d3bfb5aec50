"""Geometry of finite volumes, as tensors that may be differentiated in the coordinates of the nodes."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Geometry(NamedTuple):
    r"""Volumes, and the faces between a cell P (owner) and a cell N (neighbor); the faces between two cells come first.

    Args:
        owner: ``P (faces,)``.
        neighbor: ``N (inner,)``.
        volume: ``V (cells,)``, an area in 2-D.
        centroid: where the unknown of a cell lies ``(cells, dim)``.
        area: area vector ``S (faces, dim)`` out of the owner, a length in 2-D.
        center: :math:`x_f` ``(faces, dim)``, where a field is taken for its flux through the face.
        shift: ``(inner, dim)``: what moves N to its place beside the face; zero but for faces joined periodically.

    Example:
        >>> import numpy as np
        >>> from gno.fv.volumes.mesh import FVMesh
        >>> from gno.mesh import Mesh
        >>> mesh = Mesh(np.array([[0.0, 0], [2, 0], [0, 2]]), {"triangle": np.array([[0, 1, 2]])})
        >>> geometry = FVMesh.of(mesh).geometry()
        >>> geometry.volume.tolist(), geometry.depth.round(decimals=3).tolist()
        ([2.0], [0.667, 0.471, 0.667])
    """

    owner: Int[Tensor, " faces"]
    neighbor: Int[Tensor, " inner"]
    volume: Float[Tensor, " cells"]
    centroid: Float[Tensor, "cells dim"]
    area: Float[Tensor, "faces dim"]
    center: Float[Tensor, "faces dim"]
    shift: Float[Tensor, "inner dim"]

    @property
    def num_inner(self) -> int:
        """Number of faces between two cells."""
        return len(self.neighbor)

    @property
    def size(self) -> Float[Tensor, " faces"]:
        """:math:`|S|`."""
        return torch.linalg.vector_norm(self.area, dim=1)

    @property
    def normal(self) -> Float[Tensor, "faces dim"]:
        """:math:`n = S / |S|`."""
        return self.area / self.size[:, None]

    @property
    def to_owner(self) -> Float[Tensor, "faces dim"]:
        """:math:`x_f - x_P`."""
        return self.center - self.centroid[self.owner]

    @property
    def to_neighbor(self) -> Float[Tensor, "inner dim"]:
        """:math:`x_N - x_f`."""
        return self.centroid[self.neighbor] + self.shift - self.center[: self.num_inner]

    @property
    def along(self) -> Float[Tensor, "inner dim"]:
        """:math:`x_N - x_P`."""
        return self.centroid[self.neighbor] + self.shift - self.centroid[self.owner[: self.num_inner]]

    @property
    def depth(self) -> Float[Tensor, " faces"]:
        r"""Distance :math:`\delta_P = (x_f - x_P) \cdot n` of P from the plane of each face."""
        return torch.einsum("fd,fd->f", self.to_owner, self.normal)

    @property
    def depth_neighbor(self) -> Float[Tensor, " inner"]:
        r"""Distance :math:`\delta_N = (x_N - x_f) \cdot n` of N from the plane of each inner face."""
        return torch.einsum("fd,fd->f", self.to_neighbor, self.normal[: self.num_inner])

    def outflow(self, flux: Float[Tensor, "faces *rest"]) -> Float[Tensor, "cells *rest"]:
        r"""What leaves each cell, :math:`\sum_f \pm F_f`.

        Args:
            flux: ``F (faces, ...)`` through each face out of its owner.
        """
        total = flux.new_zeros(len(self.volume), *flux.shape[1:]).index_add(0, self.owner, flux)
        return total.index_add(0, self.neighbor, -flux[: self.num_inner])


@runtime_checkable
class Shape(Protocol):
    """Which nodes span which volumes and faces; called with coordinates it gives the geometry."""

    @property
    def owner(self) -> Int[Tensor, " faces"]:
        """The cell that the normal of each face points out of."""

    @property
    def neighbor(self) -> Int[Tensor, " inner"]:
        """The cell on the other side of each of the first faces."""

    def __call__(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        """The geometry for coordinates of the nodes."""

    def check(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        """The geometry; coordinates with which cells cannot be used are refused."""
