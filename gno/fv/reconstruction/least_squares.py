"""Gradients in cells by least squares, exact for fields that are linear on each side of a jump of the coefficient."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.volumes.geometry import Geometry

_LINE = 1e-12
"""Determinant, over that of a ball of the same trace, below which directions lie on a line or in a plane."""


class Gradient(NamedTuple):
    r"""The gradient of a field as an affine map of its values in the cells.

    .. math::
        \nabla u_P = \sum_{N} C_{PN} \, (u_N - u_P) + \sum_{b} C_b \, (g_b - u_P) + \sum_{b} C_b \, \delta_b q_b

    Args:
        cell: ``P (pairs,)``: both cells at each inner face in turn.
        other: ``N (pairs,)``.
        coefficient: ``C (pairs, dim)``.
        value_cell: the cell ``(values,)`` at each face where the value ``g`` is given.
        value_coefficient: ``(values, dim)``.
        flux_cell: the cell ``(fluxes,)`` at each face where the flux ``q`` is given.
        flux_coefficient: with the distance :math:`\delta` already in it ``(fluxes, dim)``.
        num_cells: number of cells.
    """

    cell: Int[Tensor, " pairs"]
    other: Int[Tensor, " pairs"]
    coefficient: Float[Tensor, "pairs dim"]
    value_cell: Int[Tensor, " values"]
    value_coefficient: Float[Tensor, "values dim"]
    flux_cell: Int[Tensor, " fluxes"]
    flux_coefficient: Float[Tensor, "fluxes dim"]
    num_cells: int

    def __call__(
        self,
        u: Float[Tensor, "cells *rest"],
        value: Float[Tensor, "values *rest"] | None = None,
        flux: Float[Tensor, "fluxes *rest"] | None = None,
    ) -> Float[Tensor, "cells *rest dim"]:
        """The gradient of a field, in each cell.

        Args:
            u: values ``(cells, ...)``.
            value: ``g (values, ...)``; zero if it is not given.
            flux: ``q (fluxes, ...)``; zero if it is not given.
        """
        at_value = u[self.value_cell]
        parts = [
            (self.cell, self.coefficient, u[self.other] - u[self.cell]),
            (self.value_cell, self.value_coefficient, -at_value if value is None else value - at_value),
        ]
        if flux is not None:
            parts.append((self.flux_cell, self.flux_coefficient, flux))
        total = u.new_zeros(*u.shape, self.coefficient.shape[1])
        for cell, coefficient, difference in parts:
            wide = coefficient.reshape(len(cell), *[1] * (u.ndim - 1), total.shape[-1])
            total = total.index_add(0, cell, wide * difference[..., None])
        return total

    def entries(self) -> tuple[Int[Tensor, " all"], Int[Tensor, " all"], Float[Tensor, "all dim"]]:
        """Rows, columns and values of the sparse matrices, one per axis, of its linear part; pairs may repeat."""
        diagonal = torch.cat([self.cell, self.value_cell])
        values = torch.cat([self.coefficient, -self.coefficient, -self.value_coefficient])
        return torch.cat([self.cell, diagonal]), torch.cat([self.other, diagonal]), values


def least_squares(
    geometry: Geometry,
    *,
    permeability: Tensor | None = None,
    value_on: Int[Tensor, " values"] | None = None,
    flux_on: Int[Tensor, " fluxes"] | None = None,
    share: Float[Tensor, " values"] | None = None,
) -> Gradient:
    r"""Least squares over the faces of each cell; differentiable in the geometry and the permeability.

    A neighbor N of the cell P adds :math:`u_N - u_P = \nabla u_P \cdot d^*`. The tangential derivatives and
    :math:`q = n \cdot K \nabla u` are continuous at the face, so the gradient of N is that of P plus a multiple of the
    normal, which gives

    .. math::
        d^* = (x_N - x_P) + \frac{(x_N - x_f) \cdot n}{n \cdot K_N n} \, (K_P - K_N)^T n

    A face with a given value adds :math:`g - u_P = \nabla u_P \cdot (x_f - x_P)`, one with a given flux
    :math:`\delta_P q / (n \cdot K n) = \nabla u_P \cdot \delta_P K^T n / (n \cdot K n)`, any other outer face nothing.
    Where the value holds through a resistance (``Robin``) the row is a mean of both, :math:`\theta` of the first and
    :math:`1 - \theta` of the second with no flux. Rows weigh in by the inverse of their length.

    Args:
        geometry: of cells, or of a median dual; the unknowns of a dual lie on the boundary, which adds nothing there.
        permeability: ``K (cells,)`` or ``(cells, dim, dim)``; without it the field has no kinks and ``q`` is its
            normal derivative.
        value_on: outer faces with given values.
        flux_on: outer faces with given fluxes.
        share: :math:`\theta` at the faces with given values; 1 if it is not given.

    Raises:
        ConfigError: a permeability of another shape.
        SolverError: a cell whose faces do not determine a gradient.

    Example:
        >>> import numpy as np
        >>> from gno.fv.volumes.mesh import FVMesh
        >>> from gno.mesh import Mesh
        >>> fv = FVMesh.of(Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])}))
        >>> g, outer = fv.geometry(), fv.patches["*"]
        >>> gradient = least_squares(g, value_on=outer)
        >>> exact = lambda x: 2 * x[:, 0] + x[:, 1]
        >>> gradient(exact(g.centroid), value=exact(g.center[outer])).round(decimals=6).tolist()
        [[2.0, 1.0]]
    """
    none = geometry.owner[:0]
    value_on, flux_on = (none if faces is None else faces for faces in (value_on, flux_on))
    p, n = geometry.owner[: geometry.num_inner], geometry.neighbor
    through = normal_permeability(geometry, permeability)
    from_p, from_n = _across(geometry, through)
    from_value, (from_flux, distance) = geometry.to_owner[value_on], _conormal(geometry, through[0], flux_on)
    if share is not None:
        from_value = share[:, None] * from_value + (1 - share)[:, None] * _conormal(geometry, through[0], value_on)[0]
    cells = [p, n, geometry.owner[value_on], geometry.owner[flux_on]]
    rows = torch.cat([from_p, from_n, from_value, from_flux])
    coefficient = coefficients(torch.cat(cells), rows, len(geometry.volume))
    inner, of_value, of_flux = coefficient.split([2 * len(p), len(value_on), len(flux_on)])
    pair, other = torch.cat([p, n]), torch.cat([n, p])
    of_flux = of_flux * distance[:, None]
    of_value = of_value if share is None else of_value * share[:, None]
    return Gradient(pair, other, inner, cells[2], of_value, cells[3], of_flux, len(geometry.volume))


def normal_permeability(
    geometry: Geometry, permeability: Tensor | None
) -> tuple[Float[Tensor, "faces dim"], Float[Tensor, "inner dim"]]:
    """The co-normals: :math:`K_P^T n` at all faces, and :math:`K_N^T n` at those between two cells.

    Args:
        geometry: of cells.
        permeability: as of ``least_squares``.

    Raises:
        ConfigError: a permeability of another shape.
    """
    normal, inner = geometry.normal, geometry.num_inner
    if permeability is None:
        return normal, normal[:inner]
    count, dim = geometry.centroid.shape
    if permeability.shape not in ((count,), (count, dim, dim)):
        raise ConfigError(
            f"permeability has shape {tuple(permeability.shape)}",
            why=f"the mesh needs ({count},) or ({count}, {dim}, {dim})",
        )
    pairs = (permeability[geometry.owner], normal), (permeability[geometry.neighbor], normal[:inner])
    at_owner, at_neighbor = (
        k[:, None] * n if permeability.ndim == 1 else torch.einsum("fde,fd->fe", k, n) for k, n in pairs
    )
    return at_owner, at_neighbor


def inner_directions(
    geometry: Geometry, permeability: Tensor | None = None
) -> tuple[Float[Tensor, "inner dim"], Float[Tensor, "inner dim"]]:
    """Directions :math:`d^*` of ``least_squares`` in which owner and neighbor know a derivative across inner faces.

    Args:
        geometry: of cells, or of a median dual.
        permeability: as of ``least_squares``.
    """
    return _across(geometry, normal_permeability(geometry, permeability))


def _across(geometry: Geometry, through: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Directions in which P and N know a derivative across inner faces."""
    g, inner = geometry, geometry.num_inner
    of_p, of_n = through[0][:inner], through[1]
    conducts_p, conducts_n = (torch.einsum("fd,fd->f", way, g.normal[:inner]) for way in (of_p, of_n))
    jump = of_p - of_n
    from_p = g.along + (g.depth_neighbor / conducts_n)[:, None] * jump
    from_n = -g.along + (g.depth[:inner] / conducts_p)[:, None] * jump
    return from_p, from_n


