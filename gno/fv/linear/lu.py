"""Sparse LU of SuperLU."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from gno.fv.linear.factor import HostFactor, refuse_singular

SPARING = {"diag_pivot_thresh": 0.01, "options": {"SymmetricMode": True}, "relax": 1, "panel_size": 1}
"""Pivots on the diagonal; columns one by one, since in factors as sparse as these too few are alike to be joined."""


class LU(HostFactor):
    """LU with partial pivoting (SuperLU): works for every matrix; in two dimensions its cost grows as n^1.5.

    Args:
        matrix: ``(n, n)``.
        symmetric: whether the matrix is symmetric; the order of elimination is then one that halves the fill.
        diagonal: whether to keep to pivots on the diagonal, unless they are a hundred times too small: for a matrix
            of symmetric pattern whose symmetric part is positive definite, it takes half of the time and of the fill.

    Raises:
        SolverError: the matrix is singular.

    Example:
        >>> LU(sparse.csr_array(np.array([[0.0, 2.0], [1.0, 0.0]]))).solve_array(np.array([2.0, 3.0]), False).tolist()
        [3.0, 1.0]
    """

    def __init__(self, matrix: sparse.csr_array, *, symmetric: bool = False, diagonal: bool = False) -> None:
        order: Literal["MMD_AT_PLUS_A", "COLAMD"] = "MMD_AT_PLUS_A" if symmetric or diagonal else "COLAMD"
        options: dict[str, Any] = SPARING if diagonal else {}
        try:
            self._lu: Any = splu(matrix.tocsc(), permc_spec=order, **options)
        except RuntimeError:
            # An exact zero among the pivots: with the matrix moved by rounding, its null vector can be seen.
            size = np.asarray(abs(matrix).sum(axis=1)).reshape(-1)
            near = matrix + sparse.diags_array(1e-16 * np.where(size > 0, size, 1.0))
            self._lu = splu(near.tocsc(), permc_spec=order, **options)
        refuse_singular(matrix, self._lu.solve)

    def solve_array(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        """The solution for ``b (n,)`` or ``(n, k)``."""
        return self._lu.solve(b, trans="T" if transposed else "N")

    @property
    def num_entries(self) -> int:
        """Entries of the factors."""
        return int(self._lu.nnz)
