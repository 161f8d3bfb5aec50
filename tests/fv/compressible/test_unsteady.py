"""Flow of a gas in time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv import Compressible, FarField, PressureOutlet, Slip, Symmetry, UnsteadyCompressible
from gno.fv.compressible.runge_kutta import RungeKutta
from gno.fv.marching.adaptive import march
from gno.mesh import Mesh, shapes
from gno.testing import observed_order
from tests.fv.meshes import renumbered

RATIO = 1.4
BOX = Compressible(shapes.square(0.25, kind="perturbed", seed=1), {"*": Slip()}, scheme="roe")


def tube(cells: int) -> Mesh:
    """A row of cells from 0 to 1, four times as high as long."""
    x, number = np.linspace(0, 1, cells + 1), np.arange(cells)
    low, high = np.column_stack([x, 0 * x]), np.column_stack([x, 0 * x + 4 / cells])
    above = number + cells + 1
    quads = np.column_stack([number, number + 1, above + 1, above])
    sides = np.concatenate([quads[:, :2], quads[:, 2:]])
    ends = np.array([[0, cells + 1], [cells, 2 * cells + 1]])
    return Mesh(np.concatenate([low, high]), {"quad": quads}, {"sides": sides, "ends": ends})


def sod(ray: np.ndarray) -> np.ndarray:
    """The exact density of Sod's tube on rays x / t: rarefaction, contact and shock (Toro 2009, chapter 4)."""
    k, sound, sound_r = (RATIO - 1) / (RATIO + 1), np.sqrt(RATIO), np.sqrt(RATIO * 0.1 / 0.125)

    def behind_fan(p: float) -> float:
        return 2 * sound / (RATIO - 1) * (1 - p ** ((RATIO - 1) / (2 * RATIO)))

    def behind_shock(p: float) -> float:
        return (p - 0.1) * np.sqrt(2 / ((RATIO + 1) * 0.125) / (p + k * 0.1))

    p = brentq(lambda p: behind_fan(p) - behind_shock(p), 0.1, 1.0, xtol=1e-14)
    speed, tail = behind_fan(p), behind_fan(p) - sound * p ** ((RATIO - 1) / (2 * RATIO))
    shock = sound_r * np.sqrt((RATIO + 1) / (2 * RATIO) * p / 0.1 + (RATIO - 1) / (2 * RATIO))
    fan = (1 - k) - k * np.clip(ray, -sound, tail) / sound
    after = 0.125 * (p / 0.1 + k) / (k * p / 0.1 + 1)
    where = [ray < tail, ray < speed, ray < shock]
    return np.select(where, [fan ** (2 / (RATIO - 1)), p ** (1 / RATIO) + 0 * ray, after + 0 * ray], 0.125)


def sod_error(scheme: str, cells: int) -> float:
    """Of the density at time .2, in the mean."""
    solver = Compressible(tube(cells), {"sides": Symmetry(), "ends": Slip()}, scheme=scheme)
    x = solver.mesh.points[:, 0] - 0.5
    left = (1 - x.sign()) / 2
    gas = UnsteadyCompressible(solver, courant=1.2)
    start = gas.start(density=0.125 + 0.875 * left, velocity=0.0, pressure=0.1 + 0.9 * left)
    flow = gas.advance(start, 0.2)
    volume = solver.mesh.geometry().volume
    exact = torch.from_numpy(sod(x.numpy() / 0.2))
    print(f"{scheme}, {cells} cells: {flow.report.iterations} steps")
    return float((volume * (flow.density - exact).abs()).sum() / volume.sum())


@pytest.mark.parametrize(
    ("scheme", "cells", "bound"),
    [
        ("roe", 400, 2.2e-3),
        pytest.param("hllc", 400, 2.2e-3, marks=pytest.mark.long),
        pytest.param("jst", 400, 5e-3, marks=pytest.mark.long),
    ],
)
def test_tube_of_sod(scheme: str, cells: int, bound: float) -> None:
    error = sod_error(scheme, cells)
    print(f"density in L1: {error:.2e}")
    assert error < bound


