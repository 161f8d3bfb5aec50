"""The diagonal of a matrix in the place of its inverse: a smoother."""

from __future__ import annotations

import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor

from gno.fv.linear.factor import Factor


class Diagonal(Factor):
    """Division by the diagonal: it takes off errors from cell to cell, for the price of a product.

    Args:
        matrix: ``(n, n)`` with a diagonal of no zeros.

    Example:
        >>> Diagonal(sparse.csr_array([[4.0, 1.0], [1.0, 2.0]])).solve(torch.ones(2, dtype=torch.float64)).tolist()
        [0.25, 0.5]
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        self._diagonal = torch.from_numpy(matrix.diagonal())

    def apply_inverse(self, b: Float[Tensor, "n *k"], *, transposed: bool) -> Float[Tensor, "n *k"]:  # noqa: ARG002
        """The quotient, the same for the transpose."""
        return b / self._diagonal.reshape(-1, *[1] * (b.ndim - 1))
