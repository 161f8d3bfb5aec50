"""Steady incompressible flows against an exact solution and against benchmarks."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gno.bench.flow_cases import Cylinder
from gno.bench.references import EXTREMES, GHIA
from gno.fv.boundary.conditions import Inlet, NoSlip
from gno.fv.incompressible.flow import Flow
from gno.fv.incompressible.navier_stokes import NavierStokes
from gno.mesh import Mesh, shapes
from gno.testing import observed_order

pytestmark = pytest.mark.usefixtures("double")

REYNOLDS = 40
LAMBDA = REYNOLDS / 2 - math.sqrt(REYNOLDS**2 / 4 + 4 * math.pi**2)


def kovasznay(x: Tensor) -> Tensor:
    """Velocity of a flow behind a grid (Kovasznay 1948)."""
    grown, angle = torch.exp(LAMBDA * x[:, 0]), 2 * math.pi * x[:, 1]
    return torch.stack([1 - grown * torch.cos(angle), LAMBDA / (2 * math.pi) * grown * torch.sin(angle)], 1)


def kovasznay_errors(mesh: Mesh) -> tuple[float, float]:
    """L2 errors of velocity and pressure, the latter of mean zero."""
    solver = NavierStokes(mesh, {"*": Inlet(kovasznay)})
    flow = solver.solve(viscosity=1 / REYNOLDS)
    assert imbalance(solver, flow) < 1e-10
    geometry = solver.mesh.geometry()
    volume, x = geometry.volume, geometry.centroid
    missed = flow.pressure + torch.exp(2 * LAMBDA * x[:, 0]) / 2
    missed = missed - (volume * missed).sum() / volume.sum()
    velocity = ((flow.velocity - kovasznay(x)) ** 2).sum(1)
    return float((volume * velocity).sum().sqrt()), float((volume * missed**2).sum().sqrt())


def imbalance(solver: NavierStokes, flow: Flow) -> float:
    lost = solver.mesh.geometry().outflow(flow.mass_flux)
    return float(lost.abs().max() / flow.mass_flux.abs().max())


@pytest.mark.parametrize(("kind", "of_square"), [("quad", 2.0), ("delaunay", 0.9), ("perturbed", 1.6)])
def test_order_in_kovasznay_flow(kind: str, of_square: float) -> None:
    h = [1 / 12, 1 / 24, 1 / 40]
    found = []
    for step in h:
        mesh = shapes.rectangle(step, 1.5, 1.0, kind=kind)
        found.append(kovasznay_errors(Mesh(mesh.points - [0.5, 0.0], mesh.cells, mesh.boundary)))
    of_u, of_p = zip(*found)
    orders = observed_order(h[1:], of_u[1:]), observed_order(h, of_p)
    print(f"Kovasznay, {kind}: errors {of_u[-1]:.2g}, {of_p[-1]:.2g}, orders {orders[0]:.2f}, {orders[1]:.2f}")
    assert orders[0] >= 1.9
    assert orders[1] >= 1.0
    assert of_u[-1] < of_square * h[-1] ** 2  # the constant, not only the rate
    assert of_p[-1] < 0.2 * h[-1]


ALLOWED = {100: 0.012, 400: 0.012, 1000: 0.03}
CAVITIES = {"quad": lambda: shapes.square(1 / 64, kind="quad"), "delaunay": lambda: shapes.square(1.52 / 64)}


def cavity(mesh: Mesh, reynolds: int) -> tuple[NavierStokes, Flow]:
    solver = NavierStokes(mesh, {"top": NoSlip((1.0, 0.0)), "*": NoSlip()})
    return solver, solver.solve(viscosity=1 / reynolds)


def profiles(flow: Flow, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Velocity along x on the vertical center line, and along y on the horizontal one."""
    across = flow.probe(torch.stack([torch.full_like(y, 0.5), y], 1))[0][:, 0]
    return across, flow.probe(torch.stack([x, torch.full_like(x, 0.5)], 1))[0][:, 1]


@pytest.mark.slow
@pytest.mark.parametrize("reynolds", [100, 400, 1000])
@pytest.mark.parametrize("kind", CAVITIES)
def test_lid_driven_cavity(kind: str, reynolds: int) -> None:
    mesh = CAVITIES[kind]()
    assert mesh.num_cells < 1.01 * 64**2
    solver, flow = cavity(mesh, reynolds)
    assert imbalance(solver, flow) < 1e-10
    (y, u), (x, v) = GHIA[reynolds]
    for found, table in zip(profiles(flow, y, x), (u, v)):
        error = float((found - table).abs().nan_to_num(nan=0.0).max())
        print(f"cavity, {mesh.num_cells} {kind}, Re {reynolds}: {error:.4f} from Ghia")
        assert error < ALLOWED[reynolds]


@pytest.mark.slow
@pytest.mark.parametrize("kind", CAVITIES)
def test_extremes_in_the_cavity(kind: str) -> None:
    _, flow = cavity(shapes.square(1 / 64, kind=kind), 100)
    line = torch.linspace(0.002, 0.998, 499)
    u, v = profiles(flow, line, line)
    found = torch.stack([u.min(), v.min(), v.max()])
    error = float((found / torch.tensor(EXTREMES) - 1).abs().max())
    print(f"cavity, {kind}, h = 1/64, Re 100: extremes within {error:.2%} of Botella and Peyret")
    assert error < 5e-3


@pytest.mark.slow
def test_flow_around_a_cylinder() -> None:
    case = Cylinder(0.004, 0.02)
    assert 8000 < case.mesh.num_cells < 10000
    solver = NavierStokes(case.mesh, case.boundary)
    flow = solver.solve(viscosity=case.viscosity)
    assert imbalance(solver, flow) < 1e-10
    drag, lift, drop = case.errors(flow).values()
    print(f"cylinder, {case.mesh.num_cells} triangles, Re 20: errors {drag:.2%}, {lift:.2%}, pressure {drop:.2%}")
    assert drag < 0.003
    assert lift < 0.2
    assert drop < 0.04