def vortex(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gas of constant entropy that goes around the origin; where it is far the stream is that of ``vortex_error``."""
    r2, turn = (x**2).sum(1), torch.stack([-x[:, 1], x[:, 0]], 1)
    heat = 1 - (RATIO - 1) / 8 * torch.exp(1 - r2)
    density = heat ** (1 / (RATIO - 1))
    drift = torch.tensor([0.5, 0.0], dtype=x.dtype)
    return density, drift + turn * torch.exp((1 - r2) / 2)[:, None] / 2, density**RATIO / RATIO


def vortex_error(n: int, scheme: str, kind: str) -> float:
    flat = shapes.square(1 / n, kind=kind, seed=0)
    solver = Compressible(Mesh(10 * flat.points - 5, flat.cells, flat.boundary), {"*": FarField()}, scheme=scheme)
    x, way = solver.mesh.points, torch.tensor([0.5, 0.0], dtype=torch.float64)
    density, velocity, pressure = vortex(x)
    gas = UnsteadyCompressible(solver)
    stream = solver.free_stream(mach=0.5)
    flow = gas.advance(gas.start(density=density, velocity=velocity, pressure=pressure, stream=stream), 1.0)
    missed = flow.density - vortex(x - way)[0]
    return float((solver.mesh.geometry().volume * missed**2).sum().sqrt())


@pytest.mark.parametrize(
    ("scheme", "kind", "sizes", "bound"),
    [
        ("roe", "quad", (20, 40), 5e-3),
        pytest.param("roe", "quad", (32, 64), 1e-3, marks=pytest.mark.long),
        pytest.param("roe", "perturbed", (32, 64), 3e-3, marks=pytest.mark.long),
        pytest.param("jst", "quad", (32, 64), 4e-3, marks=pytest.mark.long),
    ],
)
def test_a_vortex_drifts_at_second_order(scheme: str, kind: str, sizes: tuple[int, ...], bound: float) -> None:
    errors = [vortex_error(n, scheme, kind) for n in sizes]
    order = observed_order([1 / n for n in sizes], errors)
    print(f"{scheme}, {kind}: order {order:.2f}, errors {', '.join(f'{e:.2e}' for e in errors)}")
    assert order > 1.8
    assert errors[-1] < bound


def bump(x: Tensor) -> Tensor:
    return 1 + 0.4 * torch.exp(-9 * ((x - 0.3) ** 2).sum(1))


@pytest.mark.parametrize("scheme", ["roe", "hllc", "jst"])
def test_a_closed_box_loses_nothing(scheme: str) -> None:
    solver = Compressible(shapes.square(0.2, kind="perturbed", seed=1), {"*": Slip()}, scheme=scheme)
    gas, volume = UnsteadyCompressible(solver), solver.mesh.geometry().volume
    start = gas.start(density=bump, velocity=0.0, pressure=bump)
    flow = gas.advance(start, 1.0)
    before, after = ((volume[:, None] * of.state).sum(0) for of in (start, flow))
    assert float((after - before)[[0, 3]].abs().max()) < 1e-12  # walls push, so momentum is not kept
    assert float((flow.density - start.density).abs().max()) > 0.05


def test_momentum_changes_by_the_push_of_the_walls() -> None:
    """What a step of the scheme adds is the mean of the pressure on the walls in its three stages."""
    gas, volume = UnsteadyCompressible(BOX, step=1e-2), BOX.mesh.geometry().volume
    start = gas.start(density=bump, velocity=0.0, pressure=bump)
    theta = BOX.parameters(BOX.free_stream(mach=1.0))
    u, pushed, area = start.state, [], theta.metric.outer_area
    node = BOX.mesh.owner[BOX.mesh.num_inner :]

    def change(state: Tensor) -> Tensor:
        kinetic = (state[:, 1:3] ** 2).sum(1) / state[:, 0] / 2
        pressure = (RATIO - 1) * (state[:, 3] - kinetic)
        pushed.append((pressure[node, None] * area).sum(0))
        return -BOX.residual(state, theta) / volume[:, None]

    end, taken = march(RungeKutta(change, lambda *_: None), u, 1e-2, longest=lambda _: 1e-2)
    first, second, third = pushed[:3]
    gained = (volume[:, None] * (end - u)).sum(0)[1:3]
    assert taken == 1
    assert float((gained + 1e-2 * (first / 6 + second / 6 + 2 * third / 3)).abs().max()) < 1e-14
    assert float((gas.advance(start, 1e-2).state - end).abs().max()) < 1e-14


def test_third_order_in_time() -> None:
    """Against a method of order eight of another library."""
    start, volume = (
        UnsteadyCompressible(BOX).start(density=bump, velocity=0.0, pressure=bump),
        BOX.mesh.geometry().volume,
    )
    theta = BOX.parameters(BOX.free_stream(mach=1.0))

    def change(_: float, u: np.ndarray) -> np.ndarray:
        state = torch.from_numpy(u).reshape(start.state.shape)
        return (-BOX.residual(state, theta) / volume[:, None]).reshape(-1).numpy()

    begin = start.state.reshape(-1).numpy()
    there = solve_ivp(change, (0, 0.4), begin, method="DOP853", rtol=1e-10, atol=1e-10).y[:, -1]
    exact, counts = torch.from_numpy(there).reshape(start.state.shape), (10, 20, 40)
    errors = [
        float((UnsteadyCompressible(BOX, step=0.4 / steps).advance(start, 0.4).state - exact).norm())
        for steps in counts
    ]
    order = observed_order([1 / steps for steps in counts], errors)
    print(f"order in time {order:.2f}, errors {', '.join(f'{e:.2e}' for e in errors)}")
    assert 2.9 < order < 3.2
    assert errors[-1] < 5e-5


def test_the_steps_end_at_the_time_that_is_asked_for() -> None:
    seen: list[tuple[int, float]] = []
    gas = UnsteadyCompressible(BOX, step=0.03)
    flow = gas.advance(
        gas.start(density=1.0, velocity=0.0, pressure=1.0),
        0.1,
        on_step=lambda number, time: seen.append((number, time)),
    )
    assert [number for number, _ in seen] == [1, 2, 3, 4]
    assert [time for _, time in seen] == pytest.approx([0.03, 0.06, 0.09, 0.1])
    assert flow.report.iterations == 4
    assert torch.allclose(flow.pressure, torch.ones_like(flow.pressure), atol=1e-14)


def test_times_and_velocities_are_those_of_the_unit_of_the_user() -> None:
    solver = Compressible(BOX.mesh, {"*": FarField()}, scheme="roe")
    gas = UnsteadyCompressible(solver)
    flows = []
    for density, pressure in [(1.0, 1 / RATIO), (1.2, 1e5)]:
        sound = (RATIO * pressure / density) ** 0.5
        stream = solver.free_stream(mach=0.3, density=density, pressure=pressure)
        start = gas.start(
            density=lambda x, by=density: by * bump(x),
            velocity=[0.3 * sound, 0.0],
            pressure=lambda x, by=pressure: by * bump(x),
            stream=stream,
        )
        flow = gas.advance(start, 0.3 / sound)
        flows.append(torch.stack([flow.density / density, flow.pressure / pressure, flow.mach]))
    assert float((flows[0] - flows[1]).abs().max()) < 1e-12


def test_other_numbers_of_nodes_give_the_same_flow() -> None:
    mesh = shapes.square(0.25, kind="perturbed", seed=1)
    other, old, _ = renumbered(mesh, 3)
    flows = []
    for of in (mesh, other):
        gas = UnsteadyCompressible(Compressible(of, {"*": Slip()}, scheme="roe"))
        flows.append(gas.advance(gas.start(density=bump, velocity=0.0, pressure=bump), 0.2).state)
    assert float((flows[0][old] - flows[1]).abs().max()) < 1e-12


def test_a_steady_flow_stands_still_and_several_go_at_once() -> None:
    around = {"airfoil": Slip(), "farfield": FarField()}
    solver = Compressible(shapes.airfoil_o(shapes.naca("0012"), around=16, outward=6), around)
    gas = UnsteadyCompressible(solver)
    two = solver.solve(mach=torch.tensor([0.3, 0.5], dtype=torch.float64))
    later = gas.advance(two, 0.05)
    assert later.velocity.shape == two.velocity.shape
    assert float((later.state - two.state).abs().max()) < 1e-8


def assert_derivatives_equal_central_differences(gas: UnsteadyCompressible, duration: float) -> None:
    """Of a flow in ``BOX``, by how hot a bump is and how far nodes are moved."""
    way = torch.zeros_like(BOX.mesh.points)
    inside = ((BOX.mesh.points - 0.5).abs() < 0.4).all(1)
    way[inside] = torch.tensor([0.02, 0.01], dtype=torch.float64)

    def probe(at: Tensor) -> Tensor:
        hot = 1 + at[0] * (bump(BOX.mesh.points) - 1)
        start = gas.start(density=1.0, velocity=0.0, pressure=hot)
        flow = gas.advance(start, duration, points=BOX.mesh.points + at[1] * way)
        return (flow.pressure**2 * BOX.mesh.points[:, 0]).sum()

    at = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    (exact,) = torch.autograd.grad(probe(at), at)
    for k in range(2):
        step = 1e-4 * torch.eye(2, dtype=torch.float64)[k]
        difference = (probe(at.detach() + step) - probe(at.detach() - step)) / 2e-4
        assert float((difference - exact[k]).abs()) < 1e-6 * float(exact[k].abs())


def test_derivatives_equal_central_differences() -> None:
    assert_derivatives_equal_central_differences(UnsteadyCompressible(BOX, step=0.02), 0.11)


def test_a_pressure_below_nought_names_the_node() -> None:
    gas = UnsteadyCompressible(BOX, step=1.0)
    start = gas.start(density=1.0, velocity=0.0, pressure=lambda x: torch.where(x[:, 0] < 0.5, 100.0, 1.0).double())
    with pytest.raises(SolverError, match=r"the (density|pressure) at node \d+ is -.* after time 0"):
        gas.advance(start, 2.0)


def test_gas_that_comes_in_faster_than_sound_is_refused() -> None:
    solver = Compressible(BOX.mesh, {"left": PressureOutlet(1.0), "*": Slip()}, scheme="roe")
    gas = UnsteadyCompressible(solver)
    with pytest.raises(SolverError, match=r"gas comes in at Mach .* through patch 'left'"):
        gas.advance(gas.start(density=1.0, velocity=[3.0, 0.0], pressure=1.0), 0.1)


def test_what_cannot_be_used_is_refused() -> None:
    gas = UnsteadyCompressible(BOX)
    start = gas.start(density=1.0, velocity=0.0, pressure=1.0)
    with pytest.raises(ConfigError, match=r"courant is 0"):
        UnsteadyCompressible(BOX, courant=0.0)
    with pytest.raises(ConfigError, match=r"step is nan"):
        UnsteadyCompressible(BOX, step=float("nan"))
    with pytest.raises(ConfigError, match=r"the duration is -1"):
        gas.advance(start, -1.0)
    with pytest.raises(ConfigError, match=r"the pressure at node 0 is -1"):
        gas.start(density=1.0, velocity=0.0, pressure=-1.0)
    with pytest.raises(ConfigError, match=r"no free stream for patch"):
        UnsteadyCompressible(Compressible(BOX.mesh, {"*": FarField()})).start(density=1, velocity=0, pressure=1)
    other = UnsteadyCompressible(Compressible(shapes.square(0.5, kind="quad"), {"*": Slip()}))
    with pytest.raises(ConfigError, match=r"the initial flow has \d+ nodes"):
        other.advance(start, 1.0)
