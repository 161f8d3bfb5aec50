"""Steady flow of a gas about an airfoil and through channels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv import Compressible, CompressibleFlow, FarField, NoSlip, PressureOutlet, PseudoTime, Slip, StagnationInlet
from gno.fv.compressible.gas import Gas
from gno.fv.compressible.positivity import reach, refuse_negative
from gno.fv.linear.sparse import factorize
from gno.fv.nonlinear.report import ConvergenceError
from gno.mesh import Mesh, shapes
from tests.fv.meshes import renumbered

AIRFOIL = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=6)
AROUND = {"airfoil": Slip(), "farfield": FarField()}
SCHEMES = ["roe", "hllc", "jst"]
TIGHT = PseudoTime(tolerance=1e-12)


def same(a: Tensor, b: Tensor, tolerance: float) -> bool:
    return float((a - b).detach().abs().max()) < tolerance


@pytest.mark.parametrize("mach", [0.5, 0.8])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_converges_by_ten_orders(scheme: str, mach: float) -> None:
    flow = Compressible(AIRFOIL, AROUND, scheme=scheme).solve(mach=mach, alpha=1.25)
    assert flow.report.converged
    assert flow.report.residual < 1e-10
    if scheme == "jst":  # upwind schemes begin near the flow of the central one
        assert flow.report.history[0] == pytest.approx(1.0)
    else:
        assert flow.report.history[0] < 1.0
    assert 0.1 < float(flow.cl) < 0.35
    assert float(flow.pressure.min()) > 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_derivatives_equal_central_differences(scheme: str) -> None:
    solver = Compressible(AIRFOIL, AROUND, scheme=scheme)
    way = torch.from_numpy(1e-2 * np.random.default_rng(0).standard_normal(AIRFOIL.points.shape))
    way[AIRFOIL.boundary["farfield"].reshape(-1)] = 0
    start = solver.solve(mach=0.7, alpha=2.0)

    def forces(at: Tensor) -> Tensor:
        moved = solver.mesh.points + at[2] * 1e-2 * way
        flow = solver.solve(mach=at[0], alpha=at[1], points=moved, initial=start, method=TIGHT)
        return torch.stack([flow.cl, flow.cd])

    at = torch.tensor([0.7, 2.0, 0.0], dtype=torch.float64)
    exact = torch.autograd.functional.jacobian(forces, at)
    for k, h in enumerate([1e-5, 1e-4, 1e-3]):
        step = h * torch.eye(3, dtype=torch.float64)[k]
        difference = (forces(at + step) - forces(at - step)) / (2 * h)
        assert same(difference, exact[:, k], 1e-6 * float(exact[:, k].abs().max()))


def test_derivatives_of_density_and_pressure_are_those_of_units() -> None:
    solver = Compressible(AIRFOIL, AROUND)
    density = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    pressure = torch.tensor(1e5, dtype=torch.float64, requires_grad=True)
    flow = solver.solve(mach=0.4, density=density, pressure=pressure)
    assert same(flow.stream.pressure, pressure, 1e-6)
    flow.velocity[7, 0].backward()  # goes with the speed of sound
    speed = float(flow.velocity[7, 0].detach())
    assert float(density.grad) == pytest.approx(-speed / (2 * 1.2), rel=1e-6)
    assert float(pressure.grad) == pytest.approx(speed / 2e5, rel=1e-6)


def test_samples_equal_flows_one_by_one() -> None:
    solver = Compressible(AIRFOIL, AROUND)
    machs, alphas = torch.tensor([0.4, 0.8], dtype=torch.float64), torch.tensor([0.0, 2.0], dtype=torch.float64)
    machs.requires_grad_()
    both = solver.solve(mach=machs, alpha=alphas, method=TIGHT)
    slope = torch.autograd.grad(both.cl.sum(), machs)[0]
    for sample in range(2):
        mach = machs[sample].detach().requires_grad_()
        alone = solver.solve(mach=mach, alpha=alphas[sample], method=TIGHT)
        assert same(both.pressure[sample], alone.pressure, 1e-9)
        assert same(both.cd[sample], alone.cd, 1e-9)
        assert same(slope[sample], torch.autograd.grad(alone.cl, mach)[0], 1e-7)


def test_a_solution_is_a_start_from_which_few_steps_are_needed() -> None:
    solver = Compressible(AIRFOIL, AROUND)
    flow = solver.solve(mach=0.6, alpha=1.0)
    assert solver.solve(mach=0.6, alpha=1.0, initial=flow).report.iterations == 0
    again = solver.solve(mach=0.605, alpha=1.1, initial=flow, density=1.2, pressure=1e5)
    assert 0 < again.report.iterations < 0.7 * flow.report.iterations


def test_numbers_of_nodes_do_not_matter() -> None:
    other, node, _ = renumbered(AIRFOIL, 0)
    first = Compressible(AIRFOIL, AROUND).solve(mach=0.6, alpha=2.0, method=TIGHT)
    second = Compressible(other, AROUND).solve(mach=0.6, alpha=2.0, method=TIGHT)
    assert same(second.pressure, first.pressure[node], 1e-9)
    assert same(second.cl, first.cl, 1e-9)


def test_a_turned_mesh_in_a_turned_stream_has_the_same_forces() -> None:
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = Mesh(AIRFOIL.points @ turn, AIRFOIL.cells, AIRFOIL.boundary)
    first = Compressible(AIRFOIL, AROUND).solve(mach=0.6, alpha=2.0, method=TIGHT)
    second = Compressible(turned, AROUND).solve(mach=0.6, alpha=32.0, method=TIGHT)
    assert same(second.pressure, first.pressure, 1e-9)
    assert same(second.velocity, first.velocity @ torch.from_numpy(turn), 1e-9)
    assert same(torch.stack(second.coefficients("airfoil")), torch.stack(first.coefficients("airfoil")), 1e-9)


def test_a_symmetric_airfoil_in_a_symmetric_stream_has_no_lift() -> None:
    flow = Compressible(AIRFOIL, AROUND).solve(mach=0.5)
    assert abs(float(flow.cl)) < 1e-9


def test_lift_to_the_left_and_drag_along_the_stream() -> None:
    flow = Compressible(AIRFOIL, AROUND).solve(mach=0.5, alpha=3.0)
    force = flow.force("airfoil") / flow.dynamic_pressure
    along = torch.tensor([np.cos(np.deg2rad(3.0)), np.sin(np.deg2rad(3.0))])
    assert float(flow.cl) > 0.2
    assert same(flow.cd, force @ along, 1e-12)


def test_a_nozzle_carries_the_same_mass_through_both_ends() -> None:
    mesh = shapes.rectangle(0.125, 2.0, 1.0, kind="quad")
    x, y = mesh.points.T
    narrow = Mesh(np.stack([x, y * (1 - 0.2 * np.sin(np.pi * x / 2) ** 2)], 1), mesh.cells, mesh.boundary)
    total, back = 1.0, 0.85
    walls = {"left": StagnationInlet(total, 1.4), "right": PressureOutlet(back), "*": Slip()}
    solver = Compressible(narrow, walls)
    flow = solver.solve(mach=0.5, density=1.4, pressure=1.0)
    outlet = np.unique(narrow.boundary["right"])
    # what is left of the pressure at the outlet says the Mach number, where nothing is lost on the way
    mach = ((total / back) ** (0.4 / 1.4) - 1) * 2 / 0.4
    assert same(flow.mach[outlet].mean(), torch.tensor(mach**0.5), 0.02)
    assert float(flow.mach.max()) < 1


def test_gas_that_comes_in_faster_than_sound_through_an_outlet_is_refused() -> None:
    mesh = shapes.rectangle(0.25, 1.0, 1.0, kind="quad")
    solver = Compressible(mesh, {"left": PressureOutlet(1 / 1.4), "right": FarField(), "*": Slip()})
    with pytest.raises(SolverError, match=r"comes in at Mach 2 through patch 'left', at node \d+"):
        solver.solve(mach=2.0)


def test_no_convergence_is_an_error_with_its_report() -> None:
    with pytest.raises(ConvergenceError, match=r"after 2 iterations") as error:
        Compressible(AIRFOIL, AROUND).solve(mach=0.8, method=PseudoTime(max_iterations=2))
    assert error.value.report.iterations == 2
    assert error.value.exit_code == 5


def test_pressures_that_would_fall_below_nought_are_recovered() -> None:
    taken: list[float] = []
    solver = Compressible(AIRFOIL, AROUND)
    flow = solver.solve(mach=3.0, alpha=4.0, method=PseudoTime(cfl=1e4), on_step=lambda _, rest: taken.append(rest))
    with torch.no_grad():
        free = solver.free_stream(mach=3.0, alpha=4.0)
        u, theta = free.gas.conserved(1.4).expand(AIRFOIL.num_points, -1), solver.parameters(free)
        values, pattern = solver.balance.jacobian(u, theta)
        step = factorize(values, pattern).solve(-solver.residual(u, theta).reshape(-1)).reshape(u.shape)
    assert float(Gas.of(u + step, 1.4).pressure.min()) < 0  # where Newton's first step by itself would lead
    assert float(flow.pressure.min()) > 0
    assert flow.report.converged


def test_a_node_that_no_step_keeps_positive_is_named() -> None:
    u = Gas(torch.ones(5), torch.zeros(5, 2), torch.ones(5)).conserved(1.4)
    step = torch.zeros_like(u)
    step[3, -1] = -1e12
    assert reach(u, step, 1.4).tolist() == [0.0]
    with pytest.raises(SolverError, match=r"positive: they would fall to -4e\+11 times what they are at node 3"):
        refuse_negative(u, step, 1.4)


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"scheme 'ausm' is unknown; there are roe, hllc, jst"):
        Compressible(AIRFOIL, AROUND, scheme="ausm")
    with pytest.raises(ConfigError, match=r"patch 'airfoil' has the condition NoSlip"):
        Compressible(AIRFOIL, {"airfoil": NoSlip(), "*": FarField()})
    with pytest.raises(ConfigError, match=r"heat_ratio is 1.0"):
        Compressible(AIRFOIL, AROUND, heat_ratio=1.0)
    solver = Compressible(AIRFOIL, AROUND)
    with pytest.raises(ConfigError, match=r"mach is 0; it has to be larger than 0"):
        solver.solve(mach=0.0)
    with pytest.raises(ConfigError, match=r"alpha is nan"):
        solver.solve(mach=0.5, alpha=float("nan"))
    with pytest.raises(ConfigError, match=r"numbers of samples differ: mach \(2,\), alpha \(3,\)"):
        solver.solve(mach=torch.ones(2), alpha=torch.ones(3))
    with pytest.raises(ConfigError, match=r"cfl is -1"):
        PseudoTime(cfl=-1.0)
    with pytest.raises(ConfigError, match=r"the pressure on patch 'farfield' is -1"):
        Compressible(AIRFOIL, {"airfoil": Slip(), "farfield": PressureOutlet(-1.0)}).solve(mach=0.5)


def test_a_far_field_that_is_near_is_warned_of() -> None:
    mesh = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=6, far_field=5.0)
    with pytest.warns(
        UserWarning, match=r"is 4\.\d+ chords from the body.*less than 10; .* or FarField\(vortex=True\)"
    ):
        Compressible(mesh, AROUND)
    with pytest.warns(UserWarning, match=r"less than 5; take a mesh that reaches further$"):
        Compressible(mesh, {"airfoil": Slip(), "farfield": FarField(vortex=True)})
    further = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=6, far_field=6.0)
    Compressible(further, {"airfoil": Slip(), "farfield": FarField(vortex=True)})  # warnings are errors


def test_without_a_wall_there_are_no_forces() -> None:
    flow = Compressible(shapes.square(0.5), {"*": FarField()}).solve(mach=0.5)
    assert flow.report.iterations == 0
    with pytest.raises(ConfigError, match=r"there is no wall"):
        _ = flow.cl


def test_a_start_on_another_mesh_is_refused() -> None:
    flow: CompressibleFlow = Compressible(shapes.square(0.5), {"*": FarField()}).solve(mach=0.5)
    with pytest.raises(ConfigError, match=r"initial flow has a velocity of shape"):
        Compressible(AIRFOIL, AROUND).solve(mach=0.5, initial=flow)
