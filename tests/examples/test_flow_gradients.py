"""What gradients of flows are good for: to find a viscosity, and to shape a body."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.fv.boundary.conditions import Inlet, NoSlip, PressureOutlet, Slip
from gno.fv.incompressible.drag import coefficients, forces
from gno.fv.incompressible.navier_stokes import NavierStokes
from gno.fv.nonlinear.newton import Newton
from gno.mesh import shapes

pytestmark = pytest.mark.usefixtures("double")


def test_a_viscosity_is_found_from_a_profile() -> None:
    cavity = NavierStokes(shapes.square(1 / 16, kind="quad"), {"top": NoSlip((1.0, 0.0)), "*": NoSlip()})
    height = torch.linspace(0.05, 0.95, 19)
    sensors = torch.stack([torch.full_like(height, 0.5), height], 1)
    seen = cavity.solve(viscosity=0.01).probe(sensors)[0]

    guess = torch.tensor(0.05).log().requires_grad_()
    optimizer = torch.optim.LBFGS([guess], line_search_fn="strong_wolfe", max_iter=25, tolerance_change=1e-12)
    flow = None

    def misfit() -> Tensor:
        nonlocal flow
        optimizer.zero_grad()
        flow = cavity.solve(viscosity=guess.exp(), initial=flow)
        loss = ((flow.probe(sensors)[0] - seen) ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(misfit)
    assert abs(float(guess.detach().exp()) / 0.01 - 1) < 1e-4


def test_the_drag_of_a_cylinder_changes_with_its_nodes() -> None:
    mesh = shapes.polygon(
        [(-1, -1), (2, -1), (2, 1), (-1, 1)], 0.3, holes=[(0, 0, 0.25)], names=["bottom", "outlet", "top", "inlet"]
    )
    around = NavierStokes(mesh, {"inlet": Inlet(1.0), "outlet": PressureOutlet(), "hole_0": NoSlip(), "*": Slip()})

    def drag(points: Tensor) -> Tensor:
        flow = around.solve(viscosity=0.05, points=points, method=Newton(tolerance=1e-13, linear="diagonal"))
        return coefficients(forces(flow, "hole_0"), velocity=1.0, length=0.5).cd

    points = torch.tensor(mesh.points, requires_grad=True)
    cd = drag(points)
    (slope,) = torch.autograd.grad(cd, points)
    body = torch.tensor(mesh.boundary["hole_0"]).unique()
    swell = torch.zeros_like(points).index_add(0, body, points.detach()[body])
    change, h = float((slope * swell).sum()), 1e-4
    ahead, behind = (float(drag(points.detach() + step * swell)) for step in (h, -h))
    assert change > 0  # a thicker body is dragged more
    assert abs(change - (ahead - behind) / (2 * h)) < 1e-5 * change

    # Nodes that move down the slope of the drag, if not far, make a body that is dragged less.
    way = torch.zeros_like(points).index_add(0, body, -slope[body])
    assert float(drag(points.detach() + 0.02 * way / way.abs().max())) < float(cd.detach())
