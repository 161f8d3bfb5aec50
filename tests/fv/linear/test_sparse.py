"""The sparse solver agrees with the dense one, derivatives included, and never answers for another matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.linear.pardiso import has_pardiso
from gno.fv.linear.pattern import SparsePattern
from gno.fv.linear.sparse import factorize, sparse_solve

pytestmark = pytest.mark.usefixtures("double")

ANY = ["lu", "krylov", *(["pardiso"] if has_pardiso() else [])]
ALL = [*ANY, "multigrid"]


def random_system(n: int, symmetric: bool) -> tuple[Tensor, SparsePattern, Tensor]:
    """Contributions with repeated pairs, where each goes, and the pattern; diagonally dominant."""
    rows, cols = torch.randint(n, (4 * n,)), torch.randint(n, (4 * n,))
    off = -torch.rand(4 * n)
    if symmetric:
        rows, cols, off = torch.cat([rows, cols]), torch.cat([cols, rows]), torch.cat([off, off])
    every = torch.arange(n)
    pattern, position = SparsePattern.of(torch.cat([rows, every]), torch.cat([cols, every]), n)
    return torch.cat([off, 1.0 + torch.zeros(n).index_add(0, rows, -2 * off)]), pattern, position


def dense(values: Tensor, pattern: SparsePattern) -> Tensor:
    return torch.zeros(pattern.n, pattern.n).index_put((pattern.row, pattern.col), values)


def diffusion(n: int, coefficient: Tensor) -> tuple[Tensor, SparsePattern]:
    """Two-point diffusion on ``n x n`` cells with harmonic means, and zero on the boundary."""
    cell = torch.arange(n * n).reshape(n, n)
    p = torch.cat([cell[:, :-1].reshape(-1), cell[:-1].reshape(-1)])
    q = torch.cat([cell[:, 1:].reshape(-1), cell[1:].reshape(-1)])
    a = coefficient.reshape(-1)
    between = 2 / (1 / a[p] + 1 / a[q])
    border = torch.cat([cell[0], cell[-1], cell[:, 0], cell[:, -1]])
    rows, cols = torch.cat([p, q, p, q, border]), torch.cat([p, q, q, p, border])
    pattern, position = SparsePattern.of(rows, cols, n * n)
    return pattern.values(torch.cat([between, between, -between, -between, 2 * a[border]]), position), pattern


def test_pattern_sums_what_falls_on_one_entry() -> None:
    contributions, pattern, position = random_system(12, symmetric=False)
    values = pattern.values(contributions, position)
    assert torch.equal(pattern.find(pattern.row, pattern.col), torch.arange(len(pattern.row)))
    assert float(dense(values, pattern).sum() - contributions.sum()) == pytest.approx(0, abs=1e-12)
    assert np.array_equal(pattern.csr(values).toarray(), dense(values, pattern).numpy())
    x = torch.randn(12)
    assert torch.allclose(pattern.multiply(values, x), dense(values, pattern) @ x)
    assert torch.allclose(pattern.multiply(values, x, transposed=True), dense(values, pattern).T @ x)


def test_pattern_of_blocks_and_of_repeated_matrices() -> None:
    contributions, pattern, position = random_system(5, symmetric=False)
    values, block = pattern.values(contributions, position), torch.randn(2, 2)
    large, order = pattern.blocks(2)
    kron = torch.kron(dense(values, pattern), block)
    assert torch.equal(dense((values[:, None, None] * block).reshape(-1)[order], large), kron)
    twice = dense(torch.cat([values, 2 * values]), pattern.repeat(2))
    assert torch.equal(twice, torch.block_diag(dense(values, pattern), 2 * dense(values, pattern)))
    which, entry = pattern.of_rows(torch.tensor([3, 0, 3]))
    assert torch.equal(pattern.row[entry], torch.tensor([3, 0, 3])[which])
    assert len(entry) == int((pattern.row == 0).sum() + 2 * (pattern.row == 3).sum())


@pytest.mark.parametrize(("method", "symmetric"), [(m, False) for m in ANY] + [(m, True) for m in ALL])
@pytest.mark.parametrize("columns", [(), (3,)])
def test_solution_is_that_of_the_dense_solver(method: str, symmetric: bool, columns: tuple[int, ...]) -> None:
    contributions, pattern, position = random_system(30, symmetric)
    values, b = pattern.values(contributions, position), torch.randn(30, *columns)
    matrix = dense(values, pattern).numpy()
    x = sparse_solve(values, pattern, b, symmetric=symmetric, method=method)
    assert np.abs(x.numpy() - np.linalg.solve(matrix, b.numpy())).max() < 1e-11
    y = factorize(values, pattern, symmetric=symmetric, method=method).solve_transposed(b)
    assert np.abs(y.numpy() - np.linalg.solve(matrix.T, b.numpy())).max() < 1e-11


@pytest.mark.parametrize(("method", "symmetric"), [(m, False) for m in ANY] + [(m, True) for m in ALL])
@pytest.mark.parametrize("columns", [(), (2,)])
def test_first_and_second_derivatives(method: str, symmetric: bool, columns: tuple[int, ...]) -> None:
    contributions, pattern, position = random_system(6, symmetric)
    half = len(contributions[:-6]) // 2

    def solve(off: Tensor, diagonal: Tensor, b: Tensor) -> Tensor:
        parts = [off, off, diagonal] if symmetric else [off, diagonal]
        values = pattern.values(torch.cat(parts), position)
        return sparse_solve(values, pattern, b, symmetric=symmetric, method=method)

    off = contributions[: half if symmetric else -6].clone().requires_grad_()
    inputs = (off, contributions[-6:].clone().requires_grad_(), torch.randn(6, *columns, requires_grad=True))
    assert torch.autograd.gradcheck(solve, inputs, fast_mode=method != "lu")
    assert torch.autograd.gradgradcheck(solve, inputs, fast_mode=True)


@pytest.mark.parametrize("method", ALL)
def test_no_factor_is_taken_for_that_of_another_matrix(method: str) -> None:
    # The two coefficients are permutations of each other: any fingerprint by sums or samples takes them for one.
    b, fields = torch.ones(1600), []
    for corner in (4, 30):
        coefficient = torch.ones(40, 40)
        coefficient[corner : corner + 4, 8:12] = 100.0
        values, pattern = diffusion(40, coefficient)
        values.requires_grad_()
        x = sparse_solve(values, pattern, b, symmetric=True, method=method)
        (grad,) = torch.autograd.grad(x.sum(), values)
        x, values = x.detach(), values.detach()
        assert float((pattern.multiply(values, x) - b).norm() / b.norm()) < 1e-9
        # with a symmetric matrix and the same right-hand side the adjoint is the solution
        assert torch.allclose(grad, -x[pattern.row] * x[pattern.col], rtol=1e-7)
        fields.append(x)
    assert float((fields[0] - fields[1]).norm() / fields[0].norm()) > 1e-3


@pytest.mark.parametrize("scale", [1e-200, 1e150])
@pytest.mark.parametrize("method", ALL)
def test_tolerances_are_relative(method: str, scale: float) -> None:
    values, pattern = diffusion(8, torch.ones(8, 8))
    b = torch.randn(64)
    x, scaled = (sparse_solve(values, pattern, s * b, symmetric=True, method=method) for s in (1.0, scale))
    assert torch.allclose(scaled / scale, x, rtol=1e-9)


def test_large_symmetric_systems_go_to_multigrid() -> None:
    values, pattern = diffusion(150, torch.ones(150, 150))
    assert type(factorize(values, pattern, symmetric=True)).__name__ == "Multigrid"
    assert type(factorize(values[:1], SparsePattern.of(*torch.zeros(2, 1).long(), 1)[0])).__name__ != "Multigrid"


@pytest.mark.parametrize("contrast", [1e-10, 1e10])
def test_a_coefficient_that_spans_ten_decades_is_not_taken_for_singular(contrast: float) -> None:
    coefficient = torch.ones(20, 20)
    coefficient[5:10, 5:10] = contrast
    values, pattern = diffusion(20, coefficient)
    x = sparse_solve(values, pattern, torch.ones(400), method="lu")
    magnitude = pattern.multiply(values.abs(), x.abs())
    assert float(((pattern.multiply(values, x) - 1).abs() / magnitude).max()) < 1e-14


@pytest.mark.parametrize("method", ALL)
def test_an_equation_without_unknowns_is_named(method: str) -> None:
    values, pattern = diffusion(6, torch.ones(6, 6))
    values = torch.where((pattern.row == 17) | (pattern.col == 17), 0.0, values)
    with pytest.raises(SolverError, match=r"row 17\b"):
        sparse_solve(values, pattern, torch.ones(36), method=method)


@pytest.mark.parametrize("method", ALL)
def test_a_field_that_is_known_up_to_a_constant_is_refused(method: str) -> None:
    values, pattern = diffusion(6, torch.ones(6, 6))
    surplus = torch.zeros(36).index_add(0, pattern.row, values)
    values = values - torch.where(pattern.row == pattern.col, surplus[pattern.row], 0.0)
    with pytest.raises(SolverError, match=r"row \d+"):
        sparse_solve(values, pattern, torch.ones(36), method=method)


@pytest.mark.parametrize("method", ALL)
def test_nan_is_refused_and_named(method: str) -> None:
    values, pattern = diffusion(6, torch.ones(6, 6))
    b = torch.ones(36)
    b[5] = torch.inf
    with pytest.raises(SolverError, match=r"right-hand side is not finite in row 5"):
        sparse_solve(values, pattern, b, method=method)
    values[int((pattern.row == 9).nonzero()[0])] = torch.nan
    with pytest.raises(SolverError, match=r"not finite in row 9, column 3"):
        sparse_solve(values, pattern, torch.ones(36), method=method)


def test_an_unknown_method_is_refused() -> None:
    values, pattern = diffusion(2, torch.ones(2, 2))
    with pytest.raises(ConfigError, match="there are auto, lu"):
        factorize(values, pattern, method="cholesky")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("method", ["lu", "krylov", "multigrid"])
def test_solution_on_a_device(method: str) -> None:
    values, pattern = diffusion(8, 1 + torch.rand(8, 8))
    b = torch.randn(64)
    there = SparsePattern(*(t.cuda() for t in (pattern.row, pattern.col, pattern.start)))
    x = sparse_solve(values.cuda(), there, b.cuda(), symmetric=True, method=method)
    assert x.is_cuda
    assert torch.allclose(x.cpu(), sparse_solve(values, pattern, b), rtol=1e-9)


@pytest.mark.parametrize("transposed", [False, True])
def test_pivots_on_the_diagonal(transposed: bool) -> None:
    # A matrix as of a flow: its symmetric part is positive definite, what ties the unknowns is skew.
    n = 40
    tie = np.triu(np.random.default_rng(0).standard_normal((n, n)), 1) * (np.arange(n) % 3 == 0)
    matrix = torch.tensor(np.eye(n) * np.linspace(0.01, 1, n) + tie - tie.T)
    rows, cols = matrix.nonzero(as_tuple=True)
    pattern, position = SparsePattern.of(rows, cols, n)
    values = pattern.values(matrix[rows, cols], position)
    b = torch.arange(float(n), dtype=torch.float64)
    factor = factorize(values, pattern, method="diagonal")
    exact = torch.linalg.solve(matrix.T if transposed else matrix, b)
    assert torch.allclose(factor.solve_transposed(b) if transposed else factor.solve(b), exact, rtol=1e-9)
