"""Differentiable solution of sparse linear systems."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.linear.factor import Factor
from gno.fv.linear.krylov import Krylov
from gno.fv.linear.lu import LU
from gno.fv.linear.multigrid import Multigrid
from gno.fv.linear.pardiso import Pardiso, has_pardiso
from gno.fv.linear.pattern import SparsePattern

__all__ = ["Factor", "SparsePattern", "apply_inverse", "factorize", "sparse_solve"]

METHODS = ("auto", "lu", "diagonal", "pardiso", "multigrid", "krylov")
LARGE = 20_000
"""Unknowns of a symmetric positive definite system from which on multigrid is chosen. In three dimensions it is several
times faster than LU there; in two LU stays faster for long, and only its memory speaks against it."""


def factorize(
    values: Float[Tensor, " entries"], pattern: SparsePattern, *, symmetric: bool = False, method: str = "auto"
) -> Factor:
    """Make a matrix ready to be solved with.

    Args:
        values: its entries.
        pattern: where they stand.
        symmetric: whether it is symmetric and positive definite.
        method: ``lu`` (SuperLU), ``diagonal`` (the same with pivots on the diagonal, for matrices whose symmetric part
            is positive definite), ``pardiso`` (MKL, if installed), ``multigrid`` (symmetric positive definite),
            ``krylov`` (GMRES on the device of the values), or ``auto``: multigrid for symmetric ones with more than
            20,000 unknowns, else a direct one. All but ``krylov`` work on the host, whatever the device of the values.

    Raises:
        ConfigError: an unknown method.
        SolverError: an entry that is not finite, or a singular matrix; the row is named.

    Example:
        >>> pattern, _ = SparsePattern.of(torch.tensor([0, 1]), torch.tensor([0, 1]), 2)
        >>> factorize(torch.tensor([2.0, 4.0]), pattern).solve(torch.ones(2)).tolist()
        [0.5, 0.25]
    """
    if method not in METHODS:
        raise ConfigError(f"method {method!r} is unknown", why=f"there are {', '.join(METHODS)}")
    values = values.detach().double()
    bad = ~values.isfinite()
    if bool(bad.any()):
        row, col = (int(t[bad.nonzero()[0, 0]]) for t in (pattern.row, pattern.col))
        raise SolverError(
            f"the matrix is not finite in row {row}, column {col}", fix="look for NaN in what it is made of"
        )
    if method == "auto":
        direct = "pardiso" if has_pardiso() else "lu"
        method = "multigrid" if symmetric and pattern.n > LARGE else direct
    if method == "krylov":
        return Krylov(values, pattern)
    matrix = pattern.csr(values)
    if method == "multigrid":
        return Multigrid(matrix)
    return Pardiso(matrix) if method == "pardiso" else LU(matrix, symmetric=symmetric, diagonal=method == "diagonal")


def sparse_solve(
    values: Float[Tensor, " entries"],
    pattern: SparsePattern,
    b: Float[Tensor, "n *k"],
    *,
    symmetric: bool = False,
    method: str = "auto",
    factor: Factor | None = None,
) -> Float[Tensor, "n *k"]:
    r"""Solve :math:`A x = b`, differentiably in the entries of A and in b, any number of times.

    .. math::
        \bar b = A^{-T} \bar x, \qquad \bar A_{ij} = -\bar b_i x_j

    The factor of A serves all derivatives too.

    Args:
        values: entries of A.
        pattern: where they stand.
        b: right-hand side ``(n,)``, or several as columns ``(n, k)``.
        symmetric: as in ``factorize``.
        method: as in ``factorize``.
        factor: of these very entries, if it is there already.

    Raises:
        ConfigError: an unknown method.
        SolverError: a matrix that is singular or not finite, a right-hand side that is not finite, or no convergence.

    Example:
        >>> pattern, _ = SparsePattern.of(torch.tensor([0, 1]), torch.tensor([0, 1]), 2)
        >>> a = torch.tensor([2.0, 4.0], requires_grad=True)
        >>> sparse_solve(a, pattern, torch.ones(2)).sum().backward()
        >>> a.grad.tolist()
        [-0.25, -0.0625]
    """
    if factor is None:
        factor = factorize(values, pattern, symmetric=symmetric, method=method)
    return _Solve.apply(values, b, pattern, factor, False)


def apply_inverse(factor: Factor, b: Float[Tensor, "n *k"]) -> Float[Tensor, "n *k"]:
    """The solution of a linear system whose matrix does not depend on anything; differentiable in b.

    Args:
        factor: the matrix.
        b: right-hand side.

    Raises:
        SolverError: a right-hand side that is not finite, or no convergence.
    """
    return _Solve.apply(None, b, None, factor, False)


class _Solve(torch.autograd.Function):
    """``A x = b``, or with the transpose of A; backward is one of itself, so it can be differentiated again."""

    @staticmethod
    def forward(
        ctx: Any, values: Tensor | None, b: Tensor, pattern: SparsePattern | None, factor: Factor, transposed: bool
    ) -> Tensor:
        if not bool(b.isfinite().all()):
            row = int((~b.isfinite()).reshape(len(b), -1).any(1).nonzero()[0])
            raise SolverError(f"the right-hand side is not finite in row {row}")
        x = factor.apply_inverse(b, transposed=transposed)
        ctx.pattern, ctx.factor, ctx.transposed = pattern, factor, transposed
        ctx.save_for_backward(values, x)
        return x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        values, x = ctx.saved_tensors
        b_bar = _Solve.apply(values, grads[0], ctx.pattern, ctx.factor, not ctx.transposed)
        values_bar = None
        if ctx.needs_input_grad[0]:
            row, col = ctx.pattern.row, ctx.pattern.col
            left, right = (x, b_bar) if ctx.transposed else (b_bar, x)
            values_bar = -(left[row] * right[col]).reshape(len(row), -1).sum(1)
        return values_bar, b_bar, None, None, None
