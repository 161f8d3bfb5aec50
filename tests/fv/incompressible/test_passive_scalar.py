"""A scalar carried by a flow, steady and in time: conservation, order, derivatives."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv import (
    AdvectionDiffusion,
    Dirichlet,
    FVMesh,
    Inlet,
    NavierStokes,
    Neumann,
    NoSlip,
    PressureOutlet,
    Projection,
)
from gno.fv.boundary.timed import Timed
from gno.fv.incompressible.passive_scalar import Carried, PassiveScalar
from gno.mesh import shapes
from gno.testing import assert_order

WALLS = {"left": Inlet(1.0), "right": PressureOutlet(), "*": NoSlip()}
DYE = {"left": Dirichlet(1.0), "*": Neumann()}


def channel(n: int = 5, dt: float = 0.03, **medium: Any) -> PassiveScalar:
    mesh = FVMesh.of(shapes.square(1 / n, seed=1))
    medium = {"diffusivity": 0.01, **medium}
    return PassiveScalar(Projection(mesh, WALLS, dt=dt), AdvectionDiffusion(mesh, DYE), **medium)


@pytest.mark.parametrize("scheme", ["upwind", "linear-upwind", "limited", "central"])
@torch.no_grad()
def test_a_constant_stays_constant(scheme: str) -> None:
    both = channel()
    both = PassiveScalar(both.flow, AdvectionDiffusion(both.flow.mesh, DYE, scheme=scheme), diffusivity=0.01)  # type: ignore[arg-type]
    last, report = both.advance(both.start(0.0, 1.0), 12, viscosity=0.05)
    assert report.steps == 12
    assert float((last.u - 1).abs().max()) < 1e-12


@torch.no_grad()
def test_the_integral_changes_by_what_crosses_the_boundary_and_what_is_made() -> None:
    source = Timed(lambda time: 0.5 + time)
    both, volume = channel(source=source), channel().flow.mesh.geometry().volume
    total, dt = [0.0], both.flow.dt
    made = float(volume.sum())

    def balance(carried: Carried) -> None:
        total.append(float(volume @ carried.u))
        a, b, c = (1.0, -1.0, 0.0) if len(total) == 2 else (1.5, -2.0, 0.5)
        change = (a * total[-1] + b * total[-2] + c * total[-3 if len(total) > 2 else 0]) / dt
        out = float(sum(both.leaving(carried).values()))
        assert change == pytest.approx(made * (0.5 + carried.flow.time) - out, abs=1e-10)

    both.advance(both.start(0.0, 0.0), 8, viscosity=0.05, on_step=balance)
    assert total[-1] > 0.2


@torch.no_grad()
def test_second_order_in_time() -> None:
    """A blob in vortices that do not stand still, on a torus."""
    mesh = FVMesh.of(shapes.square(1 / 6, kind="quad"), periodic={"left": "right", "bottom": "top"})
    dye = AdvectionDiffusion(mesh, {}, scheme="central")

    def final(dt: float) -> Tensor:
        both = PassiveScalar(Projection(mesh, {}, dt=dt), dye, diffusivity=0.01)
        wave = 2 * math.pi
        start = lambda x: torch.stack([0.3 + (wave * x[:, 1]).sin(), 0.2 * (wave * x[:, 0]).cos()], 1)  # noqa: E731
        blob = lambda x: (wave * x[:, 0]).sin() * (wave * x[:, 1]).cos()  # noqa: E731
        return both.advance(both.start(start, blob), round(0.2 / dt), viscosity=0.02)[0].u

    dts = [1 / 20, 1 / 40, 1 / 80, 1 / 160]
    u = [final(dt) for dt in dts]
    assert_order(dts[:-1], [float((a - b).norm() / b.norm()) for a, b in itertools.pairwise(u)], 2.0, at_most=5e-2)


@torch.no_grad()
def test_steps_lead_to_the_steady_state_of_the_flow_they_lead_to() -> None:
    both = channel(dt=0.05, diffusivity=2.0, source=1.0)
    last, _ = both.advance(both.start(0.0, 0.0), 60, viscosity=0.5)
    steady = both.scalar.solve(last.flow.flux, 2.0, source=1.0)
    torch.testing.assert_close(last.u, steady.u, atol=1e-4, rtol=0)


def test_derivatives_equal_differences_with_and_without_checkpoints() -> None:
    at = {name: torch.tensor(v).double() for name, v in {"viscosity": 0.05, "diffusivity": 0.02, "inflow": 0.7}.items()}
    at |= {"speed": torch.tensor(0.9).double(), "source": torch.tensor(0.3).double()}
    mesh = FVMesh.of(shapes.square(0.25, seed=1))
    at["points"], weight = mesh.points, torch.linspace(0, 1, mesh.num_cells, dtype=torch.float64)

    def outcome(checkpoint: bool = True, **p: Tensor) -> Tensor:
        dye = AdvectionDiffusion(mesh, {"left": Dirichlet(p["inflow"]), "*": Neumann()})
        flow = Projection(mesh, WALLS, dt=0.03, points=p["points"])
        both = PassiveScalar(flow, dye, diffusivity=p["diffusivity"], source=p["source"])
        walls = {**WALLS, "left": Inlet(p["speed"])}
        start = both.start(0.0, lambda x: 0.3 * (3 * x[:, 0]).sin(), boundary=walls)
        last, _ = both.advance(start, 4, viscosity=p["viscosity"], boundary=walls, checkpoint=checkpoint)
        return weight @ last.u**2 + both.leaving(last)["right"]

    asked = {name: value.clone().requires_grad_() for name, value in at.items()}
    plain, saved = (torch.autograd.grad(outcome(c, **asked), list(asked.values())) for c in (False, True))
    for (name, value), a, b in zip(at.items(), plain, saved):
        torch.testing.assert_close(a, b, atol=0, rtol=1e-9)
        step = 1e-5 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        with torch.no_grad():
            high, low = (float(outcome(**{**at, name: value + sign * step})) for sign in (1, -1))
        assert float((a * step).sum()) == pytest.approx((high - low) / 2, rel=1e-6), name


def test_derivatives_of_a_scalar_in_a_steady_flow() -> None:
    at = {name: torch.tensor(v).double() for name, v in {"viscosity": 0.1, "diffusivity": 0.05, "inflow": 0.7}.items()}
    solver = NavierStokes(shapes.square(0.25, seed=1), WALLS)

    def outcome(**p: Tensor) -> Tensor:
        flow = solver.solve(viscosity=p["viscosity"])
        dye = AdvectionDiffusion(solver.mesh, {"left": Dirichlet(p["inflow"]), "*": Neumann()})
        field = dye.solve(flow.mass_flux, p["diffusivity"], source=lambda x: x[:, 1])
        return (field.u**2).sum() + field.flux["right"]

    asked = {name: value.clone().requires_grad_() for name, value in at.items()}
    found = torch.autograd.grad(outcome(**asked), list(asked.values()))
    for (name, value), slope in zip(at.items(), found):
        high, low = (float(outcome(**{**at, name: value + sign * 1e-5})) for sign in (1, -1))
        assert float(slope) == pytest.approx((high - low) / 2e-5, rel=1e-6), name


@torch.no_grad()
def test_a_steady_scalar_keeps_its_balance() -> None:
    solver = NavierStokes(shapes.square(0.2, seed=1), WALLS)
    flow = solver.solve(viscosity=0.1)
    constant = AdvectionDiffusion(solver.mesh, DYE).solve(flow.mass_flux, 0.01)
    torch.testing.assert_close(constant.u, torch.ones_like(constant.u), atol=1e-9, rtol=0)
    made = AdvectionDiffusion(solver.mesh, DYE).solve(flow.mass_flux, 0.01, source=2.0)
    assert float(sum(made.flux.values())) == pytest.approx(2.0, abs=1e-9)


@torch.no_grad()
def test_a_run_in_parts_is_the_run() -> None:
    both = channel()
    whole, _ = both.advance(both.start(0.0, 0.0), 8, viscosity=0.05)
    half, _ = both.advance(both.start(0.0, 0.0), 3, viscosity=0.05)
    rest, _ = both.advance(half, 5, viscosity=0.05)
    torch.testing.assert_close(whole.u, rest.u, atol=1e-11, rtol=0)


def test_two_meshes_are_refused() -> None:
    flow = Projection(FVMesh.of(shapes.square(0.5)), WALLS, dt=0.1)
    with pytest.raises(ConfigError, match="two meshes"):
        PassiveScalar(flow, AdvectionDiffusion(shapes.square(0.25), DYE), diffusivity=1.0)
