"""Derivatives of diffusion: against finite differences, twice, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.fv import Condition, Diffusion, Dirichlet, Neumann, Periodic, Robin, cells_to_nodes
from gno.fv.diffusion import equations
from gno.fv.linear.lu import LU
from gno.mesh import shapes
from tests.fv.meshes import TINY

pytestmark = pytest.mark.usefixtures("double")
PLATE, BOX = TINY["mixed"], TINY["many kinds"]
TRIANGLES, TETS = shapes.square(0.5, kind="perturbed", seed=1), shapes.cube(1.0)


def functional(
    boundary: dict[str, Condition], mesh: object, coefficients: dict[str, Tensor], derivatives: int
) -> Tensor:
    """A number made of all that a solution has."""
    k = coefficients["permeability"]
    if k.ndim == 3:
        k = torch.eye(k.shape[-1]) + k @ k.mT
    solution = Diffusion(mesh, boundary).solve(
        k,
        coefficients["source"],
        reaction=coefficients["reaction"],
        points=coefficients["points"],
        derivatives=derivatives,
    )
    flux = torch.stack([value * (1 + i) for i, value in enumerate(solution.flux.values())])
    weight = 1 + torch.arange(len(solution.u))
    return (weight * solution.u.sin()).sum() + (solution.gradient**3).sum() + (flux**2).sum()


def problem(name: str) -> tuple[Callable[..., Tensor], dict[str, Tensor]]:
    """A functional of named parameters, and their values."""
    mesh = {"plate": PLATE, "box": BOX, "triangles": TRIANGLES, "tets": TETS, "tensors": PLATE, "box tensors": BOX}[
        name
    ]
    n, dim = mesh.num_cells, mesh.dim
    tensor = "tensors" in name
    parameters = {
        "permeability": torch.randn(n, dim, dim) if tensor else torch.rand(n) + 0.5,
        "source": torch.randn(n),
        "reaction": torch.rand(n) + 0.1,
        "value": torch.randn(()),
        "transfer": torch.rand(()) + 0.5,
        "points": torch.tensor(mesh.points),
    }

    def at(derivatives: int = 1, **changed: Tensor) -> Tensor:
        now = parameters | changed
        first = next(iter(mesh.boundary), "*")
        robin = Robin(now["transfer"], now["value"])
        held = Dirichlet(lambda x: now["value"] * x[:, 0] ** 2)
        boundary: dict[str, Condition] = {"*": robin} if first == "*" else {first: held, "*": robin}
        if len(mesh.boundary) > 2:
            boundary["right"] = Neumann(now["value"])
        return functional(boundary, mesh, now, derivatives)

    return at, parameters


NAMES = ["plate", "box", "triangles", "tets", "tensors", "box tensors"]
PARAMETERS = ["permeability", "source", "reaction", "value", "transfer", "points"]


@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_finite_differences(name: str, parameter: str) -> None:
    at, values = problem(name)
    x = values[parameter].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: at(**{parameter: p}), x, rtol=1e-6, atol=1e-6, fast_mode=True)
    way = torch.randn_like(x)
    step = 1e-5
    (gradient,) = torch.autograd.grad(at(**{parameter: x}), x)
    ahead, behind = (float(at(**{parameter: (x + s * way).detach()})) for s in (step, -step))
    assert float((gradient * way).sum()) == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize("name", ["plate", "tensors", "box"])
def test_second_derivatives_are_those_of_finite_differences(name: str, parameter: str) -> None:
    at, values = problem(name)
    x = values[parameter].clone().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda p: at(2, **{parameter: p}), x, fast_mode=True)


def test_mixed_second_derivatives() -> None:
    at, values = problem("plate")
    names = ("permeability", "source", "value", "points")
    inputs = tuple(values[name].clone().requires_grad_() for name in names)
    assert torch.autograd.gradgradcheck(lambda *p: at(2, **dict(zip(names, p))), inputs, fast_mode=True)


def test_gradients_through_periodic_patches() -> None:
    mesh = shapes.square(0.5, kind="structured")
    periodic = Diffusion(mesh, {"left": Periodic("right"), "*": Robin(1.0, 2.0)})
    a = (torch.rand(mesh.num_cells) + 0.5).requires_grad_()
    assert torch.autograd.gradcheck(lambda k: periodic.solve(k, lambda x: x[:, 0]).u, a)


def test_gradients_reach_the_nodes() -> None:
    def nodes(k: Tensor, g: Tensor, points: Tensor) -> Tensor:
        boundary = {"bottom": Dirichlet(g), "*": Dirichlet(lambda x: x[:, 1] * g)}
        solution = Diffusion(PLATE, boundary).solve(k, 1.0, points=points)
        return cells_to_nodes(PLATE, solution.u, solution.gradient, boundary, points=points)

    inputs = [torch.rand(PLATE.num_cells) + 0.5, torch.tensor(1.5), torch.tensor(PLATE.points)]
    assert torch.autograd.gradcheck(nodes, [x.requires_grad_() for x in inputs])


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []

    class Counted(LU):
        def __init__(self, *args: object, **options: object) -> None:
            made.append(1)
            super().__init__(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(equations, "LU", Counted)
    monkeypatch.setattr(equations, "has_pardiso", lambda: False)
    return made


def test_derivatives_of_any_number_take_one_factorization(monkeypatch: pytest.MonkeyPatch) -> None:
    made = counting(monkeypatch)
    a = (torch.rand(TRIANGLES.num_cells) + 0.5).requires_grad_()
    u = Diffusion(TRIANGLES, {"*": Dirichlet(0.0)}).solve(a, 1.0, derivatives=2).u
    (first,) = torch.autograd.grad((u**2).sum(), a, create_graph=True)
    (first**2).sum().backward()
    assert len(made) == 1


def test_a_gradient_costs_less_than_its_solve() -> None:
    mesh = shapes.square(0.0225, kind="perturbed", seed=3)
    problem = Diffusion(mesh, {"left": Dirichlet(1.0), "*": Neumann(0.0)})
    a = torch.exp(torch.randn(mesh.num_cells)).requires_grad_()
    forward, backward = [], []
    for _ in range(5):
        start = time.process_time()
        loss = (problem.solve(a, 1.0).u ** 2).sum()
        middle = time.process_time()
        loss.backward()
        forward.append(middle - start)
        backward.append(time.process_time() - middle)
    ratio = min(backward) / min(forward)
    print(f"\n{mesh.num_cells} cells: solve {1e3 * min(forward):.1f} ms, gradient {ratio:.2f} of it")
    assert ratio < 1.0  # 0.5 on a quiet machine


def test_without_gradients_there_is_no_graph() -> None:
    solution = Diffusion(TRIANGLES, {"*": Dirichlet(0.0)}).solve(np.ones(TRIANGLES.num_cells), 1.0)
    assert not solution.u.requires_grad
    with torch.no_grad():
        a = torch.ones(TRIANGLES.num_cells, requires_grad=True)
        assert not Diffusion(TRIANGLES, {"*": Dirichlet(0.0)}).solve(a, 1.0).u.requires_grad
