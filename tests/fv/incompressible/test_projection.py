"""Flows that change in time: orders in space and time, conservation, derivatives, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.interpolate import griddata
from torch import Tensor

from gno.errors import ConfigError, MeshError, SolverError
from gno.fv.boundary.conditions import Dirichlet, Inlet, NoSlip, PressureOutlet, Slip, Symmetry
from gno.fv.boundary.timed import Timed
from gno.fv.incompressible.projection import Projection
from gno.fv.incompressible.state import FlowState
from gno.fv.marching import stretches
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes
from gno.testing import assert_order

TORUS = {"left": "right", "bottom": "top"}
WAVE = 2 * math.pi


def vortices(x: Tensor, time: float, nu: float) -> tuple[Tensor, Tensor]:
    """Taylor and Green's, which decay and do not move."""
    (sx, sy), (cx, cy) = (f(WAVE * x).unbind(1) for f in (torch.sin, torch.cos))
    left = math.exp(-2 * nu * WAVE**2 * time)
    return left * torch.stack([sx * cy, -cx * sy], 1), left**2 * (2 * (cx**2 + cy**2) - 2) / 4


def torus(n: int, kind: str, dt: float) -> Projection:
    return Projection(FVMesh.of(shapes.square(1 / n, kind=kind, seed=1), periodic=TORUS), {}, dt=dt)


def cavity(n: int = 6, kind: str = "delaunay", dt: float = 0.02, **options: Any) -> Projection:
    lid = {"top": NoSlip((1.0, 0.0)), "*": NoSlip()}
    return Projection(FVMesh.of(shapes.square(1 / n, kind=kind, seed=1)), lid, dt=dt, **options)


def norm(solver: Projection, field: Tensor) -> float:
    volume = solver.mesh.geometry().volume
    return float((volume * (field**2).reshape(len(volume), -1).sum(1)).sum().sqrt())


def energy(solver: Projection, flow: FlowState) -> Tensor:
    return 0.5 * (solver.mesh.geometry().volume * (flow.velocity**2).sum(1)).sum()


@pytest.mark.parametrize(("kind", "bound"), [("quad", 8e-3), ("delaunay", 2e-3)])
def test_decaying_vortices_converge_at_second_order_in_space(kind: str, bound: float) -> None:
    nu, h, of_velocity, of_pressure = 0.01, [], [], []
    for n in (12, 24, 32):
        solver = torus(n, kind, 1 / (6 * n))
        flow, report = solver.advance(lambda x: vortices(x, 0.0, nu)[0], round(0.75 * n), viscosity=nu)
        u, p = vortices(solver.mesh.geometry().centroid, flow.time, nu)
        h.append(1 / n)
        of_velocity.append(norm(solver, flow.velocity - u))
        of_pressure.append(norm(solver, flow.pressure - p))
        assert report.imbalance < 1e-12
    assert_order(h, of_velocity, 2.0, at_most=bound)
    assert_order(h, of_pressure, 1.0, tolerance=0.0, at_most=bound)


@pytest.mark.parametrize("kind", ["quad", "delaunay"])
def test_second_order_in_time(kind: str) -> None:
    def final(dt: float) -> tuple[Projection, FlowState]:
        solver = torus(6, kind, dt)
        drift = lambda x: vortices(x, 0.0, 0.0)[0] + torch.stack([0 * x[:, 0] + 0.3, 0.2 * (WAVE * x[:, 0]).cos()], 1)  # noqa: E731
        return solver, solver.advance(drift, round(0.2 / dt), viscosity=0.02)[0]

    _, exact = final(1 / 400)
    dts = [1 / 25, 1 / 50, 1 / 100]
    flows = [final(dt) for dt in dts]
    assert_order(dts, [norm(s, f.velocity - exact.velocity) for s, f in flows], 2.0, at_most=1e-3)
    assert_order(dts, [norm(s, f.pressure - exact.pressure) for s, f in flows], 2.0, at_most=1e-3)


