"""A product of two vectors beside a sparse matrix: what one number feels of all unknowns, and all feel of it."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class RankOne(NamedTuple):
    r"""The dense matrix :math:`a b^T`, which is never made.

    Args:
        column: ``a (n,)``, or one of each sample ``(samples, n)``.
        row: ``b``, of the same shape.

    Example:
        >>> import torch
        >>> outer = RankOne(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 3.0]))
        >>> outer.multiply(torch.tensor([5.0, 1.0])).tolist()
        [3.0, 6.0]
        >>> outer.multiply(torch.tensor([5.0, 1.0]), transposed=True).tolist()
        [0.0, 21.0]
    """

    column: Float[Tensor, "*samples n"]
    row: Float[Tensor, "*samples n"]

    def multiply(self, v: Float[Tensor, " all"], *, transposed: bool = False) -> Float[Tensor, " all"]:
        """The product with a vector, or that of the transpose; samples one behind the other.

        Args:
            v: ``(samples * n,)``.
            transposed: whether to multiply with :math:`b a^T`.
        """
        column, row = (self.row, self.column) if transposed else (self.column, self.row)
        along = (row * v.reshape(row.shape)).sum(-1, keepdim=True)
        return (column * along).reshape(-1)
