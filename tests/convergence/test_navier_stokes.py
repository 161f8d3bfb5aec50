"""Steady incompressible flows against an exact solution and against benchmarks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.fv.conditions import Inlet, NoSlip, PressureOutlet
from gno.fv.drag import coefficients, forces
from gno.fv.flow import Flow
from gno.fv.incompressible import NavierStokes
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


# Ghia, Ghia and Shin 1982, J. Comput. Phys. 48, 387; nan where the table is misprinted.
Y = (
    0.9766, 0.9688, 0.9609, 0.9531, 0.8516, 0.7344, 0.6172, 0.5,
    0.4531, 0.2813, 0.1719, 0.1016, 0.0703, 0.0625, 0.0547,
)  # fmt: skip
X = (
    0.9688, 0.9609, 0.9531, 0.9453, 0.9063, 0.8594, 0.8047, 0.5,
    0.2344, 0.2266, 0.1563, 0.0938, 0.0781, 0.0703, 0.0625,
)  # fmt: skip
U = {
    100: "84123 78871 73722 68717 23151 00332 -13641 -20581 -21090 -15662 -10150 -06434 nan -04192 -03717",
    400: "75837 68439 61756 55892 29093 16256 02135 -11477 -17119 -32726 -24299 -14612 -10338 -09266 -08186",
    1000: "65928 57492 51117 46604 33304 18719 05702 -06080 -10648 -27805 -38289 -29730 -22220 -20196 -18109",
}
V = {
    100: "-05906 -07391 -08864 -10313 -16914 -22445 -24533 05454 17527 17507 16077 12317 10890 10091 09233",
    400: "-12146 -15663 -19254 -22847 nan -44993 -38598 05186 30174 30203 28124 22965 20920 19713 18360",
    1000: "-21388 -27669 -33714 -39188 -51550 -42665 -31966 02526 32235 33075 37095 32627 30353 29012 27485",
}
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
    u, v = profiles(flow, torch.tensor(Y), torch.tensor(X))
    for found, table in ((u, U), (v, V)):
        digits = torch.tensor([float(number) / 1e5 for number in table[reynolds].split()])
        error = float((found - digits).abs().nan_to_num(nan=0.0).max())
        print(f"cavity, {mesh.num_cells} {kind}, Re {reynolds}: {error:.4f} from Ghia")
        assert error < ALLOWED[reynolds]


@pytest.mark.slow
@pytest.mark.parametrize("kind", CAVITIES)
def test_extremes_in_the_cavity(kind: str) -> None:
    # Botella and Peyret 1998, Computers & Fluids 27, 421
    _, flow = cavity(shapes.square(1 / 64, kind=kind), 100)
    line = torch.linspace(0.002, 0.998, 499)
    u, v = profiles(flow, line, line)
    found = torch.stack([u.min(), v.min(), v.max()])
    exact = torch.tensor([-0.2140424, -0.2538030, 0.1795728])
    error = float((found / exact - 1).abs().max())
    print(f"cavity, {kind}, h = 1/64, Re 100: extremes within {error:.2%} of Botella and Peyret")
    assert error < 5e-3


def pipe(finest: float, coarsest: float, growth: float) -> Mesh:
    """Channel with a cylinder, finest at the cylinder."""

    def size(x: np.ndarray) -> np.ndarray:
        return finest + growth * np.maximum(np.hypot(x[:, 0] - 0.2, x[:, 1] - 0.2) - 0.05, 0)

    corners, names = [(0, 0), (2.2, 0), (2.2, 0.41), (0, 0.41)], ["bottom", "outlet", "top", "inlet"]
    return shapes.polygon(corners, coarsest, holes=[(0.2, 0.2, 0.05)], names=names, size=size)


@pytest.mark.slow
def test_flow_around_a_cylinder() -> None:
    # Schaefer and Turek 1996, case 2D-1; digits of www.featflow.de
    mesh = pipe(0.004, 0.02, 0.06)
    assert 8000 < mesh.num_cells < 10000
    parabola = Inlet(lambda x: torch.stack([1.2 * x[:, 1] * (0.41 - x[:, 1]) / 0.41**2, 0 * x[:, 1]], 1))
    solver = NavierStokes(mesh, {"inlet": parabola, "outlet": PressureOutlet(), "*": NoSlip()})
    flow = solver.solve(viscosity=1e-3)
    assert imbalance(solver, flow) < 1e-10
    cd, cl = coefficients(forces(flow, "hole_0"), velocity=0.2, length=0.1)
    front, back = flow.probe(torch.tensor([[0.15, 0.2], [0.25, 0.2]]))[1]
    exact = torch.tensor([5.57953523384, 0.010618948146, 0.11752016697])
    drag, lift, drop = (torch.stack([cd, cl, front - back]) / exact - 1).tolist()
    print(f"cylinder, {mesh.num_cells} triangles, Re 20: drag {drag:+.2%}, lift {lift:+.2%}, pressure {drop:+.2%}")
    assert abs(drag) < 0.003
    assert abs(lift) < 0.2
    assert abs(drop) < 0.04
