"""Solutions of nonlinear equations, and their derivatives of first and second order."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakSet

import pytest
import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError

from gno.errors import SolverError
from gno.fv.linear import lagged
from gno.fv.linear.pattern import SparsePattern
from gno.fv.nonlinear.balance import Balance
from gno.fv.nonlinear.implicit import implicit_solve, refuse_not_finite
from gno.fv.nonlinear.newton import Newton
from gno.fv.nonlinear.report import ConvergenceError
from tests.fv.plain_grid import Diffusion

pytestmark = pytest.mark.usefixtures("double")

PAIR, _ = SparsePattern.of(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), 2)


class Held:
    """A tensor that a graph keeps."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class Named(NamedTuple):
    fine: Tensor
    f: Tensor


@dataclass
class Declared:
    fine: Tensor
    f: Tensor


def circle(u: Tensor, p: dict[str, Tensor]) -> Tensor:
    """A circle and a line: ``x^2 + y^2 = r^2``, ``y = s x``; the zero is ``r (1, s) / sqrt(1 + s^2)``."""
    return torch.stack([u[0] ** 2 + u[1] ** 2 - p["r"] ** 2, u[1] - p["s"] * u[0]])


def circle_jacobian(u: Tensor, p: dict[str, Tensor]) -> tuple[Tensor, SparsePattern]:
    return torch.stack([2 * u[0], 2 * u[1], -p["s"], torch.ones(())]), PAIR


def solve_circle(r: Tensor, s: Tensor, **options: Any) -> Tensor:
    return implicit_solve(circle, torch.ones(2), {"r": r, "s": s}, jacobian=circle_jacobian, **options)[0]


def problem(n: int, **shape: int) -> tuple[Diffusion, dict[str, Tensor]]:
    balance = Diffusion(n)
    return balance, {"f": 20 * torch.rand(*shape.values(), n * n), "g": torch.rand(4 * n)}


def solve(balance: Balance, p: Any, **options: Any) -> tuple[Tensor, Any]:
    initial = options.pop("initial", torch.zeros(*p["f"].shape, 1))
    return implicit_solve(balance.residual, initial, p, jacobian=balance.jacobian, **options)


