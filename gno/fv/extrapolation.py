"""Gradients by least squares that find their way in corners where the boundary gives nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gno.fv.geometry import Geometry
from gno.fv.pattern import SparsePattern

_FLAT = 1e-3
"""Determinant, over that of a ball of the same trace, below which the directions of a cell count as flat."""
_PULL = 0.1
"""Weight with which a flat cell takes what its neighbors have, over the mean of the weights of its directions."""


class Slopes(NamedTuple):
    r"""The gradient of a field as an affine map :math:`\nabla u = C u + B g` of its values in cells and on faces.

    Args:
        coefficient: ``C (entries, dim)`` on the pattern of its ``Extrapolation``.
        border: ``B (terms, dim)``, each with its cell and the number of its face among those with a value.
    """

    coefficient: Float[Tensor, "entries dim"]
    border: Float[Tensor, "terms dim"]


@dataclass(frozen=True, eq=False)
class Extrapolation:
    r"""Least squares over the faces of each cell, of a field that nothing is known of on some outer faces.

    .. math::
        \min_{\nabla u_P} \sum_d \frac{1}{|d|} \left( u_d - u_P - \nabla u_P \cdot d \right)^2
        + \epsilon_P \left| \nabla u_P - \overline{\nabla u_N} \right|^2

    The second term acts only in cells whose directions :math:`d` do not span the space, as in a corner between two
    walls; the mean is over its neighbors. Both are exact for linear fields.

    Args:
        value_on: outer faces where the value is given.
        flux_on: outer faces where the normal derivative is nought.
        pairs: both sides ``(2, pairs)`` of each inner face in turn: a cell, and the one across.
        flat: the cells whose directions do not span the space.
        plain: pattern of the gradient without the second term.
        pattern: pattern of the gradient.
    """

    value_on: Int[Tensor, " values"]
    flux_on: Int[Tensor, " fluxes"]
    pairs: Int[Tensor, "2 pairs"]
    flat: Bool[Tensor, " cells"]
    plain: SparsePattern
    pattern: SparsePattern
    cell: Int[Tensor, " terms"]
    """The cell of each term of the border."""
    face: Int[Tensor, " terms"]
    """Number of its face among ``value_on``."""
    _position: Int[Tensor, " direct"]
    _union: Int[Tensor, " all"]

    @classmethod
    def of(cls, geometry: Geometry, value_on: Int[Tensor, " values"], flux_on: Int[Tensor, " fluxes"]) -> Extrapolation:
        """Which cells are flat, and where everything goes.

        Args:
            geometry: of the cells.
            value_on: outer faces where the value is given.
            flux_on: outer faces where the normal derivative is nought.
        """
        n, owner = len(geometry.volume), geometry.owner
        p, q = owner[: geometry.num_inner], geometry.neighbor
        pairs = torch.stack([torch.cat([p, q]), torch.cat([q, p])])
        at = owner[value_on]
        _, squares = _squares(geometry, value_on, flux_on)
        scale = squares.diagonal(dim1=1, dim2=2).mean(1)
        flat = ~(torch.linalg.det(squares) > _FLAT * scale ** squares.shape[1])
        plain, position = SparsePattern.of(
            torch.cat([pairs[0], pairs[0], at]), torch.cat([pairs[1], pairs[0], at]), n
        )
        cell, across = pairs[:, flat[pairs[0]]]
        which, entry = plain.of_rows(across)
        pattern, union = SparsePattern.of(torch.cat([plain.row, cell[which]]), torch.cat([plain.col, plain.col[entry]]), n)
        number = torch.arange(len(at))
        pair, term = (across[:, None] == at).nonzero(as_tuple=True)
        cells, face = torch.cat([at, cell[pair]]), torch.cat([number, term])
        return cls(value_on, flux_on, pairs, flat, plain, pattern, cells, face, position, union)

    def __call__(self, geometry: Geometry) -> Slopes:
        """The gradient; differentiable in the geometry.

        Args:
            geometry: of the same cells.
        """
        (cell, rows, weighted), squares = _directions(geometry, self.value_on, self.flux_on), None
        _, squares = _squares(geometry, self.value_on, self.flux_on)
        pull = _PULL * squares.diagonal(dim1=1, dim2=2).mean(1) * self.flat
        inverse = torch.linalg.inv(squares + pull[:, None, None] * torch.eye(squares.shape[1], dtype=squares.dtype))
        each = (inverse[cell] * weighted[:, None, :]).sum(2)
        count, values = self.pairs.shape[1], len(self.value_on)
        direct, border = each[:count], each[count : count + values]
        plain = self.plain.values(torch.cat([direct, -direct, -border]), self._position, dim=0)
        at, across = self.pairs[:, self.flat[self.pairs[0]]]
        share = torch.zeros_like(pull).index_add(0, at, torch.ones_like(pull)[at])
        carry = inverse[at] * (pull / share.clamp(min=1))[at, None, None]
        which, entry = self.plain.of_rows(across)
        carried = (carry[which] @ plain[entry][:, :, None])[:, :, 0]
        owner = geometry.owner[self.value_on]
        pair, term = (across[:, None] == owner).nonzero(as_tuple=True)
        carried_border = (carry[pair] @ border[term][:, :, None])[:, :, 0]
        return Slopes(
            self.pattern.values(torch.cat([plain, carried]), self._union, dim=0), torch.cat([border, carried_border])
        )


def _directions(geometry: Geometry, value_on: Tensor, flux_on: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cell, direction, and direction over its length: to cells across inner faces, to values, along given fluxes."""
    p, q, owner = geometry.owner[: geometry.num_inner], geometry.neighbor, geometry.owner
    along, normal = geometry.along, geometry.depth[flux_on, None] * geometry.normal[flux_on]
    rows = torch.cat([along, -along, geometry.to_owner[value_on], normal])
    cell = torch.cat([p, q, owner[value_on], owner[flux_on]])
    return cell, rows, rows / torch.linalg.vector_norm(rows, dim=1)[:, None]


def _squares(geometry: Geometry, value_on: Tensor, flux_on: Tensor) -> tuple[Tensor, Tensor]:
    r""":math:`\sum d d^T / |d|` in each cell."""
    cell, rows, weighted = _directions(geometry, value_on, flux_on)
    products = weighted[:, :, None] * rows[:, None, :]
    return cell, rows.new_zeros(len(geometry.volume), *products.shape[1:]).index_add(0, cell, products)
