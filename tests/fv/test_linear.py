"""The linear solver gives a solution or an error."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from gno.errors import SolverError
from gno.fv.linear import solve_linear


def test_solution_and_its_true_residual() -> None:
    rng = np.random.default_rng(0)
    near = sparse.csr_array(np.diag(rng.uniform(1, 2, 30)))
    matrix = near + sparse.csr_array(0.1 * rng.normal(size=(30, 30)))
    right = rng.normal(size=30)
    u, steps, residual = solve_linear(matrix, right, near)
    assert np.allclose(u, np.linalg.solve(matrix.toarray(), right))
    assert 0 < steps <= 31
    assert residual == pytest.approx(np.linalg.norm(matrix @ u - right) / np.linalg.norm(right))


def test_no_field_where_the_matrix_is_singular() -> None:
    with pytest.raises(SolverError, match="singular"):
        solve_linear(sparse.csr_array(np.eye(3)), np.ones(3), sparse.csr_array(np.diag([1.0, 1.0, 0.0])))


def test_no_field_where_the_solver_does_not_converge() -> None:
    matrix = sparse.csr_array(np.diag([1.0, 1.0, 0.0]))
    with pytest.raises(SolverError, match="stopped at a relative residual"):
        solve_linear(matrix, np.ones(3), sparse.csr_array(np.eye(3)))
