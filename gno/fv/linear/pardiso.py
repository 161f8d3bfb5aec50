"""Sparse LU of MKL's PARDISO."""

from __future__ import annotations

import importlib.util

import numpy as np
from scipy import sparse

from gno.errors import ConfigError
from gno.fv.linear.factor import HostFactor, refuse_singular


def has_pardiso() -> bool:
    """Whether the extra ``solvers`` is installed."""
    return importlib.util.find_spec("pypardiso") is not None


class Pardiso(HostFactor):
    """LU of MKL, two to three times as fast as SuperLU.

    Args:
        matrix: ``(n, n)``.

    Raises:
        ConfigError: pypardiso is not installed.
        SolverError: the matrix is singular.
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        if not has_pardiso():
            raise ConfigError("pypardiso is not installed", fix="pip install 'gno-pde[solvers]', or choose method 'lu'")
        from pypardiso import PyPardisoSolver

        size = np.asarray(abs(matrix).sum(axis=1)).reshape(-1)
        if (size == 0).any():  # MKL crashes on an empty row
            refuse_singular(matrix, np.asarray)
        self._solver = PyPardisoSolver()
        # A solver of its own, so that no other matrix's factor can be taken for this one's.
        self._matrix = sparse.csr_matrix(matrix)
        self._solver.factorize(self._matrix)
        refuse_singular(matrix, lambda b: self.solve_array(b, False))

    def solve_array(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        """The solution for ``b (n,)`` or ``(n, k)``."""
        return self._solver.solve(self._matrix.T if transposed else self._matrix, b)

    def __del__(self) -> None:
        if hasattr(self, "_solver"):
            self._solver.free_memory(everything=True)
