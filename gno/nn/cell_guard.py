"""What keeps the cells of a mesh whose nodes move from turning over."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.errors import ConfigError, MeshError
from gno.mesh.mesh import Mesh

CORNERS: dict[str, tuple[tuple[int, ...], ...]] = {
    "triangle": ((0, 1, 2),),
    "quad": ((0, 1, 3), (1, 2, 0), (2, 3, 1), (3, 0, 2)),
    "tetra": ((0, 1, 2, 3),),
}
"""Simplices at the corners of each cell type: while all of them keep their orientation, the cell is valid."""
_HALVINGS = 20


class CellGuard(nn.Module):
    r"""A barrier about the meshes whose cells are valid, and a limit on steps that would leave them.

    With :math:`J_c` the Jacobian of the map from where the corner ``c`` of a cell stood to where it stands,

    .. math::
        B(x) = \frac{1}{C} \sum_c \tfrac12 \left( \|J_c\|^2 + \|J_c^{-1}\|^2 \right) - d

    It is smooth, 0 where the mesh was only moved as a whole, and infinite before any cell is flat. A step is halved at
    the nodes of those cells that it would shrink to less than a ``share`` of their size, until there are none.

    Source: the energy, symmetric Dirichlet: Smith & Schaefer 2015, ACM TOG 34(4), 70, equation 5.

    Args:
        mesh: triangles, quads or tetrahedra as they are to begin with; quads must be convex.
        share: of its size that each corner keeps in a step, in (0, 1).

    Raises:
        MeshError: other cells, or one that is inverted, flat or not convex.
        ConfigError: a share that cannot be.

    Example:
        >>> from gno.mesh import shapes
        >>> mesh = shapes.square(0.5)
        >>> guard, x = CellGuard(mesh), torch.tensor(mesh.points)
        >>> bool(guard(x).abs() < 1e-12), bool(guard(2 * x) > 1)
        (True, True)
    """

    inverse: Tensor
    nodes: Tensor
    cell: Tensor

    def __init__(self, mesh: Mesh, share: float = 0.2) -> None:
        super().__init__()
        if not 0 < share < 1:
            raise ConfigError(f"share is {share}", why="it must lie between 0 and 1")
        unknown = [kind for kind in mesh.cells if kind not in CORNERS]
        if unknown or not mesh.num_cells:
            raise MeshError(
                f"cells of type {unknown[0]!r} cannot be guarded" if unknown else "the mesh has no cells",
                why=f"only {', '.join(CORNERS)} can",
            )
        self.share = share
        nodes, cell = _corners(mesh)
        matrix = _edges(torch.from_numpy(mesh.points), nodes)
        bad = torch.linalg.det(matrix) <= 0
        if bool(bad.any()):
            raise MeshError(
                f"cell {int(cell[bad][0])} is inverted, flat or not convex", why="it has no shape to be kept"
            )
        for name, value in (("inverse", torch.linalg.inv(matrix)), ("nodes", nodes), ("cell", cell)):
            self.register_buffer(name, value, persistent=False)

    def forward(self, points: Float[Tensor, "nodes dim"]) -> Float[Tensor, ""]:
        """The barrier.

        Args:
            points: coordinates of the nodes.

        Raises:
            MeshError: a cell that is inverted or flat already.
        """
        self.check(points)
        jacobian = self._jacobian(points)
        square = jacobian.square().sum(dim=(1, 2)) + torch.linalg.inv(jacobian).square().sum(dim=(1, 2))
        return square.mean() / 2 - points.shape[1]

    def sizes(self, points: Float[Tensor, "nodes dim"]) -> Float[Tensor, " corners"]:
        """Size of each corner over the one it had; negative where it is inverted.

        Args:
            points: coordinates of the nodes.
        """
        return torch.linalg.det(self._jacobian(points))

    @torch.no_grad()
    def check(self, points: Float[Tensor, "nodes dim"]) -> None:
        """Refuse a mesh with cells that are inverted or flat.

        Args:
            points: coordinates of the nodes.

        Raises:
            MeshError: there is one; it is named.
        """
        sizes = self.sizes(points)
        bad = ~(sizes > 0)
        if bool(bad.any()):
            worst = int(torch.where(bad, sizes.nan_to_num(-torch.inf), torch.inf).argmin())
            raise MeshError(
                f"cell {int(self.cell[worst])} is turned over",
                why=f"a corner has {float(sizes[worst]):.3g} times the size it had; so have {int(bad.sum()) - 1} others"
                " one below 0",
                fix="move the nodes less at a time, as CellGuard.limited does",
            )

    @torch.no_grad()
    def limited(self, old: Float[Tensor, "nodes dim"], new: Float[Tensor, "nodes dim"]) -> Float[Tensor, "nodes dim"]:
        """Where the nodes come to if no corner may shrink to less than its share in one step.

        Args:
            old: coordinates before the step, with valid cells.
            new: where they would go.

        Raises:
            MeshError: a cell that is inverted already, or coordinates that are not finite.
        """
        self.check(old)
        finite = new.isfinite().all(dim=1)
        if not bool(finite.all()):
            raise MeshError(f"node {int((~finite).nonzero()[0])} would move to a place that is not finite")
        least, part = self.share * self.sizes(old), torch.ones_like(old[:, :1])
        for halving in range(_HALVINGS + len(old)):
            moved = torch.where(part == 1, new, old + part * (new - old))
            bad = self.sizes(moved) < least
            if not bool(bad.any()):
                return moved
            held = torch.unique(self.nodes[bad])
            part[held] = part[held] / 2 if halving < _HALVINGS else 0.0
        return old

    def extra_repr(self) -> str:
        """What is printed of it."""
        return f"corners={len(self.nodes)}, share={self.share}"

    def _jacobian(self, points: Tensor) -> Float[Tensor, "corners dim dim"]:
        return _edges(points, self.nodes) @ self.inverse.to(points.dtype)


def _edges(points: Tensor, nodes: Tensor) -> Tensor:
    """Edges out of the first node of each corner, as columns."""
    return (points[nodes[:, 1:]] - points[nodes[:, :1]]).mT


def _corners(mesh: Mesh) -> tuple[Int[Tensor, "corners simplex"], Int[Tensor, " corners"]]:
    """Nodes of each corner, and the cell that it belongs to."""
    nodes, cell, first = [], [], 0
    for kind, cells in mesh.cells.items():
        for corner in CORNERS[kind]:
            nodes.append(cells[:, list(corner)])
            cell.append(first + np.arange(len(cells)))
        first += len(cells)
    return torch.from_numpy(np.concatenate(nodes).astype(np.int64)), torch.from_numpy(np.concatenate(cell))
