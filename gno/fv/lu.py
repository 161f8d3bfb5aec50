"""Sparse LU of SuperLU."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from gno.fv.factor import HostFactor, refuse_singular


class LU(HostFactor):
    """LU with partial pivoting (SuperLU): works for every matrix; in two dimensions its cost grows as n^1.5.

    Args:
        matrix: ``(n, n)``.
        symmetric: whether the matrix is symmetric; the order of elimination is then one that halves the fill.

    Raises:
        SolverError: the matrix is singular.

    Example:
        >>> LU(sparse.csr_array(np.array([[0.0, 2.0], [1.0, 0.0]]))).solve_array(np.array([2.0, 3.0]), False).tolist()
        [3.0, 1.0]
    """

    def __init__(self, matrix: sparse.csr_array, *, symmetric: bool = False) -> None:
        order: Literal["MMD_AT_PLUS_A", "COLAMD"] = "MMD_AT_PLUS_A" if symmetric else "COLAMD"
        try:
            self._lu: Any = splu(matrix.tocsc(), permc_spec=order)
        except RuntimeError:
            # An exact zero among the pivots: with the matrix moved by rounding, its null vector can be seen.
            size = np.asarray(abs(matrix).sum(axis=1)).reshape(-1)
            near = matrix + sparse.diags_array(1e-16 * np.where(size > 0, size, 1.0))
            self._lu = splu(near.tocsc(), permc_spec=order)
        refuse_singular(matrix, self._lu.solve)

    def solve_array(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        """The solution for ``b (n,)`` or ``(n, k)``."""
        return self._lu.solve(b, trans="T" if transposed else "N")
