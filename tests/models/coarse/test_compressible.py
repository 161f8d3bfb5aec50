"""Gas about an airfoil as a part of a network: the solver's own flow, gradients, warm starts, what is refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv import Compressible, FarField, PseudoTime, Slip
from gno.mesh import shapes
from gno.models.coarse.compressible import CoarseCompressible
from gno.models.coarse.registry import solver_of
from gno.models.coarse.solver import CoarseSolver

BOUNDARY = {"airfoil": "slip", "farfield": "farfield"}
MESH = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=5)
FLOWS = {"mach": torch.tensor([0.3, 0.5]).double(), "alpha": torch.tensor([2.0, -1.0]).double()}


def test_all_samples_at_once_are_the_flows_of_the_solver_one_by_one() -> None:
    found = CoarseCompressible(BOUNDARY).solve(MESH, FLOWS)
    problem = Compressible(MESH, {"airfoil": Slip(), "farfield": FarField()})
    for i in range(2):
        flow = problem.solve(
            mach=float(FLOWS["mach"][i]), alpha=float(FLOWS["alpha"][i]), method=PseudoTime(tolerance=1e-11)
        )
        assert (found.values[i, :, 0] - flow.density).abs().max() < 1e-7
        assert (found.values[i, :, 1:3] - flow.velocity).abs().max() < 1e-7
        assert (found.values[i, :, 3] - flow.pressure).abs().max() < 1e-7


def test_in_units_of_the_user() -> None:
    unit = CoarseCompressible(BOUNDARY).solve(MESH, FLOWS).values
    si = CoarseCompressible(BOUNDARY, density=1.2, pressure=1e5).solve(MESH, FLOWS).values
    assert torch.allclose(si[..., 0], 1.2 * unit[..., 0])
    assert torch.allclose(si[..., 3], 1.4e5 * unit[..., 3])


def test_a_start_from_a_flow_near_by_takes_fewer_steps_and_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, solve = [], Compressible.solve

    def counted(self: Compressible, **given: object) -> object:
        flow = solve(self, **given)  # type: ignore[arg-type]
        steps.append(flow.report.iterations)
        return flow

    monkeypatch.setattr(Compressible, "solve", counted)
    solver = CoarseCompressible(BOUNDARY)
    cold = solver.solve(MESH, FLOWS)
    points = torch.tensor(MESH.points) * (1 + 1e-4)
    warm = solver.solve(MESH, FLOWS, points=points, initial=cold.state)
    other = solver.solve(MESH, FLOWS, points=points)
    assert (warm.values - other.values).abs().max() < 1e-7
    assert steps[1] < steps[2] / 2
    assert solver.solve(MESH, FLOWS, initial=cold.state.flip(0)).values.shape == cold.values.shape


def test_gradients_in_mach_and_coordinates_equal_central_differences() -> None:
    torch.manual_seed(0)
    solver, points = CoarseCompressible(BOUNDARY, tolerance=1e-12), torch.tensor(MESH.points)
    start = solver.solve(MESH, FLOWS)
    weight = torch.randn_like(start.values)

    def total(mach: Tensor, x: Tensor) -> Tensor:
        return (weight * solver.solve(MESH, FLOWS | {"mach": mach}, points=x, initial=start.state).values).sum()

    mach, x = FLOWS["mach"].clone().requires_grad_(), points.clone().requires_grad_()
    total(mach, x).backward()
    assert mach.grad is not None
    assert x.grad is not None
    move, h = 1e-2 * torch.randn_like(points), 1e-4
    along = (total(FLOWS["mach"], points + h * move) - total(FLOWS["mach"], points - h * move)) / (2 * h)
    assert float((x.grad * move).sum()) == pytest.approx(float(along.detach()), rel=1e-5)
    way = torch.tensor([1.0, -0.5]).double()
    slope = (total(FLOWS["mach"] + h * way, points) - total(FLOWS["mach"] - h * way, points)) / (2 * h)
    assert float((mach.grad * way).sum()) == pytest.approx(float(slope.detach()), rel=1e-5)


def test_options_make_the_same_solver_and_what_cannot_be_is_refused() -> None:
    solver = CoarseCompressible(BOUNDARY, ["mach"], scheme="roe")
    assert isinstance(solver, CoarseSolver)
    assert solver_of({"name": "compressible", **solver.options}).options == solver.options
    with pytest.raises(ConfigError, match=r"inputs are alpha; they are mach, or mach and alpha"):
        CoarseCompressible(BOUNDARY, ["alpha"])
    with pytest.raises(ConfigError, match=r"the coarse solver needs 'alpha'"):
        CoarseCompressible(BOUNDARY).solve(MESH, {"mach": FLOWS["mach"]})
