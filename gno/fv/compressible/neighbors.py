"""The nodes that a node sees: those at the other ends of its edges."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.linear.pattern import SparsePattern
from gno.fv.reconstruction.least_squares import coefficients
from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.mesh import FVMesh


class Neighbors:
    """Pattern of nodes and their neighbors.

    Args:
        mesh: a median dual.
    """

    def __init__(self, mesh: FVMesh) -> None:
        p, n = mesh.owner[: mesh.num_inner], mesh.neighbor
        rows, cols = torch.cat([p, n, p, n]), torch.cat([n, p, p, n])
        self.pattern, self.position = SparsePattern.of(rows, cols, mesh.num_cells)

    def gradient(self, geometry: Geometry) -> Float[Tensor, "entries dim"]:
        """Coefficients of gradients by least squares.

        Args:
            geometry: of the mesh.
        """
        along, p, n = geometry.along, geometry.owner[: geometry.num_inner], geometry.neighbor
        rows = coefficients(torch.cat([p, n]), torch.cat([along, -along]), len(geometry.volume))
        return self.pattern.values(torch.cat([rows, -rows]), self.position, dim=0)
