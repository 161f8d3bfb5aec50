"""Friction and heat in a gas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv import (
    Compressible,
    CompressibleFlow,
    FarField,
    IsothermalWall,
    Laminar,
    NoSlip,
    PressureOutlet,
    PseudoTime,
    Slip,
    Symmetry,
    UnsteadyCompressible,
)
from gno.fv.linear.coloring import color, colored_jacobian
from gno.mesh import Mesh, shapes
from tests.fv.meshes import MESHES

SCHEMES = ["roe", "hllc", "jst"]
RATIO, PRANDTL = 1.4, 0.72
AIRFOIL = shapes.airfoil_o(shapes.naca("0012"), around=8, outward=3)


def disturbed(solver: Compressible, seed: int = 0) -> tuple[Tensor, object]:
    free = solver.free_stream(mach=0.7, alpha=3.0, reynolds=50.0)
    u = free.gas.conserved(RATIO).expand(solver.mesh.num_cells, -1)
    noise = torch.rand(u.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return u * (0.9 + 0.2 * noise), solver.parameters(free)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", MESHES)
def test_the_free_stream_is_preserved(name: str, scheme: str) -> None:
    solver = Compressible(MESHES[name], {"*": FarField()}, scheme=scheme, viscous=Laminar(sutherland=0.4))
    free = solver.free_stream(mach=0.8, alpha=20.0, reynolds=10.0)
    u = free.gas.conserved(RATIO).expand(solver.mesh.num_cells, -1)
    assert float(solver.residual(u, solver.parameters(free)).abs().max()) < 1e-12


@pytest.mark.parametrize("scheme", SCHEMES)
def test_jacobian_equals_that_of_tangents(scheme: str) -> None:
    walls = {"airfoil": NoSlip([0.1, 0.2]), "farfield": PressureOutlet(0.7)}
    if scheme == "hllc":
        walls["airfoil"] = IsothermalWall(1.3, [0.1, 0.2])
    solver = Compressible(AIRFOIL, walls, scheme=scheme, viscous=Laminar(sutherland=0.4))
    u, theta = disturbed(solver)
    values, pattern = solver.balance.jacobian(u, theta)
    expected = colored_jacobian(lambda v: solver.residual(v, theta), u, pattern, color(pattern))
    assert float((values - expected).abs().max()) < 1e-11 * float(expected.abs().max())


@pytest.mark.parametrize("wall", [NoSlip([0.1, 0.2, 0.0]), IsothermalWall(1.3)])
def test_jacobian_equals_that_of_tangents_in_space(wall: NoSlip | IsothermalWall) -> None:
    held = {"left": FarField(), "right": Symmetry(), "*": wall}
    solver = Compressible(shapes.cube(0.5), held, scheme="roe", viscous=Laminar())
    u, theta = disturbed(solver)
    values, pattern = solver.balance.jacobian(u, theta)
    expected = torch.autograd.functional.jacobian(lambda v: solver.residual(v, theta).flatten(), u).flatten(1)
    assert float((torch.from_numpy(pattern.csr(values).todense()) - expected).abs().max()) < 1e-11 * float(
        expected.abs().max()
    )


def test_jacobian_is_exact_with_the_vortex_of_the_lift_too() -> None:
    held = {"airfoil": NoSlip(), "farfield": FarField(vortex=True)}
    solver = Compressible(AIRFOIL, held, scheme="roe", viscous=Laminar())
    u, theta = disturbed(solver)
    values, pattern, _, beside = solver.balance.linearized(u, theta)
    found = torch.from_numpy(pattern.csr(values).todense()) + torch.outer(beside.column, beside.row)
    expected = torch.autograd.functional.jacobian(lambda v: solver.residual(v, theta).flatten(), u).flatten(1)
    assert float((found - expected).abs().max()) < 1e-11 * float(expected.abs().max())


def swell(x: Tensor) -> Tensor:
    return 1 + 0.2 * torch.exp(-9 * ((x - 0.4) ** 2).sum(1))


@pytest.mark.parametrize("warm", [False, True])
def test_gas_in_a_closed_box_rests_at_its_walls_and_loses_nothing(warm: bool) -> None:
    walls = {"*": IsothermalWall(1.1) if warm else NoSlip()}
    solver = Compressible(shapes.square(0.25, kind="perturbed", seed=1), walls, scheme="roe", viscous=Laminar())
    stream, volume = solver.free_stream(mach=0.2, reynolds=5.0), solver.mesh.geometry().volume
    wall, flows = solver.mesh.owner[solver.mesh.num_inner :].unique(), []
    for gas in (UnsteadyCompressible(solver), UnsteadyCompressible(solver, method="implicit", step=0.02)):
        p = 1.1 / RATIO if warm else 1 / RATIO
        start = gas.start(density=swell, velocity=0.0, pressure=lambda x, p=p: p * swell(x), stream=stream)
        flow = gas.advance(start, 0.08)
        change = (volume[:, None] * (flow.state - start.state)).sum(0)
        assert float(change[[0] if warm else [0, 3]].abs().max()) < 1e-12
        assert float(flow.velocity[wall].abs().max()) < 1e-12
        if warm:
            assert float((RATIO * flow.pressure / flow.density - 1.1)[wall].abs().max()) < 1e-12
        flows.append(flow.state)
    assert float((flows[0] - flows[1]).abs().max()) < 1e-4
    assert float((flows[0] - start.state).abs().max()) > 0.02


@pytest.fixture(scope="module")
def stuck() -> tuple[Compressible, CompressibleFlow]:
    mesh = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=6)
    solver = Compressible(mesh, {"airfoil": NoSlip(), "farfield": FarField()}, scheme="roe", viscous=Laminar())
    return solver, solver.solve(mach=0.4, alpha=3.0, reynolds=100.0, method=PseudoTime(tolerance=1e-12))


def test_the_force_on_a_wall_is_what_the_flow_loses(stuck: tuple[Compressible, CompressibleFlow]) -> None:
    solver, flow = stuck
    theta = solver.parameters(solver.free_stream(mach=0.4, alpha=3.0, reynolds=100.0))
    g, _ = solver.balance.slopes(flow.state, theta)
    out = solver.balance.outer_flux(*solver.balance.border_side(flow.state, g), theta)
    lost = -out[solver.boundary.rows(FarField), 1:3].sum(0)
    assert float((flow.force("airfoil") - lost).abs().max()) < 1e-9
    assert float(flow.force("airfoil", "friction")[0]) > 0.01
    assert float(flow.velocity[flow.wall("airfoil")].abs().max()) < 1e-9
    both = [flow.coefficients("airfoil", part).cd for part in ("pressure", "friction")]
    assert float((sum(both) - flow.cd).abs()) < 1e-14
    assert tuple(flow.skin_friction("airfoil").shape) == (16, 2)


def test_derivatives_equal_central_differences(stuck: tuple[Compressible, CompressibleFlow]) -> None:
    solver, start = stuck
    points = solver.mesh.points
    way = torch.from_numpy(1e-2 * np.random.default_rng(0).standard_normal(points.shape))
    way[(points**2).sum(1) > 4] = 0

    def forces(at: Tensor) -> Tensor:
        moved, method = points + at[3] * 1e-2 * way, PseudoTime(tolerance=1e-12)
        flow = solver.solve(mach=at[0], alpha=at[1], reynolds=at[2], points=moved, initial=start, method=method)
        return torch.stack([flow.cl, flow.cd, flow.coefficients("airfoil", "friction").cd])

    at = torch.tensor([0.4, 3.0, 100.0, 0.0], dtype=torch.float64)
    exact = torch.autograd.functional.jacobian(forces, at)
    for k, h in enumerate([1e-4, 1e-3, 1e-2, 1e-2]):
        step = h * torch.eye(4, dtype=torch.float64)[k]
        difference = (forces(at + step) - forces(at - step)) / (2 * h)
        assert float((difference - exact[:, k]).abs().max()) < 1e-6 * float(exact[:, k].abs().max())


def test_samples_and_units_of_the_user(stuck: tuple[Compressible, CompressibleFlow]) -> None:
    solver, flow = stuck
    reynolds = torch.tensor([100.0, 60.0], dtype=torch.float64)
    both = solver.solve(mach=0.4, alpha=3.0, reynolds=reynolds, density=1.2, pressure=1e5, initial=flow)
    assert float((both.cd[0] - flow.cd).abs()) < 1e-8
    assert float(both.cd[1]) > 1.1 * float(both.cd[0])
    speed = both.stream.velocity.norm(dim=-1)[:, 0]
    assert torch.allclose(both.viscosity[:, 0], 1.2 * speed / reynolds, rtol=1e-12)
    assert float((both.skin_friction("airfoil")[0] - flow.skin_friction("airfoil")).abs().max()) < 1e-6


def test_what_cannot_be_used_is_refused(stuck: tuple[Compressible, CompressibleFlow]) -> None:
    around = {"airfoil": NoSlip(), "farfield": FarField()}
    with pytest.raises(ConfigError, match=r"condition NoSlip; a gas without friction does not stick to walls"):
        Compressible(AIRFOIL, around)
    with pytest.raises(ConfigError, match=r"there is no Reynolds number; the gas has friction"):
        stuck[0].solve(mach=0.4)
    with pytest.raises(ConfigError, match=r"there is a Reynolds number; the gas has no friction"):
        Compressible(AIRFOIL, {"airfoil": Slip(), "farfield": FarField()}).solve(mach=0.4, reynolds=100.0)
    with pytest.raises(ConfigError, match=r"reynolds is -1"):
        stuck[0].solve(mach=0.4, reynolds=-1.0)
    with pytest.raises(ConfigError, match=r"prandtl is 0"):
        Laminar(prandtl=0.0)
    cold = Compressible(AIRFOIL, {**around, "airfoil": IsothermalWall(-1.0)}, viscous=Laminar())
    with pytest.raises(ConfigError, match=r"the temperature on patch 'airfoil' is -1"):
        cold.parameters(cold.free_stream(mach=0.4, reynolds=100.0))


def plate(along: int, up: int) -> Mesh:
    """Quads above a plate from 0 to 1 behind a plane of symmetry, thin at the plate and short at its edge."""
    ahead = -1.0 * np.linspace(0, 1, along // 3 + 1)[:0:-1] ** 2
    x = np.concatenate([ahead, np.linspace(0, 1, along + 1) ** 1.5])
    y = 2.0 * np.expm1(7 * np.linspace(0, 1, up + 1)) / np.expm1(7)
    number = np.arange(len(x) * len(y)).reshape(len(y), len(x))
    quads = np.stack([number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]], -1).reshape(-1, 4)

    def sides(nodes: np.ndarray) -> np.ndarray:
        return np.stack([nodes[:-1], nodes[1:]], 1)

    first = len(ahead)
    patches = {
        "symmetry": sides(number[0, : first + 1]),
        "plate": sides(number[0, first:]),
        "outlet": sides(number[:, -1]),
        "farfield": np.concatenate([sides(number[:, 0]), sides(number[-1])]),
    }
    points = np.stack(np.broadcast_arrays(x, y[:, None]), -1).reshape(-1, 2)
    return Mesh(points, {"quad": quads}, patches)


@pytest.mark.long
def test_a_flat_plate_has_the_friction_of_blasius() -> None:
    mesh, reynolds = plate(36, 32), 1e4
    held = {"plate": NoSlip(), "symmetry": Symmetry(), "outlet": PressureOutlet(1 / RATIO), "farfield": FarField()}
    flow = Compressible(mesh, held, scheme="roe", viscous=Laminar()).solve(mach=0.2, reynolds=reynolds)
    x = mesh.points[flow.wall("plate").numpy(), 0]
    found = flow.skin_friction("plate")[:, 0].numpy()
    middle = (x > 0.2) & (x < 0.9)
    ratio = found[middle] * np.sqrt(reynolds * x[middle]) / 0.664
    print(f"{mesh.num_points} nodes, {flow.report.iterations} steps: {ratio.min():.4f} to {ratio.max():.4f} of Blasius")
    print(f"drag {float(flow.cd):.5f}, of Blasius {1.328 / reynolds**0.5:.5f}")
    assert np.all(np.abs(ratio - 1) < 0.03)
