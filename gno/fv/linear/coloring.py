"""Sparse Jacobians of any function: columns that no row shares are found together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.fv.linear.pattern import SparsePattern


def color(pattern: SparsePattern) -> Int[Tensor, " n"]:
    """Colors of the columns, such that no row has two columns of one color (greedy).

    Source: Curtis, Powell and Reid 1974, J. Inst. Math. Appl. 13, 117.

    Args:
        pattern: of the Jacobian.

    Example:
        >>> pattern, _ = SparsePattern.of(torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 1, 2]), 3)
        >>> color(pattern).tolist()
        [0, 0, 1]
    """
    matrix = pattern.csr(torch.ones(len(pattern.row)))
    shared = (matrix.T @ matrix).tocsr()
    colors = np.full(pattern.n, -1)
    for column in range(pattern.n):
        taken = set(colors[shared.indices[shared.indptr[column] : shared.indptr[column + 1]]].tolist())
        colors[column] = next(c for c in range(pattern.n) if c not in taken)
    return torch.from_numpy(colors).to(pattern.row.device)


def colored_jacobian(
    residual: Callable[[Tensor], Tensor],
    u: Float[Tensor, "..."],
    pattern: SparsePattern,
    colors: Int[Tensor, " n"],
) -> Float[Tensor, " entries"]:
    """Entries of the Jacobian of any function whose pattern is known, by one tangent per color.

    Args:
        residual: of the state, and of its shape.
        u: the state; it has ``n`` numbers.
        pattern: of the Jacobian.
        colors: of its columns, from ``color``.

    Example:
        >>> pattern, _ = SparsePattern.of(torch.tensor([0, 1]), torch.tensor([0, 1]), 2)
        >>> colored_jacobian(lambda u: u**2, torch.tensor([1.0, 2.0]), pattern, color(pattern)).tolist()
        [2.0, 4.0]
    """
    numbers = torch.arange(int(colors.max()) + 1, device=colors.device)
    tangents = (colors == numbers[:, None]).to(u.dtype).reshape(-1, *u.shape)
    products = torch.func.vmap(lambda v: torch.func.jvp(residual, (u,), (v,))[1])(tangents)
    return products.reshape(len(numbers), -1)[colors[pattern.col], pattern.row]
