"""Incompressible flows: what holds exactly, the Jacobian, gradients, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, MeshError
from gno.fv.boundary.conditions import Dirichlet, Inlet, NoSlip, Periodic, PressureOutlet, Slip, Symmetry
from gno.fv.incompressible.drag import coefficients, forces
from gno.fv.incompressible.flow import Flow
from gno.fv.incompressible.navier_stokes import NavierStokes
from gno.fv.linear.coloring import color, colored_jacobian
from gno.fv.nonlinear.newton import Newton
from gno.fv.nonlinear.report import ConvergenceError
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes

pytestmark = pytest.mark.usefixtures("double")

TRIANGLES = shapes.square(0.25, seed=3)
MESHES = {
    "triangles": TRIANGLES,
    "perturbed": shapes.square(0.25, kind="perturbed", seed=3),
    "quads": shapes.square(0.25, kind="quad"),
    "tets": shapes.cube(0.4),
    "hexes": shapes.cube(0.34, kind="hexahedron"),
}
LID = {"top": NoSlip((1.0, 0.0)), "*": NoSlip()}


def channel(speed: Any = 1.0, pressure: Any = 0.0) -> dict[str, Any]:
    return {"left": Inlet(speed), "right": PressureOutlet(pressure), "top": Symmetry(), "*": NoSlip()}


def imbalance(solver: NavierStokes, flow: Flow) -> float:
    """Largest amount of mass that a cell loses, over the largest flux."""
    lost = solver.mesh.geometry().outflow(flow.mass_flux)
    return float(lost.abs().max() / flow.mass_flux.abs().max())


@pytest.mark.parametrize("kind", MESHES)
def test_a_fluid_at_rest_carries_its_weight(kind: str) -> None:
    solver = NavierStokes(MESHES[kind], {"top": Slip(), "*": NoSlip()})
    down = torch.tensor([0.3, -1.0, 0.5])[: solver.mesh.dim]
    flow = solver.solve(viscosity=0.1, body_force=down)
    exact = solver.mesh.geometry().centroid @ down
    volume = solver.mesh.geometry().volume
    assert float(flow.velocity.abs().max()) < 1e-12
    assert torch.allclose(flow.pressure, exact - (volume * exact).sum() / volume.sum(), atol=1e-12)
    pushed = sum(forces(flow, name) for name in solver.mesh.patches if name != "*")
    assert torch.allclose(pushed, down, atol=1e-12)


@pytest.mark.parametrize("kind", MESHES)
def test_uniform_flow_stays_uniform(kind: str) -> None:
    solver = NavierStokes(MESHES[kind], {"left": Inlet(2.0), "right": PressureOutlet(3.0), "*": Slip()})
    flow = solver.solve(viscosity=0.1)
    assert torch.allclose(flow.velocity, torch.tensor([2.0, 0.0, 0.0])[: solver.mesh.dim], atol=1e-11)
    assert torch.allclose(flow.pressure, torch.tensor(3.0), atol=1e-11)
    assert imbalance(solver, flow) < 1e-10


@pytest.mark.parametrize("kind", MESHES)
@pytest.mark.parametrize("blending", [0.0, 0.5])
def test_the_jacobian_is_exact(kind: str, blending: float) -> None:
    boundary = channel() | ({"front": Slip()} if "front" in MESHES[kind].boundary else {})
    solver = NavierStokes(MESHES[kind], boundary, blending=blending)
    geometry = solver.mesh.geometry()
    theta = solver.balance.theta(geometry, torch.tensor(0.1), torch.rand_like(geometry.centroid), solver.pinned)
    state = torch.randn(solver.mesh.num_cells, solver.mesh.dim + 1)
    values, pattern = solver.balance.jacobian(state, theta)
    oracle = colored_jacobian(lambda u: solver.balance.residual(u, theta), state, pattern, color(pattern))
    assert torch.allclose(values, oracle, atol=1e-12)


@pytest.mark.parametrize("blending", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["triangles", "quads", "hexes"])
def test_mass_and_momentum_are_conserved(kind: str, blending: float) -> None:
    boundary = channel(lambda x: x[:, 1] * (1 - x[:, 1]))
    solver = NavierStokes(MESHES[kind], boundary, blending=blending)
    flow = solver.solve(viscosity=0.01, body_force=[0.1] * solver.mesh.dim)
    assert flow.report.converged
    assert imbalance(solver, flow) < 1e-10
    geometry, outer = solver.mesh.geometry(), solver.mesh.owner[solver.mesh.num_inner :]
    assert abs(float(flow.mass_flux[solver.mesh.num_inner :].sum())) < 1e-10

    push = torch.full_like(geometry.centroid, 0.1)
    theta = solver.balance.theta(geometry, torch.tensor(0.01), push, solver.pinned)
    state = torch.cat([flow.velocity, flow.pressure[:, None]], 1)
    slope = torch.cat([flow.velocity_gradient, flow.pressure_gradient[:, None]], 1)
    mass, velocity, _, _ = solver.balance.on_border(state[outer], slope[outer], theta)
    leaving = flow.traction.sum(0) + (mass[:, None] * velocity).sum(0)
    assert torch.allclose(leaving, torch.tensor(0.1), atol=1e-9)  # the volume is one


def test_a_channel_that_closes_on_itself() -> None:
    # u = f y (1 - y) / (2 nu)
    errors = []
    for n in (8, 16):
        mesh = shapes.square(1 / n, kind="quad")
        solver = NavierStokes(mesh, {"left": Periodic("right"), "*": NoSlip()})
        flow = solver.solve(viscosity=0.1, body_force=(1.0, 0.0))
        y = solver.mesh.geometry().centroid[:, 1]
        errors.append(float((flow.velocity[:, 0] - 5 * y * (1 - y)).abs().max()))
        assert float(flow.velocity[:, 1].abs().max()) < 1e-12
        assert float(flow.pressure.abs().max()) < 1e-12
    assert errors[1] < 0.3 * errors[0] < 0.05


def test_a_mirrored_flow_is_the_mirror_of_the_flow() -> None:
    mesh = TRIANGLES
    mirrored = Mesh(mesh.points * [-1, 1] + [1, 0], {"triangle": mesh.cells["triangle"][:, ::-1]}, mesh.boundary)
    flow = NavierStokes(mesh, LID).solve(viscosity=0.01)
    other = NavierStokes(mirrored, LID | {"top": NoSlip((-1.0, 0.0))}).solve(viscosity=0.01)
    assert torch.allclose(other.velocity, flow.velocity * torch.tensor([-1.0, 1.0]), atol=1e-9)
    assert torch.allclose(other.pressure, flow.pressure, atol=1e-9)


def test_a_warm_start_takes_no_steps_and_an_old_flow_few() -> None:
    solver = NavierStokes(MESHES["quads"], LID)
    flow = solver.solve(viscosity=0.01)
    assert solver.solve(viscosity=0.01, initial=flow).report.iterations == 0
    again = solver.solve(viscosity=0.0101, initial=flow).report.iterations
    assert 0 < again < flow.report.iterations


def test_easier_problems_lead_to_a_hard_one() -> None:
    solver = NavierStokes(shapes.square(1 / 16, kind="quad"), LID)
    steps: list[int] = []
    flow = solver.solve(viscosity=1 / 1500, on_step=lambda number, _: steps.append(number))
    assert flow.report.converged
    assert steps.count(0) > 2  # it did not converge from rest


def test_points_are_exact_for_quadratic_fields() -> None:
    solver = NavierStokes(TRIANGLES, LID)
    flow = solver.solve(viscosity=1.0)
    x = solver.mesh.geometry().centroid

    def field(x: Tensor) -> Tensor:
        return 1 + x[:, 0] - x[:, 1] ** 2 + 3 * x[:, 0] * x[:, 1]

    slope = torch.stack([1 + 3 * x[:, 1], 3 * x[:, 0] - 2 * x[:, 1]], 1)
    known = Flow(**{**vars(flow), "pressure": field(x), "pressure_gradient": slope})
    points = torch.rand(20, 2)
    assert torch.allclose(known.probe(points)[1], field(points), atol=1e-10)


def test_coefficients_turn_with_the_flow() -> None:
    cd, cl = coefficients(torch.tensor([0.0, 2.0]), velocity=1.0, length=2.0, direction=(0.0, 1.0))
    assert (float(cd), float(cl)) == (2.0, 0.0)
    with pytest.raises(ConfigError, match="velocity 0"):
        coefficients(torch.ones(2), velocity=0.0, length=1.0)


@pytest.mark.parametrize("viscosity", [-1.0, 0.0, float("nan"), torch.ones(2)])
def test_viscosity_is_refused(viscosity: Any) -> None:
    with pytest.raises(ConfigError, match="viscosity is"):
        NavierStokes(TRIANGLES, LID).solve(viscosity=viscosity)


@pytest.mark.parametrize(
    ("boundary", "said"),
    [
        ({"top": NoSlip()}, "patch 'left' has no condition"),
        ({"lid": NoSlip(), "*": NoSlip()}, "patch 'lid' is not in the mesh"),
        ({"top": Dirichlet(), "*": NoSlip()}, "patch 'top' has the condition Dirichlet"),
    ],
)
def test_boundaries_are_refused(boundary: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        NavierStokes(TRIANGLES, boundary)


def test_values_are_refused() -> None:
    solver = NavierStokes(TRIANGLES, LID | {"left": Inlet(1.0)})
    with pytest.raises(ConfigError, match="more comes in"):
        solver.solve(viscosity=1.0)
    with pytest.raises(ConfigError, match="patch 'top' has values that are not finite"):
        NavierStokes(TRIANGLES, LID | {"top": NoSlip((float("nan"), 0.0))}).solve(viscosity=1.0)
    with pytest.raises(ConfigError, match="body force has values that are not finite"):
        NavierStokes(TRIANGLES, LID).solve(viscosity=1.0, body_force=(float("nan"), 0.0))
    with pytest.raises(MeshError):
        NavierStokes(TRIANGLES, LID).solve(viscosity=1.0, points=torch.zeros(TRIANGLES.num_points, 2))
    with pytest.raises(ConfigError, match="kind 'dual'"):
        NavierStokes(FVMesh.of(TRIANGLES, kind="dual"), LID)
    with pytest.raises(ConfigError, match="blending"):
        NavierStokes(TRIANGLES, LID, blending=2.0)
    flow = NavierStokes(MESHES["quads"], LID).solve(viscosity=1.0)
    with pytest.raises(ConfigError, match="initial flow"):
        NavierStokes(TRIANGLES, LID).solve(viscosity=1.0, initial=flow)


def test_no_convergence_is_said() -> None:
    with pytest.raises(ConvergenceError, match="raise the viscosity") as caught:
        NavierStokes(TRIANGLES, LID).solve(viscosity=1e-3, method=Newton(max_iterations=1))
    assert caught.value.report.iterations == 1


def test_parts_of_a_mesh_have_a_pressure_each() -> None:
    square = shapes.square(0.5, kind="quad")
    apart = np.concatenate([square.points, square.points + np.array([2.0, 0.0])])
    quads = square.cells["quad"]
    both = Mesh(apart, {"quad": np.concatenate([quads, quads + len(square.points)])})
    flow = NavierStokes(both, {"*": NoSlip()}).solve(viscosity=1.0, body_force=(0.0, -1.0))
    assert torch.allclose(flow.pressure[:4], flow.pressure[4:], atol=1e-12)
    assert abs(float(flow.pressure[:4].mean())) < 1e-12
