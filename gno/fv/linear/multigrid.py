"""Algebraic multigrid for large symmetric positive definite systems."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg

from gno.errors import SolverError
from gno.fv.linear.factor import HostFactor
from gno.fv.linear.v_cycle import VCycle

TOLERANCE = 1e-12
"""Norm of the residual over that of the right-hand side at which the iteration stops."""
ACCEPTED = 1e-10
"""The same at which a solution is accepted."""
STEPS = 200
"""Most steps; ten to thirty are usual."""


class Multigrid(HostFactor):
    """Conjugate gradients preconditioned with Ruge and Stuben's multigrid: memory and time that grow as n.

    Source: Ruge and Stuben 1987, in Multigrid Methods, SIAM.

    Args:
        matrix: ``(n, n)``, symmetric and positive definite.

    Raises:
        SolverError: a diagonal that is not positive, or no convergence.

    Example:
        >>> Multigrid(sparse.csr_array(np.diag([2.0, 4.0]))).solve_array(np.array([2.0, 8.0]), False).tolist()
        [1.0, 2.0]
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        self._matrix, self._cycle = matrix, VCycle(matrix)

    def solve_array(self, b: np.ndarray, transposed: bool) -> np.ndarray:  # noqa: ARG002 - it is symmetric
        """The solution for ``b (n,)`` or ``(n, k)``."""
        columns = b.reshape(len(b), -1).T
        return np.stack([self._solve_one(column) for column in columns], axis=1).reshape(b.shape)

    def _solve_one(self, b: np.ndarray) -> np.ndarray:
        size = np.abs(b).max()
        if size == 0:
            return np.zeros_like(b)
        right = b / size
        with np.errstate(all="ignore"):
            x, _ = cg(self._matrix, right, rtol=TOLERANCE, maxiter=STEPS, M=self._cycle.operator)
            rest = np.abs(right - self._matrix @ x)
        relative = np.linalg.norm(rest) / np.linalg.norm(right)
        if not relative <= ACCEPTED:
            raise SolverError(
                f"multigrid stopped at a relative residual of {relative:.3g}, largest in row "
                f"{int(np.argmax(np.nan_to_num(rest, nan=np.inf)))}",
                why="the matrix is singular, or not symmetric and positive definite",
                fix="choose method 'lu'",
            )
        return x * size