@pytest.fixture
def factorizations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each matrix that is factorized."""
    made: list[int] = []
    original = lagged.factorize

    def counted(values: Tensor, pattern: SparsePattern, **options: Any) -> Any:
        made.append(pattern.n)
        return original(values, pattern, **options)

    monkeypatch.setattr(lagged, "factorize", counted)
    return made


def test_zero_of_a_small_system_and_its_derivatives() -> None:
    r, s = torch.tensor(2.0, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    exact = torch.stack([r, r * s]) / (1 + s**2).sqrt()
    u = solve_circle(r, s, derivatives=3)
    weight = torch.tensor([1.0, -2.0])

    def slope(v: Tensor) -> Tensor:
        return sum(torch.autograd.grad((weight * v).sum(), (r, s), create_graph=True)).expand(2)

    for _ in range(3):
        assert torch.allclose(u, exact, rtol=1e-10)
        u, exact = slope(u), slope(exact)
    assert torch.allclose(u, exact, rtol=1e-10)


def test_two_chord_steps_are_needed_for_second_derivatives() -> None:
    inputs = (torch.tensor(2.0, requires_grad=True), torch.tensor(0.5, requires_grad=True))
    tight = Newton(tolerance=1e-14)
    assert torch.autograd.gradcheck(lambda r, s: solve_circle(r, s, method=tight), inputs)
    assert torch.autograd.gradgradcheck(lambda r, s: solve_circle(r, s, method=tight, derivatives=2), inputs)
    with pytest.raises(GradcheckError):
        torch.autograd.gradgradcheck(lambda r, s: solve_circle(r, s, method=tight), inputs)


def test_newton_converges_quadratically_on_a_balance() -> None:
    balance, p = problem(8)
    steps: list[tuple[int, float]] = []
    u, report = solve(balance, p, method=Newton(tolerance=1e-13), on_step=lambda *step: steps.append(step))
    assert report.converged
    assert report.residual == report.history[-1] <= 1e-13
    assert report.iterations == len(report.history) - 1 <= 9
    assert steps == list(enumerate(report.history))
    small = [r for r in report.history if 1e-7 < r < 1e-1]
    after = report.history[report.history.index(small[0]) + 1 :]
    assert all(later < 10 * now**2 for now, later in zip(small, after))
    assert float(balance.residual(u, p).norm()) < 1e-12


def test_a_solution_that_is_known() -> None:
    # u = x on the boundary and no source: the flux (1 + u^2) u_x is that of v = u + u^3 / 3, which is harmonic
    balance = Diffusion(16)
    border = balance.center[balance.border] + balance.step[balance.num_inner :]

    def root(v: Tensor) -> Tensor:
        u = v.clone()
        for _ in range(50):
            u = u - (u + u**3 / 3 - v) / (1 + u**2)
        return u

    u, _ = solve(balance, {"f": torch.zeros(256), "g": root(border.sum(1))})
    assert float((u[:, 0] - root(balance.center.sum(1))).abs().max()) < 2e-3


@pytest.mark.parametrize("name", ["f", "g"])
def test_gradient_against_central_differences(name: str) -> None:
    balance, p = problem(6)
    weight, way, tight = torch.randn(36, 1), torch.randn_like(p[name]), Newton(tolerance=1e-14)

    def functional(t: Tensor) -> Tensor:
        return (weight * solve(balance, {**p, name: p[name] + t * way}, method=tight)[0] ** 2).sum()

    t, h = torch.zeros((), requires_grad=True), 1e-3
    (gradient,) = torch.autograd.grad(functional(t), t)
    at = [float(functional(torch.tensor(k * h))) for k in (-2, -1, 1, 2)]
    difference = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h)
    assert abs(float(gradient) - difference) < 1e-8 * abs(difference)


def test_second_derivatives_of_a_balance() -> None:
    balance, p = problem(3)
    inputs = tuple(p[name].requires_grad_() for name in ("f", "g"))

    def solution(f: Tensor, g: Tensor) -> Tensor:
        return solve(balance, {"f": f, "g": g}, method=Newton(tolerance=1e-14), derivatives=2)[0]

    assert torch.autograd.gradcheck(solution, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(solution, inputs, fast_mode=True)


def test_a_gradient_costs_less_than_half_a_solve(factorizations: list[int]) -> None:
    balance, p = problem(10)
    evaluations = {"residual": 0, "jacobian": 0}

    def counted(name: str) -> Any:
        def function(u: Tensor, p: Any) -> Any:
            evaluations[name] += 1
            return getattr(balance, name)(u, p)

        return function

    p["f"].requires_grad_()
    u, report = implicit_solve(counted("residual"), torch.zeros(100, 1), p, jacobian=counted("jacobian"))
    forward = len(factorizations)
    assert forward == report.factorizations <= report.iterations
    assert evaluations["jacobian"] == report.iterations + 1  # one of them for the gradient
    before = dict(evaluations)
    u.sum().backward()
    assert len(factorizations) - forward <= 0.5 * forward
    assert evaluations == before


def test_the_solution_is_the_same_with_and_without_a_graph() -> None:
    balance, p = problem(6)
    without, _ = solve(balance, p)
    attached, _ = solve(balance, {name: t.requires_grad_() for name, t in p.items()})
    assert attached.requires_grad
    assert torch.equal(without, attached.detach())
    with torch.no_grad():
        assert not solve(balance, p)[0].requires_grad


def test_memory_does_not_grow_with_the_iterations() -> None:
    balance, p = problem(6)
    near, _ = solve(balance, p)
    p["f"].requires_grad_()
    sizes, iterations = [], []
    for initial in (near, torch.zeros(36, 1), 10 + 0 * near):
        held: WeakSet[Held] = WeakSet()

        def keep(t: Tensor, held: WeakSet[Held] = held) -> Held:
            kept = Held(t)
            held.add(kept)
            return kept

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda kept: kept.tensor):
            solution, report = solve(balance, p, initial=initial)
        gc.collect()
        assert solution.requires_grad
        sizes.append(sum(kept.tensor.numel() for kept in held))
        iterations.append(report.iterations)
    assert len(set(sizes)) == 1
    assert len(set(iterations)) == 3


def test_a_warm_start_takes_fewer_iterations() -> None:
    balance, p = problem(8)
    u, cold = solve(balance, p)
    _, again = solve(balance, p, initial=u)
    _, warm = solve(balance, {**p, "f": 1.01 * p["f"]}, initial=u)
    assert again.iterations == 0
    assert 0 < warm.iterations < cold.iterations


def test_the_factor_lags() -> None:
    balance, p = problem(10)
    _, report = solve(balance, p)
    assert report.factorizations < report.iterations
    assert report.linear_steps >= report.iterations


def test_line_search_reaches_what_full_steps_miss() -> None:
    # Newton's full steps on arctan diverge from |u| > 1.39
    pattern, _ = SparsePattern.of(torch.tensor([0]), torch.tensor([0]), 1)
    u, _ = implicit_solve(
        lambda u, p: torch.atan(u - p),
        torch.tensor([5.0]),
        torch.ones(1),
        jacobian=lambda u, p: (1 / (1 + (u - p) ** 2), pattern),
    )
    assert float(u) == pytest.approx(1.0, abs=1e-9)


def test_pseudo_time_ends_at_the_same_solution() -> None:
    balance, p = problem(6)
    p["f"].requires_grad_()
    newton, quick = solve(balance, p, method=Newton(tolerance=1e-12))
    damping = torch.full((36, 1), 4.0)
    slow, report = solve(balance, p, method=Newton(tolerance=1e-12, damping=damping, cfl=0.1))
    assert report.iterations > quick.iterations + 2
    assert torch.allclose(slow, newton, rtol=1e-10)
    grads = [torch.autograd.grad(u.sum(), p["f"])[0] for u in (newton, slow)]
    assert torch.allclose(*grads, rtol=1e-9)


@pytest.mark.parametrize("damping", [None, torch.ones(49, 1, dtype=torch.float64)])
def test_samples_on_one_mesh_equal_the_loop(damping: Tensor | None) -> None:
    balance, p = problem(7, samples=3)
    p["f"] = (p["f"] * torch.tensor([1e-3, 1.0, 5.0])[:, None]).requires_grad_()
    method = Newton(tolerance=1e-12, damping=damping)
    together, report = solve(balance, p, method=method)
    (grad,) = torch.autograd.grad((together**2).sum(), p["f"])
    for sample in range(3):
        f = p["f"][sample].detach().requires_grad_()
        alone, one = solve(balance, {"f": f, "g": p["g"]}, method=method)
        assert torch.allclose(together[sample], alone, rtol=1e-10)
        assert torch.allclose(grad[sample], torch.autograd.grad((alone**2).sum(), f)[0], rtol=1e-8)
        assert one.iterations <= report.iterations


def test_what_did_not_converge_raises_with_its_report() -> None:
    balance, p = problem(6)
    p["f"].requires_grad_()
    with pytest.raises(ConvergenceError, match="after 2 iterations") as caught:
        solve(balance, p, method=Newton(max_iterations=2))
    assert caught.value.report.iterations == 2
    u, report = solve(balance, p, method=Newton(max_iterations=2), check=False)
    assert not report.converged
    assert not u.requires_grad


def test_a_residual_without_a_zero_does_not_converge() -> None:
    pattern, _ = SparsePattern.of(torch.tensor([0]), torch.tensor([0]), 1)
    with pytest.raises(ConvergenceError):
        implicit_solve(
            lambda u, p: u**2 + p, torch.full((1,), 0.5), torch.ones(1), jacobian=lambda u, p: (2 * u, pattern)
        )


def test_nan_names_the_cell_and_the_parameter() -> None:
    balance, p = problem(6)
    p["f"][7] = torch.nan
    with pytest.raises(SolverError, match=r"cell 7; parameter 'f'"):
        solve(balance, p)


@pytest.mark.parametrize("wrap", [Named, Declared, lambda fine, f: (fine, [f])])
def test_nan_is_found_in_any_tree(wrap: Any) -> None:
    with pytest.raises(SolverError, match=r"cell 1; parameter '(f|1\.0)'"):
        refuse_not_finite(torch.tensor([[0.0], [torch.nan]]), wrap(torch.zeros(2), torch.tensor(torch.inf)))


def test_a_singular_jacobian_names_its_row() -> None:
    pattern, _ = SparsePattern.of(torch.tensor([0, 1]), torch.tensor([0, 1]), 2)
    with pytest.raises(SolverError, match=r"singular at row 1"):
        implicit_solve(
            lambda u, p: torch.stack([u[0] - p, 0 * u[1] + p]),
            torch.ones(2),
            torch.tensor(2.0),
            jacobian=lambda u, p: (torch.tensor([1.0, 0.0]), pattern),
        )


def test_a_matrix_nearby_may_be_factorized_in_its_stead(factorizations: list[int]) -> None:
    balance, p = problem(8)
    exact, _ = solve(balance, p)
    count = len(factorizations)
    p["f"].requires_grad_()
    asked: list[int] = []

    def jacobian(u: Tensor, p: Any) -> Any:
        def near() -> Any:
            asked.append(1)
            return balance.jacobian(u, p, first_order=True)

        return *balance.jacobian(u, p), near

    u, report = implicit_solve(balance.residual, torch.zeros(64, 1), p, jacobian=jacobian)
    assert torch.allclose(u, exact, atol=1e-9)
    (u**2).sum().backward()
    gradient, p["f"].grad = p["f"].grad, None
    assert len(asked) == len(factorizations) - count >= report.factorizations
    (solve(balance, p)[0] ** 2).sum().backward()
    assert torch.allclose(gradient, p["f"].grad, rtol=1e-9)


def test_an_iteration_that_stalls_gives_up() -> None:
    flat = SparsePattern.of(torch.tensor([0]), torch.tensor([0]), 1)[0]

    def slow(u: Tensor, p: Any) -> Tensor:
        return u

    def steep(u: Tensor, p: Any) -> tuple[Tensor, SparsePattern]:
        return torch.full_like(u, 10.0), flat  # every step takes a tenth of the residual off

    for stall, steps in ((3, 3), (None, 20)):
        method = Newton(max_iterations=20, stall=stall)
        _, report = implicit_solve(slow, torch.ones(1), None, jacobian=steep, method=method, check=False)
        assert not report.converged
        assert report.iterations == steps
