"""The flux of a scalar that diffuses, as an affine map of its values in the cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor

from gno.fv.boundary.outer import Outer
from gno.fv.reconstruction.least_squares import Gradient, least_squares, normal_permeability
from gno.fv.volumes.geometry import Geometry


@dataclass(frozen=True, eq=False)
class DiffusiveFlux:
    r"""The flux density :math:`q = n \cdot K \nabla u` through each face.

    On the side of P the co-normal :math:`K_P n` has the part :math:`\kappa_P = n \cdot K_P n` along the normal. A step
    of :math:`\delta_P / \kappa_P` back along it from the center of the face ends in the plane through P that is
    parallel to the face, off P by :math:`-s_P`; likewise for N:

    .. math::
        s_P = \frac{\delta_P}{\kappa_P} K_P n - (x_f - x_P), \qquad s_N = \frac{\delta_N}{\kappa_N} K_N n - (x_N - x_f)

    With one flux density on both sides the value at the center of the face drops out of
    :math:`q = \kappa_P (u_f - u_P + \nabla u_P \cdot s_P) / \delta_P
    = \kappa_N (u_N - u_f + \nabla u_N \cdot s_N) / \delta_N`:

    .. math::
        q = \frac{u_N - u_P + \nabla u_P \cdot s_P + \nabla u_N \cdot s_N}{\delta_P / \kappa_P + \delta_N / \kappa_N}

    which is exact where u is linear on either side of a face, whatever the jump of K. At an outer face with
    :math:`q = q_0 + h (g - u_f)` the same way gives

    .. math::
        q = \theta \, \frac{\kappa_P}{\delta_P} (g - u_P + \nabla u_P \cdot s_P) + (1 - \theta) \, q_0,
        \qquad \theta = \frac{h}{h + \kappa_P / \delta_P}

    Args:
        geometry: of the cells.
        gradient: the gradient in cells.
        conductance: flux density per difference of values ``(faces,)``.
        slide: ``s_P`` ``(faces, dim)``.
        slide_neighbor: ``s_N`` ``(inner, dim)``.
        outer_value: ``g (outer,)``.
        outer_flux: :math:`(1 - \theta) \, q_0` ``(outer,)``.
        value: ``g`` at the faces that the gradient takes values from.
        flux: :math:`q_0` at those that it takes fluxes from.
    """

    geometry: Geometry
    gradient: Gradient
    conductance: Float[Tensor, " faces"]
    slide: Float[Tensor, "faces dim"]
    slide_neighbor: Float[Tensor, "inner dim"]
    outer_value: Float[Tensor, " outer"]
    outer_flux: Float[Tensor, " outer"]
    value: Float[Tensor, " held"]
    flux: Float[Tensor, " free"]

    @classmethod
    def of(cls, geometry: Geometry, permeability: Float[Tensor, "cells *tensor"], outer: Outer) -> DiffusiveFlux:
        """The flux for a permeability.

        Args:
            geometry: of cells.
            permeability: ``K (cells,)`` or ``(cells, dim, dim)``.
            outer: what holds on the outer faces.

        Raises:
            SolverError: a cell whose faces do not determine a gradient.

        Example:
            >>> from gno.fv.boundary.conditions import Dirichlet
            >>> from gno.fv.volumes.mesh import FVMesh
            >>> from gno.mesh import Mesh
            >>> mesh = FVMesh.of(Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])}))
            >>> outer = Outer.of({"*": Dirichlet(lambda x: 2 * x[:, 0] + x[:, 1])}, mesh.patches, mesh.geometry())
            >>> density = DiffusiveFlux.of(mesh.geometry(), torch.tensor([3.0]).double(), outer)
            >>> density(torch.tensor([3.0]).double()).round(decimals=6).tolist()
            [-3.0, 6.363961, -6.0]
        """
        inner, normal = geometry.num_inner, geometry.normal
        of_p, of_n = normal_permeability(geometry, permeability)
        resistance = geometry.depth / torch.einsum("fd,fd->f", of_p, normal)
        resistance_n = geometry.depth_neighbor / torch.einsum("fd,fd->f", of_n, normal[:inner])
        drop = outer.transfer * resistance[inner:]
        share = torch.where(outer.given, 1.0, drop / (1 + drop))
        held, free = outer.held.nonzero()[:, 0], (~outer.held).nonzero()[:, 0]
        gradient = least_squares(
            geometry, permeability=permeability, value_on=held + inner, flux_on=free + inner, share=share[held]
        )
        return cls(
            geometry,
            gradient,
            conductance=torch.cat([1 / (resistance[:inner] + resistance_n), share / resistance[inner:]]),
            slide=resistance[:, None] * of_p - geometry.to_owner,
            slide_neighbor=resistance_n[:, None] * of_n - geometry.to_neighbor,
            outer_value=outer.value,
            outer_flux=(1 - share) * outer.flux,
            value=outer.value[held],
            flux=outer.flux[free],
        )

    def scaled(self, factor: Float[Tensor, " faces"]) -> DiffusiveFlux:
        """The flux with so many times the conductance in each face; gradients and given fluxes stay as they are.

        Args:
            factor: positive; it may require a gradient.
        """
        return replace(self, conductance=self.conductance * factor)

    def slope(self, u: Float[Tensor, " cells"]) -> Float[Tensor, "cells dim"]:
        """The gradient in each cell."""
        return self.gradient(u, self.value, self.flux)

    def __call__(
        self, u: Float[Tensor, " cells"], slope: Float[Tensor, "cells dim"] | None = None
    ) -> Float[Tensor, " faces"]:
        """The flux density out of the owner's side.

        Args:
            u: values ``(cells,)``.
            slope: their gradient, where it is known.
        """
        p, n, slope = self.geometry.owner, self.geometry.neighbor, self.slope(u) if slope is None else slope
        far = torch.cat([u[n] + torch.einsum("fd,fd->f", slope[n], self.slide_neighbor), self.outer_value])
        density = self.conductance * (far - u[p] + torch.einsum("fd,fd->f", slope[p], self.slide))
        return torch.cat([density[: len(n)], density[len(n) :] + self.outer_flux])

    def two_point(self) -> sparse.csr_array:
        """What leaves the cells ``(cells, cells)`` but for the slides: symmetric, positive semidefinite."""
        g = self.geometry
        weight = self._weight()
        p, n, inner = g.owner.numpy(), g.neighbor.numpy(), weight[: g.num_inner]
        rows, cols = np.concatenate([p, n, p[: len(n)], n]), np.concatenate([p, n, n, p[: len(n)]])
        return self._sparse([weight, inner, -inner, -inner], rows, cols, 1, 1)

    def correction(self) -> sparse.csr_array:
        """What leaves the cells by way of the slides ``(cells, cells)``."""
        g = self.geometry
        inner, (count, dim) = g.num_inner, g.centroid.shape
        weight = self._weight()[:, None]
        by_p, by_n = weight * self.slide.detach().numpy(), weight[:inner] * self.slide_neighbor.detach().numpy()
        p, n, axis = g.owner.numpy(), g.neighbor.numpy(), count * np.arange(dim)
        rows, cols = np.concatenate([p, p[:inner], n, n]), np.concatenate([p, n, p[:inner], n])
        out = self._sparse(
            [-by_p, -by_n, by_p[:inner], by_n], np.repeat(rows, dim), (cols[:, None] + axis).reshape(-1), 1, dim
        )
        row, col, values = (t.detach().numpy() for t in self.gradient.entries())
        slope = self._sparse([values], (row[:, None] + axis).reshape(-1), np.repeat(col, dim), dim, 1)
        return out @ slope

    def _weight(self) -> np.ndarray:
        return (self.geometry.size * self.conductance).detach().numpy()

    def _sparse(
        self, values: list[np.ndarray], rows: np.ndarray, cols: np.ndarray, high: int, wide: int
    ) -> sparse.csr_array:
        n = len(self.geometry.volume)
        data = np.concatenate(values).reshape(-1)
        return sparse.csr_array((data, (rows, cols)), shape=(high * n, wide * n))
