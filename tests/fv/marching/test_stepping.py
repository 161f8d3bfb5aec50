"""Steps in time: orders, balance, bounds, and an adjoint that remembers little."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv import Dirichlet, Neumann
from gno.fv.boundary.conditions import Periodic
from gno.fv.marching.stepping import ORDER, Stepping
from gno.fv.transport.advection_diffusion import AdvectionDiffusion
from gno.mesh import Mesh, shapes
from gno.testing import observed_order

pytestmark = pytest.mark.usefixtures("double")
BOX = {"left": Periodic("right"), "bottom": Periodic("top")}
WIND, D, K = torch.tensor([1.0, 0.5], dtype=torch.float64), 0.01, 2 * math.pi


def wave(t: float) -> Callable[[Tensor], Tensor]:
    """Moves with the wind and decays: exact in the periodic square."""
    decay = math.exp(-2 * K**2 * D * t)
    return lambda x: decay * torch.sin(K * (x[:, 0] - WIND[0] * t)) * torch.sin(K * (x[:, 1] - WIND[1] * t))


def distorted(n: int) -> Mesh:
    mesh = shapes.square(1 / n, kind="quad")
    inside = ((mesh.points > 1e-9) & (mesh.points < 1 - 1e-9)).all(1)
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, mesh.points.shape) / n
    return Mesh(mesh.points + inside[:, None] * noise, mesh.cells, mesh.boundary)


@pytest.mark.parametrize("method", ORDER)
def test_declared_order_in_time(method: Any) -> None:
    """Against the same equations in space with very small steps."""
    solver = AdvectionDiffusion(distorted(8), BOX, scheme="linear-upwind")
    volume = solver.mesh.geometry().volume

    def last(steps: int, method: Any) -> Tensor:
        times = torch.linspace(0, 0.25, steps + 1)
        return solver.advance(wave(0), times, WIND, D, stepping=Stepping(method, every=steps)).u[-1]

    reference, errors = last(400, "crank-nicolson"), []
    for steps in (10, 20, 40):
        errors.append(float((volume * (last(steps, method) - reference) ** 2).sum().sqrt()))
    assert observed_order([1 / 10, 1 / 20, 1 / 40], errors) > ORDER[method] - 0.2
    assert observed_order([1 / 20, 1 / 40], errors[1:]) > ORDER[method] - 0.1
    assert errors[-1] < (2e-3 if ORDER[method] == 2 else 3e-2)


def test_second_order_in_space_and_time_against_the_exact_wave() -> None:
    errors = []
    for n in (16, 32):
        solver = AdvectionDiffusion(distorted(n), BOX, scheme="linear-upwind")
        g = solver.mesh.geometry()
        u = solver.advance(wave(0), torch.linspace(0, 0.2, n + 1), WIND, D).u[-1]
        errors.append(float((g.volume * (u - wave(0.2)(g.centroid)) ** 2).sum().sqrt()))
    assert math.log2(errors[0] / errors[1]) > 1.9
    assert errors[1] < 1e-2


@pytest.mark.parametrize("method", ORDER)
def test_nothing_is_lost(method: Any) -> None:
    solver = AdvectionDiffusion(distorted(8), BOX)
    volume = solver.mesh.geometry().volume
    u = solver.advance(
        lambda x: (x[:, 0] > 0.5).double(), [0.0, 0.01, 0.03, 0.1], WIND, 1e-3, stepping=Stepping(method)
    ).u
    assert float(((u - u[0]) @ volume).abs().max()) < 1e-12


@pytest.mark.parametrize("kind", ["quad", "perturbed"])
def test_a_step_stays_within_its_bounds_with_the_limiter_alone(kind: str) -> None:
    mesh, beyond = shapes.square(1 / 10, kind=kind, seed=1), {}
    for scheme in ("limited", "linear-upwind"):
        solver = AdvectionDiffusion(mesh, {"left": Dirichlet(1.0), "*": Neumann()}, scheme=scheme)
        stepping = Stepping("backward-euler")
        u = solver.advance(0.0, torch.linspace(0, 0.3, 13), (1.0, 0.0), 0.0, stepping=stepping).u
        beyond[scheme] = max(float(u.max() - 1), float(-u.min()))
    assert beyond["limited"] < 2e-3
    assert beyond["linear-upwind"] > 5e-3


def final(scheme: Any, stepping: Stepping, steps: int = 5) -> Callable[..., Tensor]:
    mesh = shapes.square(1 / 3, kind="perturbed", seed=2)

    def run(initial: Tensor, wind: Tensor, d: Tensor) -> Tensor:
        solver = AdvectionDiffusion(mesh, {"left": Dirichlet(0.3), "*": Neumann()}, scheme=scheme, flat=0.05)
        u = solver.advance(initial, torch.linspace(0, 0.2, steps + 1), wind, d, stepping=stepping).u
        return (u[-1] ** 2).sum() + u[2].sum()

    return run


def start() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(3)
    return (
        torch.rand(18, requires_grad=True),
        torch.tensor([1.0, 0.4], requires_grad=True),
        torch.full((), 0.02).requires_grad_(),
    )


@pytest.mark.parametrize("method", ORDER)
@pytest.mark.parametrize("scheme", ["linear-upwind", "limited"])
def test_derivatives_of_the_final_state(scheme: Any, method: Any) -> None:
    run = final(scheme, Stepping(method))
    inputs = start()
    found = torch.autograd.grad(run(*inputs), inputs)
    with torch.no_grad():
        for i, (value, gradient) in enumerate(zip(inputs, found)):
            way, eps = torch.randn_like(value), 1e-5
            moved = [[v + s * eps * way if i == j else v for j, v in enumerate(inputs)] for s in (1, -1)]
            difference = (run(*moved[0]) - run(*moved[1])) / (2 * eps)
            assert float((gradient * way).sum()) == pytest.approx(float(difference), rel=1e-6, abs=1e-8)


def test_checkpoints_change_nothing() -> None:
    found = {}
    for checkpoint in (True, False):
        inputs = start()
        value = final("limited", Stepping(checkpoint=checkpoint), steps=16)(*inputs)
        found[checkpoint] = torch.autograd.grad(value, inputs)
    for small, plain in zip(found[True], found[False]):
        assert torch.allclose(small, plain, rtol=0, atol=1e-12 * float(plain.abs().max()))


def test_each_step_is_told_once_and_some_states_are_kept() -> None:
    told: list[int] = []
    stepping = Stepping(every=2, on_step=lambda step, t, u, report: told.append(step))
    solver = AdvectionDiffusion(shapes.square(1 / 3, kind="quad"), BOX)
    first = torch.rand(9, requires_grad=True)
    times = torch.tensor([0.0, 0.1, 0.3, 0.4, 0.6])
    kept = solver.advance(first, times, WIND, D, stepping=stepping)
    kept.u.sum().backward()
    every = solver.advance(first.detach(), times, WIND, D)
    assert told == [1, 2, 3, 4]
    assert torch.equal(kept.times, times[::2])
    assert torch.allclose(kept.u, every.u[::2], atol=1e-12)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda s: s.advance(0.0, [0.0, 0.0], WIND, D), "do not ascend"),
        (lambda s: s.advance(0.0, [0.0, 1.0], WIND, D, stepping=Stepping(every=2)), "no multiple of 2"),
        (lambda s: Stepping(every=0), "every is 0"),
        (lambda s: s.advance(torch.zeros(2), [0.0, 1.0], WIND, D), "initial state has values of shape"),
    ],
)
def test_what_cannot_be_is_refused(act: Callable[[Any], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        act(AdvectionDiffusion(shapes.square(1 / 3, kind="quad"), BOX))
