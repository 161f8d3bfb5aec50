"""The gradient of a field given at the nodes: constant on each simplex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.mesh.mesh import Mesh
from gno.mesh.simplices import simplices


@dataclass(frozen=True, eq=False)
class SimplexGradient:
    r"""Gradient of the linear interpolation on the simplices of a mesh.

    .. math::
        \nabla u|_T = E_T^{-1} (u_1 - u_0, \dots, u_d - u_0)^\top, \qquad E_T = (x_1 - x_0, \dots, x_d - x_0)^\top

    Cells that are no simplices are cut into some; simplices without volume are left out.

    Args:
        corners: nodes of the simplices ``(simplices, dim + 1)``.
        inverse: :math:`E_T^{-1}` ``(simplices, dim, dim)``.
        volume: ``(simplices,)``.
    """

    corners: Int[Tensor, "simplices corners"]
    inverse: Float[Tensor, "simplices dim dim"]
    volume: Float[Tensor, " simplices"]

    @classmethod
    def of(cls, mesh: Mesh, dtype: torch.dtype | None = None) -> SimplexGradient:
        """The gradient on a mesh.

        Args:
            mesh: any mesh.
            dtype: type of the fields to come; torch's default type without it.

        Example:
            >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), {"quad": np.array([[0, 1, 2, 3]])})
            >>> SimplexGradient.of(mesh)(torch.tensor([0.0, 3.0, 3.0, 0.0]))
            tensor([[3., 0.],
                    [3., 0.]])
        """
        corners, _, edges = simplices(mesh)
        volume = np.abs(np.linalg.det(edges)) / (2 if mesh.dim == 2 else 6)
        dtype = dtype or torch.get_default_dtype()
        return cls(
            torch.from_numpy(corners),
            torch.from_numpy(np.linalg.inv(edges)).to(dtype),
            torch.from_numpy(volume).to(dtype),
        )

    @property
    def num_bytes(self) -> int:
        """Memory of its tensors."""
        return sum(t.numel() * t.element_size() for t in (self.corners, self.inverse, self.volume))

    def __call__(self, values: Float[Tensor, "nodes *components"]) -> Float[Tensor, "simplices dim *components"]:
        """Gradient ``(simplices, dim, ...)`` of values at the nodes."""
        difference = values[self.corners[:, 1:]] - values[self.corners[:, :1]]
        return torch.einsum("sij,sj...->si...", self.inverse, difference)

    def seminorm(self, values: Float[Tensor, "nodes *components"]) -> Float[Tensor, ""]:
        """Square root of the integral of the squared gradient."""
        square = self(values).square().reshape(len(self.volume), -1).sum(dim=1)
        return (self.volume * square).sum().sqrt()

    def steepest(self, values: Float[Tensor, "nodes *components"]) -> Float[Tensor, ""]:
        """The seminorm of a field that jumps between its extreme magnitudes along every edge: a bound on rounding."""
        slope = self.inverse.square().sum(dim=(1, 2))
        return (self.volume * slope).sum().sqrt() * values.abs().max()
