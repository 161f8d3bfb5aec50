"""Gradients in cells by least squares, exact for fields that are linear on each side of a jump of the coefficient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import sparse

from gno.errors import SolverError
from gno.fv.stencil import Stencil


@dataclass(frozen=True, eq=False)
class Gradient:
    r"""The gradient of a field as an affine map of its values in the cells.

    .. math::
        (\nabla u)_d = G_d u + g_d

    Args:
        maps: ``G``: a sparse matrix ``(cells, cells)`` per axis.
        offset: ``g (cells, dim)``, from the values on the boundary.
    """

    maps: tuple[sparse.csr_array, ...]
    offset: Float[np.ndarray, "cells dim"]

    def __call__(self, u: Float[np.ndarray, " cells"]) -> Float[np.ndarray, "cells dim"]:
        """The gradient ``(cells, dim)`` of values ``u (cells,)``."""
        return np.stack([m @ u for m in self.maps], axis=1) + self.offset


def least_squares(stencil: Stencil, permeability: Float[np.ndarray, " cells"]) -> Gradient:
    r"""Least squares over the faces of each cell.

    A neighbor N of the cell P adds :math:`u_N - u_P = \nabla u_P \cdot d^*`. The tangential derivatives and
    :math:`a \, \partial_n u` are continuous at the face, so the gradient of N is that of P plus
    :math:`(a_P / a_N - 1) (\nabla u_P \cdot n) n`, which gives

    .. math::
        d^* = (x_N - x_P) + (a_P / a_N - 1) \, ((x_N - x_f) \cdot n) \, n

    A face with a given value adds :math:`g - u_P = \nabla u_P \cdot (x_f - x_P)`, one with a given flux
    :math:`\delta_P q / a_P = \nabla u_P \cdot \delta_P n`. Rows weigh in by the inverse of their length.

    Args:
        stencil: geometry of the faces and conditions on them.
        permeability: ``a (cells,)``.

    Raises:
        SolverError: a cell whose neighbors do not determine a gradient.

    Example:
        >>> from gno.fv import Dirichlet
        >>> from gno.fv.stencil import stencil_of
        >>> from gno.mesh import Mesh
        >>> mesh = Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])})
        >>> stencil = stencil_of(mesh, {"*": Dirichlet(lambda x: 2 * x[:, 0] + x[:, 1])})
        >>> least_squares(stencil, np.ones(1))(np.array([3.0])).round(6).tolist()
        [[2.0, 1.0]]
    """
    s, outer, a = stencil, stencil.outer, permeability
    p, n = s.owner[: s.num_inner], s.neighbor[: s.num_inner]
    normal, along = s.normal[: s.num_inner], s.to_owner[: s.num_inner] + s.to_neighbor
    from_p = along + ((a[p] / a[n] - 1) * s.depth_neighbor)[:, None] * normal
    from_n = -along - ((a[n] / a[p] - 1) * s.depth[: s.num_inner])[:, None] * normal
    cell = s.owner[outer.number]
    depth = s.depth[outer.number]
    from_outer = np.where(outer.given[:, None], s.to_owner[outer.number], depth[:, None] * s.normal[outer.number])
    known = np.where(outer.given, outer.value, depth * outer.value / a[cell])

    at, rows = np.concatenate([p, n, cell]), np.concatenate([from_p, from_n, from_outer])
    # Of the powers of the length, -1 keeps the correction stable on the longest triangles: five to one with a jump at
    # every face, ten to one with few jumps; the usual -2 gives up at half of that.
    weight = 1 / np.linalg.norm(rows, axis=1)
    squares = np.zeros((s.num_cells, rows.shape[1], rows.shape[1]))
    np.add.at(squares, at, weight[:, None, None] * rows[:, :, None] * rows[:, None, :])
    coefficient = np.einsum("rde,re->rd", _inverse(squares)[at], weight[:, None] * rows)

    inner, on_outer = slice(0, 2 * s.num_inner), slice(2 * s.num_inner, None)
    other = np.concatenate([n, p])
    minus = np.concatenate([coefficient[inner], coefficient[on_outer] * outer.given[:, None]])
    offset = np.zeros((s.num_cells, rows.shape[1]))
    np.add.at(offset, cell, coefficient[on_outer] * known[:, None])
    to, of = np.concatenate([at[inner], at]), np.concatenate([other, at])
    shape = (s.num_cells, s.num_cells)
    maps = (
        sparse.csr_array((np.concatenate([coefficient[inner, d], -minus[:, d]]), (to, of)), shape=shape)
        for d in range(rows.shape[1])
    )
    return Gradient(tuple(maps), offset)


def _inverse(squares: np.ndarray) -> np.ndarray:
    # The determinant falls to zero where all rows lie in a plane; the trace gives it a scale.
    dim = squares.shape[1]
    flat = np.linalg.det(squares) < 1e-12 * (np.trace(squares, axis1=1, axis2=2) / dim) ** dim
    if flat.any():
        raise SolverError(
            f"the neighbors of cell {int(np.argmax(flat))} lie on one line",
            why="they do not determine the gradient in it",
            fix="repair the mesh: gno check says which cells are degenerate",
        )
    return np.linalg.inv(squares)
