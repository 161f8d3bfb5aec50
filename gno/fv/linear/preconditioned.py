"""Unsymmetric systems close to a symmetric one: full fluxes of diffusion beside their two-point part."""

from __future__ import annotations

import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor

from gno.errors import SolverError
from gno.fv.linear.factor import Factor
from gno.fv.linear.krylov import gmres
from gno.fv.linear.lu import LU
from gno.fv.linear.pardiso import Pardiso, has_pardiso

TOLERANCE, ACCEPTED, STEPS = 1e-13, 1e-10, 120
LARGE = 40_000
"""Unknowns from which on multigrid is chosen, for the memory that factors need."""


def factorize_near(matrix: sparse.csr_array, near: sparse.csr_array, *, method: str = "auto") -> Factor:
    """Make a matrix ready to be solved with, given a symmetric positive definite one near to it.

    Args:
        matrix: ``(n, n)``.
        near: ``(n, n)``.
        method: ``direct``, ``multigrid``, or ``auto``: multigrid for more than 40,000 unknowns.

    Raises:
        SolverError: a singular matrix.

    Example:
        >>> two = sparse.csr_array(2 * sparse.eye_array(2))
        >>> factorize_near(two, two).solve(torch.ones(2)).tolist()
        [0.5, 0.5]
    """
    if method == "multigrid" or (method == "auto" and matrix.shape[0] > LARGE):
        return Preconditioned(matrix, near)
    return Pardiso(matrix) if has_pardiso() else LU(matrix, diagonal=True)


class Preconditioned(Factor):
    """GMRES on the matrix, preconditioned with a cycle of Ruge and Stuben's multigrid for the one near to it.

    Args:
        matrix: ``(n, n)``.
        near: ``(n, n)``, symmetric and positive definite.

    Example:
        >>> two = sparse.csr_array(2 * sparse.eye_array(2))
        >>> Preconditioned(two, two).solve(torch.ones(2, dtype=torch.float64)).round(decimals=9).tolist()
        [0.5, 0.5]
    """

    def __init__(self, matrix: sparse.csr_array, near: sparse.csr_array) -> None:
        import pyamg

        self._matrix, self._transpose = matrix, sparse.csr_array(matrix.T)
        self._cycle = pyamg.ruge_stuben_solver(sparse.csr_matrix(near)).aspreconditioner()

    def apply_inverse(self, b: Float[Tensor, "n *k"], *, transposed: bool) -> Float[Tensor, "n *k"]:
        """The solution, column by column."""
        columns = b.detach().double().reshape(len(b), -1).unbind(1)
        return torch.stack([self._solve_one(column, transposed) for column in columns], 1).reshape(b.shape).to(b)

    def _solve_one(self, b: Tensor, transposed: bool) -> Tensor:
        size = b.abs().max()
        if size == 0:
            return torch.zeros_like(b)
        matrix = self._transpose if transposed else self._matrix
        x, steps, rest = gmres(
            lambda v: torch.from_numpy(matrix @ v.numpy()),
            lambda v: torch.from_numpy(self._cycle @ v.numpy()),
            b / size,
            tolerance=TOLERANCE,
            max_steps=STEPS,
        )
        if not rest <= ACCEPTED:
            raise SolverError(
                f"GMRES stopped at a relative residual of {rest:.3g} after {steps} steps",
                why="the matrix is singular, or the cells are too skew for its two-point part as a preconditioner",
                fix="choose method 'direct'",
            )
        return x * size
