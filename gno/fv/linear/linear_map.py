"""Sparse matrices as maps that can be differentiated in what they act on and in their entries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor

from gno.fv.linear.pattern import SparsePattern


class LinearMap:
    """A sparse matrix; its derivatives are products with the transposed one, so there are any number of them.

    Args:
        row: row of each entry ``(k,)``; entries may repeat, and are added.
        col: its column.
        value: its value.
        shape: of the matrix.

    Example:
        >>> both = torch.tensor([0, 1])
        >>> twice = LinearMap(both, both, torch.tensor([2.0, 2.0], dtype=torch.float64), (2, 2))
        >>> twice(torch.tensor([1.0, 2.0], dtype=torch.float64)).tolist()
        [2.0, 4.0]
    """

    def __init__(
        self, row: Int[Tensor, " k"], col: Int[Tensor, " k"], value: Float[Tensor, " k"], shape: tuple[int, int]
    ) -> None:
        if not value.requires_grad:
            some = value != 0
            row, col, value = row[some], col[some], value[some]
        self.shape = shape
        self.pattern, position = SparsePattern.of(row, col, max(shape))
        self.values: Float[Tensor, " entries"] = self.pattern.values(value.double(), position)

    @classmethod
    def stacked(cls, maps: Sequence[LinearMap]) -> LinearMap:
        """Several matrices of the same columns, one below the other.

        Args:
            maps: from top to bottom.
        """
        first = [0]
        for each in maps:
            first.append(first[-1] + each.shape[0])
        row = torch.cat([each.pattern.row + start for each, start in zip(maps, first)])
        col, value = (torch.cat(parts) for parts in zip(*((each.pattern.col, each.values) for each in maps)))
        return cls(row, col, value, (first[-1], maps[0].shape[1]))

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """As SciPy has it."""
        rows, _ = self.shape
        data, col, start = (t.detach().numpy() for t in (self.values, self.pattern.col, self.pattern.start))
        return sparse.csr_array((data, col.astype("int32"), start[: rows + 1].astype("int32")), shape=self.shape)

    @cached_property
    def transpose(self) -> sparse.csr_array:
        """The transposed one as SciPy has it."""
        return sparse.csr_array(self.matrix.T)

    def __call__(self, x: Float[Tensor, "n *k"]) -> Float[Tensor, "m *k"]:
        """The product with a vector, or with columns."""
        return self._times(x, False)

    def transposed(self, y: Float[Tensor, "m *k"]) -> Float[Tensor, "n *k"]:
        """The product of the transposed matrix with a vector, or with columns."""
        return self._times(y, True)

    def outer(self, y: Float[Tensor, "m *k"], x: Float[Tensor, "n *k"]) -> Float[Tensor, " entries"]:
        r"""The derivative :math:`y_i x_j` of :math:`y^T A x` by the entries, added over the columns."""
        row, col = self.pattern.row, self.pattern.col
        columns = zip(y.reshape(len(y), -1).unbind(1), x.reshape(len(x), -1).unbind(1))
        total = torch.zeros_like(self.values)
        for left, right in columns:  # one after the other, which takes a tenth of the time of wide rows
            total = total.addcmul(left.index_select(0, row), right.index_select(0, col))
        return total

    def rows(self, rows: Int[Tensor, " m"]) -> LinearMap:
        """Some rows as a matrix.

        Args:
            rows: their numbers.
        """
        which, entry = self.pattern.of_rows(rows)
        return LinearMap(which, self.pattern.col[entry], self.values[entry], (len(rows), self.shape[1]))

    def _times(self, x: Tensor, transposed: bool) -> Tensor:
        if torch.is_grad_enabled() and (x.requires_grad or self.values.requires_grad):
            return _Product.apply(self.values, x, self, transposed)
        return torch.from_numpy((self.transpose if transposed else self.matrix) @ x.detach().numpy())


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, x: Tensor, of: LinearMap, transposed: bool) -> Tensor:
        ctx.of, ctx.transposed = of, transposed
        ctx.save_for_backward(values, x)
        return of._times(x, transposed)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        values, x = ctx.saved_tensors
        left, right = (x, grads[0]) if ctx.transposed else (grads[0], x)
        of_values = ctx.of.outer(left, right) if ctx.needs_input_grad[0] else None
        of_x = _Product.apply(values, grads[0], ctx.of, not ctx.transposed) if ctx.needs_input_grad[1] else None
        return of_values, of_x, None, None
