"""The step in a channel: near the solver of the data, its gradient, each sample alone, walls, numbering, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gno.errors import DataError
from gno.fv import FVMesh, Projection
from gno.mesh import Mesh, shapes
from gno.problems import CylinderFlow
from gno.problems.channel import Channel
from gno.problems.channel_step import ChannelStep, Fields
from gno.problems.node_values import NodeValues

FLOW = CylinderFlow(nodes=150, label_nodes=150, steps=4, interval=0.05)


def trajectory(problem: CylinderFlow, index: int = 0) -> tuple[Mesh, dict[str, torch.Tensor]]:
    """Mesh and fields of all instants."""
    draw = problem.sample(index)
    assert draw.point_series is not None
    series = {name: torch.from_numpy(np.asarray(u, dtype=np.float64)) for name, u in draw.point_series.items()}
    return draw.mesh, {"velocity": series["velocity"], "pressure": series["pressure"][..., None]}


def first_of(series: Fields) -> dict[str, torch.Tensor]:
    return {name: values[:1] for name, values in series.items()}


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def test_on_the_mesh_of_the_data_it_comes_ever_nearer_to_their_trajectory() -> None:
    errors = []
    for nodes in (150, 600):
        mesh, series = trajectory(replace(FLOW, nodes=nodes, label_nodes=nodes))
        found = list(ChannelStep(mesh, viscosity=FLOW.viscosity).march(first_of(series), {}, [0.05] * FLOW.steps))
        errors.append(relative(torch.cat([f["velocity"] for f in found]), series["velocity"][1:]))
        assert relative(series["velocity"][:1], series["velocity"][-1:]) > 0.1  # so there was something to get wrong
    assert errors[0] < 0.05  # cells start from means of what the cells of the data were extrapolated to
    assert errors[1] < 0.5 * errors[0]


def test_a_step_is_one_of_the_solver_from_the_means_of_corners() -> None:
    mesh, series = trajectory(FLOW)
    u = series["velocity"][0]
    speed = FLOW.sample(0).params["inflow"]
    solver = Projection(FVMesh.of(mesh), Channel(0.0, 0.0, 0.0, speed).conditions, dt=0.004)
    flow, _ = solver.advance(u[mesh.cells["triangle"]].mean(dim=1), 1, viscosity=FLOW.viscosity)
    slopes, down = solver.gradients(flow)
    both = torch.cat([flow.velocity, flow.pressure[:, None]], dim=1).numpy()
    wanted = torch.from_numpy(NodeValues(mesh)(both, torch.cat([slopes, down[:, None]], dim=1).numpy()))
    step = ChannelStep(mesh, viscosity=FLOW.viscosity, courant=10.0)  # so that one is enough
    found = step.advance({"velocity": u[None]}, {}, torch.tensor([0.004]))
    inside = ~np.isin(np.arange(mesh.num_points), np.concatenate([f.ravel() for f in mesh.boundary.values()]))
    assert relative(found["velocity"][0, inside], wanted[inside, :2]) < 1e-6
    assert relative(found["pressure"][0, :, 0], wanted[:, 2]) < 1e-6


def test_a_finer_solver_is_nearer_to_a_finer_truth() -> None:
    mesh, series = trajectory(replace(FLOW, label_nodes=1500))
    step = ChannelStep(mesh, viscosity=FLOW.viscosity)
    for name in ("velocity", "pressure"):
        errors = [
            relative(list(step.march(first_of(series), {}, [0.1, 0.1], finer=finer))[-1][name], series[name][-1:])
            for finer in (1, 2)
        ]
        assert errors[1] < 0.6 * errors[0]


def test_a_sample_does_not_depend_on_those_beside_it() -> None:
    mesh, series = trajectory(FLOW)
    step, steps = ChannelStep(mesh, viscosity=FLOW.viscosity), torch.tensor([0.05, 0.02, 0.05], dtype=torch.float64)
    states = {"velocity": series["velocity"][:3] * torch.tensor([1.0, 2.0, 0.1])[:, None, None]}  # of other speeds
    together = step.advance(states, {}, steps)
    for i in range(3):
        alone = step.advance({"velocity": states["velocity"][[i]]}, {}, steps[[i]])
        for name in ("velocity", "pressure"):
            assert torch.equal(together[name][i], alone[name][0])


def test_its_gradient_is_that_of_differences() -> None:
    mesh, series = trajectory(FLOW)
    step, u = ChannelStep(mesh, viscosity=FLOW.viscosity), series["velocity"][2:3]
    inside = torch.from_numpy(
        ~np.isin(np.arange(mesh.num_points), np.unique(np.concatenate(list(mesh.boundary.values()))))
    )
    along = torch.randn(u.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * inside[:, None]

    def value(velocity: torch.Tensor) -> torch.Tensor:
        found = step.advance({"velocity": velocity}, {}, torch.tensor([0.05], dtype=torch.float64))
        return found["velocity"].square().sum() + found["pressure"].square().sum()

    start = u.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(start), start)
    difference = (value(u + 1e-6 * along) - value(u - 1e-6 * along)) / 2e-6
    assert float((gradient * along).sum()) == pytest.approx(float(difference.detach()), rel=1e-5)


def test_walls_and_inlet_keep_their_velocities() -> None:
    mesh, series = trajectory(FLOW)
    after = ChannelStep(mesh, viscosity=FLOW.viscosity).advance(first_of(series), {}, torch.tensor([0.05]))
    for name in ("inlet", "wall", "cylinder"):
        nodes = np.unique(mesh.boundary[name])
        assert torch.equal(after["velocity"][0, nodes], series["velocity"][0, nodes])


def test_the_numbering_of_nodes_and_cells_does_not_matter() -> None:
    mesh, series = trajectory(FLOW)
    rng = np.random.default_rng(0)
    order = rng.permutation(mesh.num_points)
    place = np.argsort(order)
    cells = {kind: place[rng.permutation(nodes)] for kind, nodes in mesh.cells.items()}
    other = Mesh(mesh.points[order], cells, {name: place[facets] for name, facets in mesh.boundary.items()})
    one, two = (
        ChannelStep(m, viscosity=FLOW.viscosity).advance({"velocity": u}, {}, torch.tensor([0.05]))
        for m, u in ((mesh, series["velocity"][1:2]), (other, series["velocity"][1:2, order]))
    )
    for name in ("velocity", "pressure"):
        assert (one[name][:, order] - two[name]).abs().max() < 1e-9


def test_a_mesh_that_is_no_channel_is_refused() -> None:
    with pytest.raises(DataError, match="no patch 'inlet'"):
        FLOW.stepper(shapes.square(0.3))


def test_a_lost_flow_has_no_numbers_and_ends() -> None:
    mesh, series = trajectory(FLOW)
    lost = {"velocity": torch.full_like(series["velocity"][:1], torch.nan)}
    after = ChannelStep(mesh, viscosity=FLOW.viscosity).advance(lost, {}, torch.tensor([0.05]))
    assert bool(after["velocity"].isnan().all())
    wild = {"velocity": 1e200 * series["velocity"][:1]}
    assert not bool(
        ChannelStep(mesh, viscosity=FLOW.viscosity).advance(wild, {}, torch.tensor([0.05]))["velocity"].isfinite().all()
    )
