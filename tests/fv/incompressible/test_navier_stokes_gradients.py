"""Gradients of incompressible flows with respect to everything they depend on, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gno.fv.boundary.conditions import Inlet, NoSlip, PressureOutlet
from gno.fv.incompressible.drag import forces
from gno.fv.incompressible.flow import Flow
from gno.fv.incompressible.navier_stokes import NavierStokes
from gno.fv.nonlinear.newton import Newton
from gno.mesh import shapes

pytestmark = pytest.mark.usefixtures("double")

LID = {"top": NoSlip((1.0, 0.0)), "*": NoSlip()}


def cost(flow: Flow) -> Tensor:
    kinetic = (flow.velocity**2).sum()
    return kinetic + forces(flow, "bottom") @ torch.tensor([1.0, 0.5]) + flow.pressure[3] + (flow.mass_flux**3).sum()


def _with(name: str, value: Tensor, closed: bool) -> Flow:
    """The flow with one parameter of several replaced."""
    mesh = shapes.square(0.34, seed=1)
    given: dict[str, Tensor] = {
        "viscosity": torch.tensor(0.05),
        "body_force": torch.full((mesh.num_cells, 2), 0.2),
        "points": torch.tensor(mesh.points),
        "inlet": torch.tensor([1.0, 0.2]),
        "outlet": torch.tensor(0.3),
        "wall": torch.tensor([0.5, 0.0]),
    } | {name: value}
    wall = {"top": NoSlip(given["wall"]), "*": NoSlip()}
    open_ends = {"left": Inlet(given["inlet"]), "right": PressureOutlet(given["outlet"])}
    solver = NavierStokes(mesh, wall if closed else wall | open_ends)
    return solver.solve(
        viscosity=given["viscosity"],
        body_force=given["body_force"],
        points=given["points"],
        method=Newton(tolerance=1e-14, linear="diagonal"),
    )


START: dict[str, Callable[[], Tensor]] = {
    "viscosity": lambda: torch.tensor(0.05),
    "body_force": lambda: torch.full((shapes.square(0.34, seed=1).num_cells, 2), 0.2),
    "points": lambda: torch.tensor(shapes.square(0.34, seed=1).points),
    "inlet": lambda: torch.tensor([1.0, 0.2]),
    "outlet": lambda: torch.tensor(0.3),
    "wall": lambda: torch.tensor([0.5, 0.0]),
}


@pytest.mark.parametrize(
    ("name", "closed"),
    [(name, False) for name in START] + [(name, True) for name in ("viscosity", "body_force", "points", "wall")],
)
def test_gradient_against_central_differences(name: str, closed: bool) -> None:
    value = START[name]()
    way, t, h = torch.randn_like(value), torch.zeros((), requires_grad=True), 1e-3
    way = way / way.abs().max() * (0.1 if name == "viscosity" else 1.0)
    (gradient,) = torch.autograd.grad(cost(_with(name, value + t * way, closed)), t)
    at = [float(cost(_with(name, value + k * h * way, closed))) for k in (-2, -1, 1, 2)]
    difference = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h)
    assert abs(float(gradient) - difference) < 1e-6 * abs(difference)


def test_second_derivatives() -> None:
    solver = NavierStokes(shapes.square(0.5, kind="quad"), LID)

    def energy(nu: Tensor) -> Tensor:
        method = Newton(tolerance=1e-14, linear="diagonal")
        return (solver.solve(viscosity=nu, derivatives=2, method=method).velocity ** 2).sum()

    nu = torch.tensor(0.05, requires_grad=True)
    assert torch.autograd.gradcheck(energy, nu)
    assert torch.autograd.gradgradcheck(energy, nu)


def test_a_gradient_costs_less_than_half_of_its_solution() -> None:
    mesh = shapes.square(1 / 32, kind="quad")
    solver, nu, points = NavierStokes(mesh, LID), torch.tensor(0.01), torch.tensor(mesh.points)
    solver.solve(viscosity=nu)
    ratio = []
    for _ in range(3):
        times = [time.process_time()]
        flow = solver.solve(viscosity=nu.requires_grad_(), points=points.requires_grad_())
        times.append(time.process_time())
        (flow.velocity**2).sum().backward()
        times.append(time.process_time())
        ratio.append((times[2] - times[1]) / (times[1] - times[0]))
    assert min(ratio) < 0.5
