"""One V-cycle of algebraic multigrid in the place of an inverse."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from gno.errors import SolverError
from gno.fv.linear.factor import HostFactor


class VCycle(HostFactor):
    """A V-cycle of Ruge and Stuben's multigrid, from zero: it takes off smooth errors, too, for some products.

    Source: Ruge and Stuben 1987, in Multigrid Methods, SIAM.

    Args:
        matrix: ``(n, n)``, symmetric and positive definite.

    Raises:
        SolverError: a diagonal that is not positive.

    Example:
        >>> VCycle(sparse.csr_array(np.diag([2.0, 4.0]))).solve_array(np.array([2.0, 8.0]), False).tolist()
        [1.0, 2.0]
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        diagonal = matrix.diagonal()
        if not (diagonal > 0).all():
            row = int(np.argmin(diagonal > 0))
            raise SolverError(
                f"the matrix is not positive definite: its diagonal is {diagonal[row]:.6g} in row {row}",
                why="multigrid needs positive ones",
                fix="choose method 'lu'",
            )
        self._matrix = matrix

    @cached_property
    def operator(self) -> LinearOperator:
        """The cycle, as SciPy's solvers take a preconditioner."""
        import pyamg

        found: LinearOperator = pyamg.ruge_stuben_solver(sparse.csr_matrix(self._matrix)).aspreconditioner()
        return found

    def solve_array(self, b: np.ndarray, transposed: bool) -> np.ndarray:  # noqa: ARG002 - it is symmetric
        """What the cycle makes of ``b (n,)`` or ``(n, k)``."""
        columns = b.reshape(len(b), -1).T
        return np.stack([self.operator @ column for column in columns], axis=1).reshape(b.shape)