def _conormal(geometry: Geometry, through: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """The way along the co-normal to outer faces, and what of the flux there is the difference of values along it."""
    of_p = through[faces]
    distance = geometry.depth[faces] / torch.einsum("fd,fd->f", of_p, geometry.normal[faces])
    return distance[:, None] * of_p, distance


def coefficients(
    cell: Int[Tensor, " rows"], rows: Float[Tensor, "rows dim"], num_cells: int
) -> Float[Tensor, "rows dim"]:
    r""":math:`(\sum w \, d d^T)^{-1} w \, d` of each row, with :math:`w = 1 / |d|`.

    Args:
        cell: the cell of each row.
        rows: ``d``, along which the derivative is known.
        num_cells: number of cells.

    Raises:
        SolverError: a cell whose rows do not determine a gradient.
    """
    # Of the powers of the length, -1 keeps the correction stable on the longest triangles: five to one with a jump at
    # every face, ten to one with few jumps; the usual -2 gives up at half of that.
    weighted = rows / torch.linalg.vector_norm(rows, dim=1)[:, None]
    products = weighted[:, :, None] * rows[:, None, :]
    squares = rows.new_zeros(num_cells, *products.shape[1:]).index_add(0, cell, products)
    return (_inverse(squares)[cell] @ weighted[:, :, None])[:, :, 0]


def _inverse(squares: Tensor) -> Tensor:
    """Inverse of small symmetric matrices by their adjugates."""
    dim = squares.shape[1]
    if dim == 2:
        (a, b), (c, d) = (row.unbind(1) for row in squares.unbind(1))
        adjugate = torch.stack([torch.stack([d, -b], 1), torch.stack([-c, a], 1)], 1)
    else:
        x, y, z = squares.unbind(1)
        adjugate = torch.stack([torch.linalg.cross(*pair) for pair in ((y, z), (z, x), (x, y))], 2)
    determinant = (squares[:, 0] * adjugate[:, :, 0]).sum(1)
    # The determinant falls to zero where all rows lie in a plane; the trace gives it a scale.
    scale = squares.diagonal(dim1=1, dim2=2).sum(1) / dim
    flat = ~(determinant.detach() > _LINE * scale.detach() ** dim)
    if flat.any():
        raise SolverError(
            f"the faces of cell {int(flat.int().argmax())} do not determine a gradient",
            why="they lead to neighbors and given values on one line" if dim == 2 else "they lead into one plane",
            fix="give values or fluxes on the boundary there, or mesh that place anew",
        )
    return adjugate / determinant[:, None, None]
