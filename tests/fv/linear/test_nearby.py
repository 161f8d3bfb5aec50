"""A matrix solved with through the factor of another: a solution or an error."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from gno.errors import SolverError
from gno.fv.linear.lu import LU
from gno.fv.linear.nearby import Nearby


def pair(n: int) -> tuple[sparse.csr_array, sparse.csr_array]:
    """A matrix, and its diagonal."""
    rng = np.random.default_rng(0)
    near = sparse.csr_array(np.diag(rng.uniform(1, 2, n)))
    return near + sparse.csr_array(0.1 * rng.normal(size=(n, n))), near


@pytest.mark.parametrize("transposed", [False, True])
def test_solution_and_its_true_residual(transposed: bool) -> None:
    matrix, near = pair(30)
    dense = matrix.toarray().T if transposed else matrix.toarray()
    right = np.random.default_rng(1).normal(size=30)
    nearby = Nearby(matrix, LU(near))
    u, residual = nearby.solve_to(1e-6, torch.tensor(right), transposed=transposed)
    assert np.allclose(u, np.linalg.solve(dense, right), rtol=1e-4, atol=1e-5)
    assert 0 < nearby.steps <= 31
    assert residual == pytest.approx(np.linalg.norm(dense @ u.numpy() - right) / np.linalg.norm(right), rel=1e-6)
    assert residual <= 1e-6


def test_columns_are_solved_one_by_one() -> None:
    matrix, near = pair(30)
    right = torch.randn(30, 3, dtype=torch.float64)
    assert np.allclose(
        Nearby(matrix, LU(near)).solve(right), np.linalg.solve(matrix.toarray(), right.numpy()), atol=1e-9
    )


def test_zero_takes_no_step() -> None:
    matrix, near = pair(3)
    nearby = Nearby(matrix, LU(near))
    assert not nearby.solve(torch.zeros(3, dtype=torch.float64)).any()
    assert nearby.steps == 0


def test_no_field_where_the_matrix_near_to_it_is_singular() -> None:
    with pytest.raises(SolverError, match="singular"):
        LU(sparse.csr_array(np.diag([1.0, 1.0, 0.0])))


def test_no_field_where_the_solver_does_not_converge() -> None:
    nearby = Nearby(sparse.csr_array(np.diag([1.0, 1.0, 0.0])), LU(sparse.csr_array(np.eye(3))))
    with pytest.raises(SolverError, match="stopped at a relative residual"):
        nearby.solve(torch.ones(3, dtype=torch.float64))
