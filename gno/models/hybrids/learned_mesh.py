"""A coarse mesh whose inner nodes are learned."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError
from gno.mesh.faces import edges, outer_nodes
from gno.mesh.mesh import Mesh
from gno.nn.cell_guard import CellGuard


class LearnedMesh(nn.Module):
    r"""Nodes that are moved inside the domain by a learned displacement, in units of the shortest edge at each.

    .. math::
        x_i = x_i^0 + h_i \, z_i, \qquad z_i = 0 \text{ on the boundary}

    So one learning rate suits all: near a wall a node moves as many times less as its edges are shorter. ``CellGuard``
    keeps the cells valid.

    Source: Belbute-Peres et al. 2020, arXiv 2007.04439, section 3.3, which learns coordinates and restores cells.

    Args:
        mesh: as it is to begin with.
        learned: whether the nodes move at all.
        barrier: weight of the guard's barrier in the loss.

    Raises:
        MeshError: cells that cannot be guarded.
        ConfigError: a weight below 0.

    Example:
        >>> from gno.mesh import shapes
        >>> learned = LearnedMesh(shapes.square(0.25))
        >>> learned.points().shape == (learned.mesh.num_points, 2), float(learned.penalty().detach()) < 1e-9
        (True, True)
    """

    start: Tensor
    free: Tensor
    length: Tensor

    def __init__(self, mesh: Mesh, *, learned: bool = True, barrier: float = 1e-3) -> None:
        super().__init__()
        if not barrier >= 0:
            raise ConfigError(f"barrier is {barrier}", why="a weight in the loss is not negative")
        self.mesh, self.barrier, self.guard = mesh, barrier, CellGuard(mesh)
        free = np.setdiff1d(np.arange(mesh.num_points), outer_nodes(mesh))
        tensors = {"start": mesh.points, "free": free, "length": _shortest(mesh)[free]}
        for name, values in tensors.items():
            self.register_buffer(name, torch.from_numpy(np.array(values)), persistent=False)
        zero = torch.zeros(len(free), mesh.dim, dtype=torch.float64)
        self.displacement = nn.Parameter(zero, requires_grad=learned)

    def points(self) -> Float[Tensor, "nodes dim"]:
        """Coordinates of all nodes, in double precision."""
        moved = self.length.double()[:, None] * self.displacement.double()
        return self.start.double().index_add(0, self.free, moved)

    def penalty(self) -> Float[Tensor, ""]:
        """The barrier, with its weight, as a part of the loss.

        Raises:
            MeshError: a cell that is turned over.
        """
        return self.barrier * self.guard(self.points())

    @torch.no_grad()
    def settle(self, before: Float[Tensor, "free dim"]) -> None:
        """Take back of the last step what would turn cells over.

        Args:
            before: the displacement before the step.
        """
        own, after = self.displacement, self.displacement.clone()
        own.copy_(before)
        old = self.points()
        own.copy_(after)
        new = self.points()
        kept = self.guard.limited(old, new)
        cut = (kept != new).any(dim=1)[self.free]
        own[cut] = ((kept - self.start.double())[self.free] / self.length.double()[:, None])[cut].to(own.dtype)

    def moved(self) -> Mesh:
        """The mesh as it has been learned."""
        return Mesh(self.points().detach().cpu().numpy(), self.mesh.cells, self.mesh.boundary)


def _shortest(mesh: Mesh) -> np.ndarray:
    """Length of the shortest edge at each node."""
    i, j = edges(mesh).T
    length = np.linalg.norm(mesh.points[i] - mesh.points[j], axis=1)
    result = np.full(mesh.num_points, np.inf)
    np.minimum.at(result, i, length)
    np.minimum.at(result, j, length)
    return result


def learned_meshes(module: nn.Module) -> list[LearnedMesh]:
    """The meshes in a module whose nodes are learned.

    Args:
        module: any module.

    Example:
        >>> learned_meshes(nn.Linear(1, 1))
        []
    """
    return [m for m in module.modules() if isinstance(m, LearnedMesh) and m.displacement.requires_grad]