@pytest.mark.parametrize("kind", ["structured", "perturbed", "delaunay"])
def test_many_short_steps_are_as_exact_as_few(kind: str) -> None:
    few, many = (torus(8, kind, 1 / n) for n in (40, 320))
    start: Callable[[Tensor], Tensor] = lambda x: vortices(x, 0.0, 0.01)[0]  # noqa: E731
    a, b = few.advance(start, 5, viscosity=0.01)[0], many.advance(start, 40, viscosity=0.01)[0]
    exact, _ = vortices(few.mesh.geometry().centroid, a.time, 0.01)
    assert norm(many, b.velocity - exact) < 1.05 * norm(few, a.velocity - exact)


@pytest.mark.parametrize("kind", ["quad", "delaunay"])
def test_energy_decays(kind: str) -> None:
    solver, left = torus(8, kind, 0.02), []
    solver.advance(
        lambda x: vortices(x, 0.0, 0.0)[0], 20, viscosity=0.01, on_step=lambda f: left.append(float(energy(solver, f)))
    )
    assert len(left) == 20
    assert (np.diff(left) < 0).all()


@pytest.mark.parametrize(("kind", "viscosity"), [("quad", 10.0), ("perturbed", 0.3), ("delaunay", 1.0)])
def test_stable_at_every_viscosity(kind: str, viscosity: float) -> None:
    fastest: list[float] = []
    solver = cavity(8, kind, 0.02)
    solver.advance(0.0, 80, viscosity=viscosity, on_step=lambda f: fastest.append(float(f.velocity.abs().max())))
    assert max(fastest[5:]) < 1
    assert max(fastest[60:]) - min(fastest[60:]) < 1e-2


@pytest.mark.parametrize("kind", ["quad", "delaunay"])
def test_a_fluid_at_rest_stays_at_rest_under_gravity(kind: str) -> None:
    solver = Projection(FVMesh.of(shapes.square(0.2, kind=kind, seed=1)), {"*": NoSlip()}, dt=0.1)
    flow, _ = solver.advance(0.0, 10, viscosity=0.01, body_force=(0.0, -9.81))
    height = solver.mesh.geometry().centroid[:, 1]
    mean = (solver.mesh.geometry().volume * height).sum()
    torch.testing.assert_close(flow.pressure, -9.81 * (height - mean), atol=1e-10, rtol=0)
    assert float(flow.velocity.abs().max()) < 1e-12


def test_a_force_drives_the_flow_of_poiseuille_and_the_walls_hold_it() -> None:
    mesh = FVMesh.of(shapes.square(1 / 12, kind="quad"), periodic={"left": "right"})
    solver = Projection(mesh, {"*": NoSlip()}, dt=0.2)
    flow, _ = solver.advance(0.0, 30, viscosity=1.0, body_force=(1.0, 0.0))
    y = mesh.geometry().centroid[:, 1]
    torch.testing.assert_close(flow.velocity[:, 0], y * (1 - y) / 2, atol=1e-3, rtol=0)
    held = solver.force(flow, "bottom", viscosity=1.0) + solver.force(flow, "top", viscosity=1.0)
    torch.testing.assert_close(held, torch.tensor([1.0, 0.0], dtype=torch.float64), atol=1e-8, rtol=0)


@pytest.mark.parametrize("kind", ["quad", "delaunay"])
def test_a_channel_with_inlet_and_outlet(kind: str) -> None:
    mesh = FVMesh.of(shapes.rectangle(1 / 10, 2.0, 1.0, kind=kind, seed=1))
    boundary = {
        "left": Inlet(lambda x: torch.stack([x[:, 1] * (1 - x[:, 1]), 0 * x[:, 0]], 1)),
        "right": PressureOutlet(3.0),
        "*": NoSlip(),
    }
    solver = Projection(mesh, boundary, dt=0.1)
    flow, report = solver.advance(0.0, 30, viscosity=0.1)
    x, y = mesh.geometry().centroid.unbind(1)
    torch.testing.assert_close(flow.velocity[:, 0], y * (1 - y), atol=4e-3, rtol=0)
    torch.testing.assert_close(flow.pressure, 3 + 0.2 * (2 - x), atol=2e-2, rtol=0)
    assert report.imbalance < 1e-12


