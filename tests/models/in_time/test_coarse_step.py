"""A solver's step with a correction: the plain step at first, admitted states, batches, gradients, units, files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.data import Batch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import ConfigError, DataError
from gno.graph import MultilevelData
from gno.mesh import Mesh, node_volume
from gno.models import Operator, Propagator, StepCorrector, export
from gno.problems import CylinderFlow, TorusFlow, generate
from tests.models.conftest import trajectory

FLOW = TorusFlow(
    viscosity=2e-3, resolution=8, truncated=True, end_time=2.0, interval=0.5, solver_points=16, initial_scale=20.0
)
SMALL = {"network": "meshgraphnet", "options": {"width": 8, "depth": 1, "edges": "radius"}, "kernel": {"width": 8}}
GEOMETRY = {"levels": 1, "spacing": [], "radius": [0.2]}


class Decay:
    """A plain step that is too slow: of ``du/dt = -u`` one by Euler, with the mean kept."""

    def stepper(self, mesh: Mesh) -> Decay:
        return self

    def advance(self, state: Mapping[str, Tensor], given: Mapping[str, Tensor], steps: Tensor) -> dict[str, Tensor]:
        return {"temperature": state["temperature"] * (1 - steps[:, None, None])}

    def admitted(self, state: Mapping[str, Tensor], near: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return dict(state)

    def march(
        self, first: Mapping[str, Tensor], given: Mapping[str, Tensor], steps: Sequence[float], *, finer: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        for step in steps:
            for _ in range(finer):
                first = self.advance(first, given, torch.full((1,), step / finer, dtype=torch.float64))
            yield dict(first)


@pytest.fixture(scope="module")
def torus(tmp_path_factory: pytest.TempPathFactory) -> MeshDataset:
    return MeshDataset(generate(FLOW, tmp_path_factory.mktemp("torus") / "torus.h5", 3))


def hybrid(dataset: MeshDataset, *, gain: float = 0.0, **options: Any) -> Propagator:
    """One whose network is silent, or says something."""
    torch.manual_seed(0)
    own = {**SMALL, "strides": (1, 2), "geometry": GEOMETRY, **options}
    propagator = Propagator.from_dataset(dataset, "StepCorrector", **own).double()
    speak(propagator.operator.network, gain)
    return propagator


def speak(network: torch.nn.Module, gain: float) -> None:
    assert isinstance(network, StepCorrector)
    if gain:
        for parameter in network.operator.project.parameters():
            torch.nn.init.normal_(parameter, std=0.3 * gain)


def states(propagator: Propagator, dataset: MeshDataset, i: int) -> Tensor:
    sample = dataset[i]
    return torch.stack([propagator.state(sample.at(k)) for k in range(sample.num_instants)])


NETWORKS: dict[str, dict[str, Any]] = {
    "meshgraphnet": {},
    "gkn": {"options": {"width": 8, "depth": 2}},
    "gcn": {"options": {"width": 8, "depth": 2, "edges": "radius"}},
    "mgkn": {"options": {"width": 8}, "geometry": {"spacing": [0.25], "radius": [0.2, 0.45]}},
    "multipoleoperator": {"options": {"width": 8}, "geometry": {"spacing": [0.25], "radius": [0.2, 0.45]}},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_an_untrained_model_is_the_plain_step(torus: MeshDataset, name: str) -> None:
    propagator = hybrid(torus, network=name, **NETWORKS[name])
    assert propagator.coarse_step is not None
    mesh, u = torus[0].mesh, states(propagator, torus, 0)
    rolled = torch.stack(list(propagator.rollout(propagator.graph(mesh), u[0], [0.5, 0.5, 1.0])))
    assert (rolled - propagator.coarse_step.march(mesh, u[0], [0.5, 0.5, 1.0])).abs().max() < 1e-12
    corrected = hybrid(torus, gain=1.0)
    moved = corrected.advance(corrected.graph(mesh), u[0], 0.5)
    assert (moved - rolled[0]).abs().max() > 1e-4 * rolled[0].abs().max()


def test_a_corrected_flow_keeps_its_mean_and_its_velocity(torus: MeshDataset) -> None:
    propagator = hybrid(torus, gain=3.0)
    mesh, u = torus[0].mesh, states(propagator, torus, 0)
    for state in propagator.rollout(propagator.graph(mesh), u[0], [0.5] * 4):
        state = state.detach()
        fields = propagator.fields(state)
        assert float(fields["vorticity"].mean()) == pytest.approx(float(u[0][:, 0].mean()), abs=1e-12)
        stepper = FLOW.stepper(mesh)
        same = stepper.admitted({"vorticity": state[None, :, :1]}, {"vorticity": state[None, :, :1]})
        assert (same["velocity"][0] - fields["velocity"]).abs().max() < 1e-12


def test_a_batch_with_a_step_for_each_graph_equals_each_alone(torus: MeshDataset) -> None:
    propagator = hybrid(torus, gain=1.0)
    own = [states(propagator, torus, i)[0] for i in range(3)]
    one = propagator.graph(torus[0].mesh)
    graphs = [one, propagator.graph(torus[1].mesh, one), propagator.graph(torus[2].mesh)]  # two share a stepper
    steps = torch.tensor([0.5, 1.0, 0.7], dtype=torch.float64)
    together = propagator.advance(Batch.from_data_list(graphs), torch.cat(own), steps)
    alone = torch.cat([propagator.advance(g, u, float(step)) for g, u, step in zip(graphs, own, steps)])
    assert (together - alone).abs().max() < 1e-11


def test_a_gradient_goes_through_solver_and_network(torus: MeshDataset) -> None:
    propagator = hybrid(torus, gain=1.0)
    graph, u = propagator.graph(torus[0].mesh), states(propagator, torus, 0)[0]
    rng = torch.Generator().manual_seed(0)
    along = propagator.coarse_step.joined(  # type: ignore[union-attr]
        FLOW.stepper(torus[0].mesh).admitted(
            *[{"vorticity": torch.randn(1, len(u), 1, generator=rng, dtype=torch.float64)} for _ in range(2)]
        )
    )[0]

    def value(start: Tensor) -> Tensor:
        return torch.stack(list(propagator.rollout(graph, start, [0.5, 0.5])))[-1].square().sum()

    start = u.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(start), start)
    with torch.no_grad():
        difference = (value(u + 1e-5 * along) - value(u - 1e-5 * along)) / 2e-5
    assert float((gradient * along).sum()) == pytest.approx(float(difference), rel=1e-5)


def test_the_units_are_the_sizes_of_what_the_solver_misses(torus: MeshDataset) -> None:
    propagator = hybrid(torus)
    network, flow = propagator.operator.network, FLOW.stepper(torus[0].mesh)
    assert isinstance(network, StepCorrector)
    missed = []
    with MeshDataset(torus.path, "train") as train:
        for sample in train:
            w, weight = np.asarray(sample.point_series["vorticity"]), node_volume(sample.mesh)
            given = {"force": torch.from_numpy(sample.mesh.point_data["force"])[None, :, None]}
            for stride in (1, 2):
                for u, v in zip(w, w[stride:]):
                    first = {"vorticity": torch.from_numpy(u)[None, :, None]}
                    after = flow.advance(first, given, torch.tensor([0.5 * stride], dtype=torch.float64))
                    missed.append(weight @ (v - after["vorticity"][0, :, 0].numpy()) ** 2 / (weight @ u**2))
    assert float(network.scale[0]) == pytest.approx(np.sqrt(np.mean(missed)), rel=1e-6)


def test_in_a_linear_problem_a_state_twice_as_large_has_twice_the_correction(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "decay.h5", [FieldSpec("temperature", role="target", transient=True)]) as writer:
        for seed in range(3):
            one = trajectory(seed)
            u = np.asarray(one.point_series["temperature"])[0] - 300
            series = {"temperature": u * np.exp(-one.time)[:, None]}
            writer.append(one.mesh.without(["diffusivity"]), {}, "train", time=one.time, point_series=series)
    with MeshDataset(tmp_path / "decay.h5") as dataset:
        plain = Propagator.from_dataset(dataset, "meshgraphnet", width=8, depth=1)
        operator = plain.operator
        torch.manual_seed(0)
        network = StepCorrector(operator.num_inputs + operator.geometry.num_features, 1, radius=(0.3,), **SMALL)
        network.solver = Decay()
        speak(network, 1.0)
        inner = Operator(network, operator.inputs, operator.targets, operator.geometry)
        propagator = Propagator(inner, plain.states).double()
        graph, u = propagator.graph(dataset[0].mesh), propagator.state(dataset[0].at(0))
    once, twice = (propagator.advance(graph, factor * u, 0.1) for factor in (1.0, 2.0))
    assert (twice - 2 * once).abs().max() < 1e-11
    assert (once - 0.9 * u).abs().max() > 1e-3


def test_a_model_file_gives_the_same_rollout_to_the_bit(torus: MeshDataset, tmp_path: Path) -> None:
    propagator, mesh = hybrid(torus, gain=1.0).float(), torus[2].at(0)
    propagator.save(tmp_path / "model.safetensors")
    loaded = Propagator.load(tmp_path / "model.safetensors")
    for one, other in zip(propagator.predict(mesh, [0.5] * 3), loaded.predict(mesh, [0.5] * 3), strict=True):
        assert np.array_equal(one.point_data["vorticity"], other.point_data["vorticity"])


def test_what_has_no_step_is_refused(
    torus: MeshDataset, trajectories: MeshDataset, dataset: MeshDataset, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="StepCorrector for samples without time"):
        Operator.from_dataset(dataset, "StepCorrector")
    with pytest.raises(ConfigError, match="cannot be exported"):
        export(hybrid(torus), torus_graph(torus))
    with pytest.raises(ConfigError, match="the problem 'toy heat' offers no step of a solver"):
        hybrid(trajectories)
    with pytest.raises(ConfigError, match="predict 'state' with a solver's step"):
        Propagator.from_dataset(torus, "StepCorrector", predict="state", geometry=GEOMETRY, **SMALL)
    with pytest.raises(ConfigError, match="corrects a solver"):
        StepCorrector(1, 1, radius=(0.1,), network="stepcorrector")
    scattered = generate(replace(FLOW, truncated=False, nodes=60), tmp_path / "scattered.h5", 1)
    with MeshDataset(scattered) as dataset, pytest.raises(DataError, match="no grid on the unit torus"):
        hybrid(dataset)
    with pytest.raises(DataError, match="the graph has no step of a solver"):
        hybrid(torus).operator(torus_graph(torus))


def torus_graph(torus: MeshDataset) -> MultilevelData:
    return hybrid(torus).graph(torus[0].mesh)


def test_in_a_channel_an_untrained_model_is_the_plain_step_and_walls_hold(tmp_path: Path) -> None:
    flow = CylinderFlow(nodes=110, label_nodes=110, steps=2, interval=0.05)
    with MeshDataset(generate(flow, tmp_path / "cylinder.h5", 2)) as dataset:
        own = {
            **SMALL,
            "options": {"width": 8, "depth": 1},
            "geometry": GEOMETRY,
            "fixed": ["inlet", "wall", "cylinder"],
        }
        propagator = Propagator.from_dataset(dataset, "StepCorrector", **own).double()
        mesh, u = dataset[0].mesh, states(propagator, dataset, 0)
        graph, stepper = propagator.graph(mesh), flow.stepper(mesh)
        plain = {"velocity": u[:1, :, :2], "pressure": u[:1, :, 2:]}
        for state in propagator.rollout(graph, u[0], [0.05, 0.05], u[1:]):
            plain = stepper.advance(plain, {}, torch.tensor([0.05], dtype=torch.float64))
            assert (torch.cat([plain["velocity"], plain["pressure"]], dim=2)[0] - state)[
                ~graph.is_fixed
            ].abs().max() < 1e-9
        speak(propagator.operator.network, 1.0)
        moved = propagator.advance(graph, u[0], 0.05, u[1])
        assert torch.equal(moved[graph.is_fixed], u[1][graph.is_fixed])
        assert (moved - u[1])[~graph.is_fixed].abs().max() > 1e-3
