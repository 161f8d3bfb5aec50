"""Implicit steps of a gas in time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv import Compressible, FarField, Slip, UnsteadyCompressible
from gno.fv.compressible.implicit_runge_kutta import BEFORE, OWN
from gno.fv.nonlinear.report import ConvergenceError
from gno.mesh import Mesh, shapes
from gno.testing import observed_order
from tests.fv.compressible.test_unsteady import BOX, assert_derivatives_equal_central_differences, bump


def end(gas: UnsteadyCompressible, duration: float) -> Tensor:
    return gas.advance(gas.start(density=bump, velocity=0.0, pressure=bump), duration).state


def test_weights_are_those_of_third_order() -> None:
    """The equations of Butcher, and a last stage that is the step, which makes it L-stable."""
    a = np.array([[OWN, 0, 0], [*BEFORE[1], OWN, 0], [*BEFORE[2], OWN]])
    b, c, one = a[-1], a.sum(1), np.ones(3)
    assert np.allclose([b @ one, b @ c, b @ c**2, b @ a @ c], [1, 1 / 2, 1 / 3, 1 / 6], atol=1e-14)
    for z in (1j, 10j, -1e3 + 1e3j):
        grown = 1 + z * b @ np.linalg.solve(np.eye(3) - z * a, one)
        assert abs(grown) <= 1
    assert abs(1 - b @ np.linalg.solve(a, one)) < 1e-12  # at infinity


def test_third_order_in_time_and_the_flow_of_explicit_steps() -> None:
    exact = end(UnsteadyCompressible(BOX, step=4e-3), 0.2)
    counts = (2, 4, 8)
    gases = [UnsteadyCompressible(BOX, method="implicit", step=0.2 / steps) for steps in counts]
    errors = [float((end(gas, 0.2) - exact).norm()) for gas in gases]
    order = observed_order([1 / steps for steps in counts], errors)
    print(f"order in time {order:.2f}, errors {', '.join(f'{e:.2e}' for e in errors)}")
    assert order > 2.5
    assert errors[-1] < 1e-3


@pytest.mark.parametrize("scheme", ["roe", "jst"])
def test_a_closed_box_loses_nothing(scheme: str) -> None:
    solver = Compressible(BOX.mesh, {"*": Slip()}, scheme=scheme)
    gas, volume = UnsteadyCompressible(solver, method="implicit", courant=10.0), solver.mesh.geometry().volume
    start = gas.start(density=bump, velocity=0.0, pressure=bump)
    flow = gas.advance(start, 0.5)
    before, after = ((volume[:, None] * of.state).sum(0) for of in (start, flow))
    assert float((after - before)[[0, 3]].abs().max()) < 1e-12  # walls push, so momentum is not kept
    assert float((flow.density - start.density).abs().max()) > 0.05


def layers(thinnest: float) -> Mesh:
    """Quads of even length between two walls, the thinner the nearer to the lower one."""
    flat = shapes.square(1 / 8, kind="quad")
    x, y = flat.points.T
    growth = (1 / thinnest / 8) ** (1 / 4)
    y = (growth ** (8 * y) - 1) / (growth**8 - 1)
    return Mesh(np.stack([x, y], 1), flat.cells, flat.boundary)


def test_a_step_of_fifty_explicit_ones_is_stable_where_cells_are_thin() -> None:
    solver = Compressible(layers(2e-3), {"*": Slip()}, scheme="roe")

    def wave(x: Tensor) -> Tensor:
        return 1 + 0.2 * torch.cos(torch.pi * x[:, 0])

    def flow(gas: UnsteadyCompressible, duration: float) -> tuple[Tensor, int]:
        found = gas.advance(gas.start(density=1.0, velocity=0.0, pressure=wave), duration)
        return found.pressure, found.report.iterations

    exact, steps = flow(UnsteadyCompressible(solver), 0.03)
    gas = UnsteadyCompressible(solver, method="implicit", step=50 * 0.03 / steps)
    found, taken = flow(gas, 0.03)
    print(f"{steps} explicit steps; {taken} implicit ones, off by {float((found - exact).abs().max()):.1e}")
    assert taken <= steps / 50 + 1
    assert float((found - exact).abs().max()) < 1e-6
    later = flow(gas, 15 * 50 * 0.03 / steps)[0]
    assert 0.8 < float(later.min()) < float(later.max()) < 1.2


def test_derivatives_equal_central_differences() -> None:
    gas = UnsteadyCompressible(BOX, method="implicit", step=0.06)
    assert_derivatives_equal_central_differences(gas, 0.1)


def test_several_flows_go_at_once() -> None:
    solver = Compressible(BOX.mesh, {"*": FarField()}, scheme="roe")
    gas = UnsteadyCompressible(solver, method="implicit", step=0.1)
    machs, flows = (0.3, 0.6), []
    for mach in (torch.tensor(machs, dtype=torch.float64), *machs):
        stream = solver.free_stream(mach=mach)
        start = gas.start(density=bump, velocity=[0.3, 0.0], pressure=1 / 1.4, stream=stream)
        flows.append(gas.advance(start, 0.2).density)
    assert flows[0].shape == (2, BOX.mesh.num_cells)
    assert all(torch.allclose(flows[0][k], flows[k + 1], atol=1e-9) for k in range(2))


def test_a_stage_without_convergence_is_an_error_that_says_what_helps() -> None:
    gas = UnsteadyCompressible(BOX, method="implicit", step=1e3)
    start = gas.start(density=1.0, velocity=0.0, pressure=lambda x: torch.where(x[:, 0] < 0.5, 1e3, 1.0).double())
    with pytest.raises(ConvergenceError, match="lower step or courant"):
        gas.advance(start, 1e3)


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"method 'bdf2' is unknown; there are explicit, implicit"):
        UnsteadyCompressible(BOX, method="bdf2")