@pytest.mark.parametrize("held", [Slip(), Symmetry()])
@pytest.mark.parametrize("angle", [0.0, 0.5])
def test_walls_without_friction_let_a_uniform_flow_pass(held: Slip | Symmetry, angle: float) -> None:
    mesh = shapes.square(0.2, seed=1)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turned = FVMesh.of(Mesh(mesh.points @ turn, mesh.cells, mesh.boundary))
    along = torch.tensor(turn[0])
    solver = Projection(turned, {"left": Inlet(1.0), "right": PressureOutlet(), "*": held}, dt=0.02)
    flow, _ = solver.advance(along, 10, viscosity=0.1)
    torch.testing.assert_close(flow.velocity, along.expand_as(flow.velocity), atol=1e-10, rtol=0)


def mixed() -> tuple[Projection, dict[str, Tensor], Callable[..., Tensor]]:
    """A flow with every kind of condition, its parameters, and a number that depends on them."""
    mesh = FVMesh.of(shapes.square(0.25, seed=1))
    kept = {"left": Slip(), "right": PressureOutlet(lambda x: x[:, 1]), "bottom": Inlet(0.1)}
    generator = torch.Generator().manual_seed(0)
    random = lambda: 0.3 * torch.randn(mesh.num_cells, 2, generator=generator, dtype=torch.float64)  # noqa: E731
    at = {"viscosity": torch.tensor(0.02).double(), "initial": random(), "lid": torch.tensor(0.4).double()}
    solver = Projection(mesh, {"top": NoSlip(), **kept}, dt=0.03)

    def outcome(
        viscosity: Tensor,
        initial: Tensor,
        lid: Tensor,
        body_force: Tensor,
        points: Tensor | None = None,
        **options: Any,
    ) -> Tensor:
        made = solver if points is None else Projection(mesh, {"top": NoSlip(), **kept}, dt=0.03, points=points)
        wall = NoSlip(Timed(lambda time: torch.stack([lid * (1 + time), 0 * lid])))
        settings = {"viscosity": viscosity, "body_force": body_force, "boundary": {"top": wall, **kept}}
        flow, _ = made.advance(initial, 7, **settings)
        held = made.force(flow, "top", viscosity=viscosity, boundary=settings["boundary"])
        return energy(solver, flow) + (flow.pressure * mesh.geometry().volume).sum() + held.sum()

    return solver, {**at, "body_force": random()}, outcome


