"""The step on the torus: as the solver of the data, each sample alone, its gradient, and what it admits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gno.errors import DataError
from gno.problems import TorusFlow
from gno.problems.fourier import Modes
from gno.problems.torus_grid import TorusGrid
from gno.problems.vorticity_step import VorticityStep

LIVELY = TorusFlow(viscosity=2e-3, resolution=16, truncated=True, end_time=2.0, solver_points=16, initial_scale=20.0)


def states(problem: TorusFlow, index: int = 0) -> tuple[VorticityStep, dict[str, torch.Tensor], torch.Tensor]:
    """The step, its inputs, and the vorticity of all instants."""
    draw = problem.sample(index)
    assert draw.point_series is not None
    force = torch.from_numpy(draw.mesh.point_data["force"])[None, :, None]
    return problem.stepper(draw.mesh), {"force": force}, torch.from_numpy(draw.point_series["vorticity"])[..., None]


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def test_as_many_points_as_the_solver_of_the_data_give_its_trajectory() -> None:
    step, force, w = states(LIVELY)
    found = torch.cat([fields["vorticity"] for fields in step.march({"vorticity": w[:1]}, force, [1.0, 1.0])])
    assert relative(found, w[1:]) < 1e-4  # of another length of steps
    assert relative(w[:1], w[-1:]) > 0.5  # so there was something to get wrong
    once = step.advance({"vorticity": w[:1]}, force, torch.ones(1, dtype=torch.float64))
    assert torch.equal(once["vorticity"][0], found[0])


def test_a_finer_solver_is_nearer_to_a_finer_truth() -> None:
    step, force, w = states(replace(LIVELY, viscosity=5e-4, solver_points=64))
    errors = [
        relative(list(step.march({"vorticity": w[:1]}, force, [1.0, 1.0], finer=finer))[-1]["vorticity"][0], w[-1])
        for finer in (1, 2)
    ]
    assert errors[1] < 0.7 * errors[0]  # the rest is what the first state on 16 points does not say


def test_a_sample_does_not_depend_on_those_beside_it() -> None:
    step, force, w = states(LIVELY)
    first = torch.cat([w[:1], 0.01 * w[:1], 3 * w[1:2]])  # steps of different numbers and lengths
    given = {"force": force["force"].expand(3, -1, -1)}
    steps = torch.tensor([0.5, 1.0, 0.25], dtype=torch.float64)
    together = step.advance({"vorticity": first}, given, steps)
    for i in range(3):
        alone = step.advance({"vorticity": first[[i]]}, force, steps[[i]])
        for name in ("vorticity", "velocity"):
            assert (together[name][i] - alone[name][0]).abs().max() < 1e-12


def test_the_gradient_is_that_of_differences() -> None:
    step, force, w = states(LIVELY)
    rng = torch.Generator().manual_seed(0)
    along, weight = (torch.randn(w[:1].shape, generator=rng, dtype=torch.float64) for _ in range(2))

    def value(u: torch.Tensor) -> torch.Tensor:
        after = step.advance({"vorticity": u}, force, torch.full((1,), 0.3, dtype=torch.float64))
        return (weight * after["vorticity"]).sum() + after["velocity"].square().sum()

    u = w[:1].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(u), u)
    with torch.no_grad():
        difference = (value(u + 1e-5 * along) - value(u - 1e-5 * along)) / 2e-5
    assert float((gradient * along).sum()) == pytest.approx(float(difference), rel=1e-6)


def test_what_is_admitted_keeps_the_mean_and_has_the_velocity_of_its_vorticity() -> None:
    step, _, w = states(LIVELY)
    rng = torch.Generator().manual_seed(0)
    near = {"vorticity": w[:1] + 0.5}
    rough = {"vorticity": w[:1] + torch.randn(w[:1].shape, generator=rng, dtype=torch.float64)}
    found = step.admitted(rough, near)
    assert float(found["vorticity"].mean()) == pytest.approx(float(near["vorticity"].mean()), abs=1e-12)
    again = step.admitted(found, near)
    for name, values in found.items():
        assert (again[name] - values).abs().max() < 1e-12
    assert float(found["velocity"].mean(dim=1).abs().max()) < 1e-12
    u, v = (step.grid.on_grid(found["velocity"][0, :, d]) for d in (0, 1))
    modes = Modes(16, 2)
    curl = modes.values(1j * modes.k[0] * modes.transform(v) - 1j * modes.k[1] * modes.transform(u))
    flat = step.grid.at_nodes(curl)
    assert (flat - (found["vorticity"][0, :, 0] - found["vorticity"].mean())).abs().max() < 1e-10


def test_the_order_of_the_nodes_does_not_matter() -> None:
    _, force, w = states(LIVELY)
    mesh = LIVELY.sample(0).mesh
    order = np.random.default_rng(0).permutation(mesh.num_points)
    steps = [VorticityStep(TorusGrid(points), viscosity=2e-3) for points in (mesh.points, mesh.points[order])]
    tau = torch.ones(1, dtype=torch.float64)
    one = steps[0].advance({"vorticity": w[:1]}, force, tau)["vorticity"]
    other = steps[1].advance({"vorticity": w[:1, order]}, {"force": force["force"][:, order]}, tau)["vorticity"]
    assert (one[:, order] - other).abs().max() < 1e-12


def test_nodes_that_form_no_grid_are_refused() -> None:
    for nodes in (100, 0):
        mesh = replace(LIVELY, truncated=False, nodes=nodes).sample(0).mesh
        with pytest.raises(DataError, match="no grid on the unit torus"):
            TorusGrid(mesh.points + (0.01 if nodes == 0 else 0.0))
