"""Sparse matrices that do not depend on anything, as differentiable maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor


class LinearMap:
    """A constant sparse matrix; backward is the transposed one, so it can be differentiated any number of times.

    Args:
        matrix: ``(m, n)``.

    Example:
        >>> twice = LinearMap(sparse.csr_array(2 * np.eye(2)))
        >>> twice(torch.tensor([1.0, 2.0], dtype=torch.float64)).tolist()
        [2.0, 4.0]
    """

    def __init__(self, matrix: sparse.csr_array | sparse.coo_array) -> None:
        self.matrix: sparse.csr_array = matrix.tocsr()
        self._transpose = sparse.csr_array(self.matrix.T)

    def __call__(self, x: Float[Tensor, "n *k"]) -> Float[Tensor, "m *k"]:
        """The product with a vector, or with columns."""
        return _Product.apply(x, self, False)

    def apply(self, x: np.ndarray, transposed: bool) -> np.ndarray:
        """The product of the matrix, or its transpose, with ``(n,)`` or ``(n, k)``."""
        return (self._transpose if transposed else self.matrix) @ x


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, of: LinearMap, transposed: bool) -> Tensor:
        ctx.of, ctx.transposed = of, transposed
        return torch.from_numpy(of.apply(x.detach().cpu().numpy(), transposed)).to(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return _Product.apply(grads[0], ctx.of, not ctx.transposed), None, None
