"""Gradients by least squares that find their way in corners where the boundary gives nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy import sparse
from torch import Tensor

from gno.fv.linear.pattern import SparsePattern
from gno.fv.volumes.geometry import Geometry

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
    walls; the mean is over the nearest cells whose directions do. Both are exact for linear fields.

    Args:
        value_on: outer faces where the value is given.
        flux_on: outer faces where the normal derivative is nought.
        flat: the cells whose directions do not span the space.
        donors: such a cell, and one that it takes from, ``(2, donors)``.
        pattern: of the gradient.
        cell: cell of each term of the boundary.
        face: number of its face among ``value_on``.
    """

    value_on: Int[Tensor, " values"]
    flux_on: Int[Tensor, " fluxes"]
    flat: Bool[Tensor, " cells"]
    donors: Int[Tensor, "2 donors"]
    pattern: SparsePattern
    cell: Int[Tensor, " terms"]
    face: Int[Tensor, " terms"]
    _plain: SparsePattern
    _position: Int[Tensor, " direct"]
    _union: Int[Tensor, " all"]
    _carried: tuple[Tensor, Tensor, Tensor, Tensor]

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
        squares = _squares(*_directions(geometry, value_on, flux_on), n)
        scale = squares.diagonal(dim1=1, dim2=2).mean(1)
        flat = ~(torch.linalg.det(squares) > _FLAT * scale ** squares.shape[1])
        plain, position = SparsePattern.of(torch.cat([pairs[0], pairs[0], at]), torch.cat([pairs[1], pairs[0], at]), n)
        donors = _donors(pairs, flat)
        which, entry = plain.of_rows(donors[1])
        rows, cols = torch.cat([plain.row, donors[0][which]]), torch.cat([plain.col, plain.col[entry]])
        pattern, union = SparsePattern.of(rows, cols, n)
        pair, term = (donors[1][:, None] == at).nonzero(as_tuple=True)
        cell, face = torch.cat([at, donors[0][pair]]), torch.cat([torch.arange(len(at)), term])
        carried = (which, entry, pair, term)
        return cls(value_on, flux_on, flat, donors, pattern, cell, face, plain, position, union, carried)

    def __call__(self, geometry: Geometry) -> Slopes:
        """The gradient; differentiable in the geometry.

        Args:
            geometry: of the same cells.
        """
        cell, rows, weighted = _directions(geometry, self.value_on, self.flux_on)
        squares = _squares(cell, rows, weighted, len(self.flat))
        pull = _PULL * squares.diagonal(dim1=1, dim2=2).mean(1) * self.flat
        one = torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device)
        inverse = torch.linalg.inv(squares + pull[:, None, None] * one)
        each = (inverse[cell] * weighted[:, None, :]).sum(2)
        direct, border, _ = each.split([2 * geometry.num_inner, len(self.value_on), len(self.flux_on)])
        plain = self._plain.values(torch.cat([direct, -direct, -border]), self._position, dim=0)

        to = self.donors[0]
        count = torch.zeros_like(pull).index_add(0, to, torch.ones_like(pull)[to])
        share = inverse[to] * (pull[to] / count[to])[:, None, None]
        which, entry, pair, term = self._carried
        carried, carried_border = (
            (share[to_which] * of[:, None, :]).sum(2) for to_which, of in ((which, plain[entry]), (pair, border[term]))
        )
        values = self.pattern.values(torch.cat([plain, carried]), self._union, dim=0)
        return Slopes(values, torch.cat([border, carried_border]))


def _donors(pairs: Int[Tensor, "2 pairs"], flat: Bool[Tensor, " cells"]) -> Int[Tensor, "2 donors"]:
    """For each flat cell the nearest ones that are not, counted in faces between."""
    n, lonely, found = len(flat), flat.numpy().copy(), []
    ones = np.ones(pairs.shape[1], dtype=np.int32)
    near = sparse.csr_array((ones, (pairs[0].numpy(), pairs[1].numpy())), shape=(n, n))
    reach = near
    while lonely.any() and not flat.all():
        cell, donor = sparse.coo_array(reach).coords
        chosen = lonely[cell] & ~flat.numpy()[donor]
        if not chosen.any():
            break
        found.append(np.stack([cell[chosen], donor[chosen]]))
        lonely[cell[chosen]] = False
        reach = sparse.csr_array(reach @ near)
    return torch.from_numpy(np.concatenate([np.zeros((2, 0)), *found], axis=1).astype(np.int64))


def _directions(geometry: Geometry, value_on: Tensor, flux_on: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cell, direction, and direction over its length: to cells across inner faces, to values, along given fluxes."""
    p, q, owner = geometry.owner[: geometry.num_inner], geometry.neighbor, geometry.owner
    along, normal = geometry.along, geometry.depth[flux_on, None] * geometry.normal[flux_on]
    rows = torch.cat([along, -along, geometry.to_owner[value_on], normal])
    cell = torch.cat([p, q, owner[value_on], owner[flux_on]])
    return cell, rows, rows / torch.linalg.vector_norm(rows, dim=1)[:, None]


def _squares(cell: Tensor, rows: Tensor, weighted: Tensor, num_cells: int) -> Tensor:
    r""":math:`\sum d d^T / |d|` in each cell."""
    products = weighted[:, :, None] * rows[:, None, :]
    return rows.new_zeros(num_cells, *products.shape[1:]).index_add(0, cell, products)