def differences(outcome: Callable[..., Tensor], at: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    """Each derivative along a random direction is that of central differences."""
    for name, slope in found.items():
        way = torch.randn(slope.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        step = (1e-6 if name == "points" else 1e-5) * way
        with torch.no_grad():
            high, low = (outcome(**{**at, name: at[name] + sign * step}) for sign in (1, -1))
        found_along = float((slope * step).sum())
        assert found_along == pytest.approx(float(high - low) / 2, rel=1e-6), name


def test_derivatives_equal_differences_with_and_without_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    solver, at, outcome = mixed()
    at["points"] = solver.mesh.points
    found = []
    for memory in (2**30, 0):
        monkeypatch.setattr(stretches, "MEMORY", memory)
        asked = {name: value.clone().requires_grad_() for name, value in at.items()}
        found.append(torch.autograd.grad(outcome(**asked), list(asked.values())))
    for a, b in zip(*found):
        torch.testing.assert_close(a, b, atol=0, rtol=1e-12)
    differences(outcome, at, dict(zip(at, found[0])))


@pytest.mark.parametrize("kind", ["quad", "delaunay"])
@pytest.mark.parametrize("closed", [True, False])
def test_derivatives_by_the_nodes(kind: str, closed: bool) -> None:
    mesh = FVMesh.of(shapes.square(0.25, kind=kind, seed=1))
    lid = {"top": NoSlip((1.0, 0.0)), "*": NoSlip()} if closed else {"*": Inlet(0.0), "right": PressureOutlet()}
    swirl = lambda x: torch.stack([(3 * x[:, 1]).sin(), (2 * x[:, 0]).cos()], 1)  # noqa: E731
    inside = ((mesh.points > 1e-9) & (mesh.points < 1 - 1e-9)).all(1, keepdim=True)
    zero = torch.zeros_like(mesh.points)

    def outcome(points: Tensor) -> Tensor:
        solver = Projection(mesh, lid, dt=0.05, points=mesh.points + inside * points)
        flow, _ = solver.advance(swirl, 5, viscosity=0.05, body_force=lambda x: torch.stack([x[:, 1], 0 * x[:, 0]], 1))
        return (flow.velocity**2).sum() + (flow.pressure**3).sum() + (flow.flux**2).sum()

    asked = zero.clone().requires_grad_()
    differences(outcome, {"points": zero}, {"points": torch.autograd.grad(outcome(asked), asked)[0]})


def test_what_is_made_of_flows_on_the_way_has_derivatives(monkeypatch: pytest.MonkeyPatch) -> None:
    at, solver = {"viscosity": torch.tensor(0.02).double()}, cavity(4)

    def outcome(viscosity: Tensor) -> Tensor:
        drag: list[Tensor] = []
        told = lambda flow: drag.append(solver.force(flow, "top", viscosity=viscosity)[0] ** 2)  # noqa: E731
        solver.advance(0.0, 9, viscosity=viscosity, on_step=told)
        return torch.stack(drag).sum()

    for memory in (2**30, 0):
        monkeypatch.setattr(stretches, "MEMORY", memory)
        asked = at["viscosity"].clone().requires_grad_()
        differences(outcome, at, {"viscosity": torch.autograd.grad(outcome(asked), asked)[0]})


def test_second_derivatives() -> None:
    _, at, outcome = mixed()

    def slope(nu: float) -> tuple[float, float]:
        viscosity = torch.tensor(nu, dtype=torch.float64, requires_grad=True)
        value = outcome(**{**at, "viscosity": viscosity})
        (first,) = torch.autograd.grad(value, viscosity, create_graph=True)
        return float(first.detach()), float(torch.autograd.grad(first, viscosity)[0])

    assert slope(0.02)[1] == pytest.approx((slope(0.02 + 1e-6)[0] - slope(0.02 - 1e-6)[0]) / 2e-6, rel=1e-5)


def test_what_derivatives_go_through_again_counts_once() -> None:
    solver, at, _ = mixed()
    seen: list[float] = []
    nu = at["viscosity"].requires_grad_()
    flow, report = solver.advance(at["initial"], 10, viscosity=nu, on_step=lambda flow: seen.append(flow.time))
    flow.velocity.sum().backward()
    assert report.steps == len(seen) == 10
    assert nu.grad is not None


def test_a_run_in_parts_is_the_run() -> None:
    solver = cavity()
    whole, _ = solver.advance(0.0, 8, viscosity=0.01)
    half, _ = solver.advance(0.0, 3, viscosity=0.01)
    rest, _ = solver.advance(half, 5, viscosity=0.01)
    assert torch.equal(whole.velocity, rest.velocity)
    assert torch.equal(whole.pressure, rest.pressure)


def test_multigrid_gives_what_the_direct_solver_gives() -> None:
    a, b = (cavity(method=method).advance(0.0, 5, viscosity=0.05)[0] for method in ("direct", "multigrid"))
    torch.testing.assert_close(a.velocity, b.velocity, atol=1e-9, rtol=0)
    torch.testing.assert_close(a.pressure, b.pressure, atol=1e-8, rtol=0)


@pytest.mark.parametrize("kind", ["tetra", "hexahedron"])
def test_three_dimensions(kind: str) -> None:
    mesh = FVMesh.of(shapes.cube(0.25, kind=kind))
    solver = Projection(mesh, {"top": NoSlip((1.0, 0.0, 0.0)), "*": NoSlip()}, dt=0.02)
    flow, report = solver.advance(0.0, 10, viscosity=0.1)
    assert report.imbalance < 1e-12
    assert 0.1 < float(flow.velocity[:, 0].max()) < 1
    assert norm(solver, flow.velocity[:, 2]) < 0.1 * norm(solver, flow.velocity[:, 0])


def test_a_step_too_long_is_refused_with_one_that_is_not() -> None:
    with pytest.raises(SolverError, match=r"Courant number is .* in cell \d+ at time .*take dt below"):
        cavity(dt=1.0).advance((3.0, 0.0), 5, viscosity=0.01)


def test_a_flow_that_blows_up_is_refused() -> None:
    solver = cavity()
    flow = solver.start(0.0)
    broken = flow._replace(velocity=flow.velocity.index_fill(0, torch.tensor([3]), math.nan))
    with pytest.raises(SolverError, match="not finite in cell 3"):
        solver.advance(broken, 1, viscosity=0.01)
    with pytest.raises(SolverError, match=r"Courant|not finite"):
        cavity(courant=math.inf).advance(0.0, 50, viscosity=0.01, body_force=Timed(lambda t: (1e300 * t, 0.0)))


@pytest.mark.parametrize("viscosity", [0.0, -1.0, math.nan, torch.ones(2)])
def test_a_viscosity_is_one_positive_number(viscosity: float | Tensor) -> None:
    with pytest.raises(ConfigError, match="viscosity"):
        cavity().advance(0.0, 1, viscosity=viscosity)


def test_what_flows_into_a_closed_mesh_has_to_leave_it() -> None:
    solver = Projection(FVMesh.of(shapes.square(0.5)), {"left": Inlet(1.0), "*": NoSlip()}, dt=0.1)
    with pytest.raises(ConfigError, match="1 more flows into the mesh"):
        solver.advance(0.0, 1, viscosity=1.0)


def test_what_cannot_be_solved_is_refused() -> None:
    mesh = shapes.square(0.5)
    with pytest.raises(ConfigError, match="dt is 0"):
        Projection(FVMesh.of(mesh), {"*": NoSlip()}, dt=0.0)
    with pytest.raises(MeshError, match="points have shape"):
        Projection(FVMesh.of(mesh), {"*": NoSlip()}, dt=0.1, points=torch.zeros(3, 2))
    with pytest.raises(ConfigError, match="dual"):
        Projection(FVMesh.of(mesh, kind="dual"), {"*": NoSlip()}, dt=0.1)
    with pytest.raises(ConfigError, match="condition Dirichlet"):
        Projection(FVMesh.of(mesh), {"*": Dirichlet()}, dt=0.1)
    with pytest.raises(ConfigError, match="made for NoSlip"):
        cavity().advance(0.0, 1, viscosity=1.0, boundary={"*": Slip()})
    with pytest.raises(ConfigError, match="patch 'side' is not in the mesh"):
        cavity().force(cavity().start(0.0), "side", viscosity=1.0)


GHIA_Y = [0.9766, 0.9688, 0.9609, 0.9531, 0.8516, 0.7344, 0.6172, 0.5, 0.4531, 0.2813, 0.1719, 0.1016, 0.0703, 0.0625]
GHIA_U = [0.84123, 0.78871, 0.73722, 0.68717, 0.23151, 0.00332, -0.13641, -0.20581, -0.21090, -0.15662]
GHIA_U += [-0.10150, -0.06434, -0.04775, -0.04192]
GHIA_X = [0.9688, 0.9609, 0.9531, 0.9453, 0.9063, 0.8594, 0.8047, 0.5, 0.2344, 0.2266, 0.1563, 0.0938, 0.0781, 0.0703]
GHIA_V = [-0.05906, -0.07391, -0.08864, -0.10313, -0.16914, -0.22445, -0.24533, 0.05454, 0.17527, 0.17507]
GHIA_V += [0.16077, 0.12317, 0.10890, 0.10091]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "n"), [("quad", 32), ("delaunay", 24)])
def test_the_cavity_at_reynolds_100_becomes_that_of_ghia(kind: str, n: int) -> None:
    """Ghia, Ghia and Shin 1982, J. Comput. Phys. 48, 387, tables I and II."""
    solver = cavity(n, kind, 0.01)
    with torch.no_grad():
        flow, report = solver.advance(0.0, 2000, viscosity=0.01)
    g, mesh = solver.mesh.geometry(), solver.mesh
    wall = torch.zeros(mesh.num_faces, 2, dtype=torch.float64)
    wall[mesh.patches["top"], 0] = 1.0
    at = torch.cat([g.centroid, g.center[mesh.num_inner :]]).numpy()
    u, v = torch.cat([flow.velocity, wall[mesh.num_inner :]]).numpy().T
    upright, level = (np.column_stack(c) for c in ((np.full(14, 0.5), GHIA_Y), (GHIA_X, np.full(14, 0.5))))
    np.testing.assert_allclose(griddata(at, u, upright, method="cubic"), GHIA_U, atol=0.012)
    np.testing.assert_allclose(griddata(at, v, level, method="cubic"), GHIA_V, atol=0.012)
    assert report.imbalance < 1e-12
