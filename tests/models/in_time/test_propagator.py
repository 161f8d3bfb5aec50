"""Propagators: steps, rollouts, given values on patches, model files, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from gno.datasets import MeshDataset, Sample
from gno.errors import ConfigError, DataError, ModelError, ResourceError, SolverError
from gno.mesh import shapes
from gno.models import Operator, Propagator
from gno.models.in_time.series import series_of
from gno.models.saved import load
from gno.problems import CylinderFlow, generate
from tests.models.conftest import trajectory

NETWORKS: dict[str, dict[str, Any]] = {
    "mgkn": {"cycles": 1, "geometry": {"levels": 2}},
    "gkn": {"depth": 2},
    "meshgraphnet": {"depth": 2},
    "gcn": {"depth": 2},
}

ONE: dict[str, Any] = {"levels": 1, "spacing": [], "radius": [0.1]}


def untrained(dataset: MeshDataset, model: str = "gkn", **options: Any) -> Propagator:
    torch.manual_seed(0)
    kernel = {} if model == "gcn" else {"kernel": {"width": 4}}
    own = {"width": 4, **kernel, **NETWORKS[model], **options}
    return Propagator.from_dataset(dataset, model, **own).double()


def states(propagator: Propagator, sample: Sample) -> torch.Tensor:
    return torch.from_numpy(series_of(sample, propagator.states))


@pytest.mark.parametrize("model", NETWORKS)
def test_any_network_propagates_a_state_over_steps_of_any_length(trajectories: MeshDataset, model: str) -> None:
    propagator, sample = untrained(trajectories, model, strides=(1, 2)), trajectory(3)
    graph, u = propagator.graph(sample.mesh), states(propagator, sample)
    short, long = (propagator.advance(graph, u[0], step) for step in (0.1, 0.3))
    assert short.shape == u[0].shape
    assert (short - long).abs().max() > 1e-6
    rolled = list(propagator.rollout(graph, u[0], [0.1, 0.3]))
    assert torch.equal(rolled[0], short)
    assert torch.equal(rolled[1], propagator.advance(graph, short, 0.3))


@pytest.mark.parametrize("model", NETWORKS)
def test_a_batch_with_a_step_for_each_graph_equals_each_alone(trajectories: MeshDataset, model: str) -> None:
    propagator = untrained(trajectories, model)
    samples = [trajectory(0), trajectory(1, 0.25)]
    graphs, u = [propagator.graph(s.mesh) for s in samples], [states(propagator, s)[0] for s in samples]
    steps = torch.tensor([0.1, 0.4], dtype=torch.float64)
    together = propagator.advance(Batch.from_data_list(graphs), torch.cat(u), steps)
    alone = torch.cat([propagator.advance(g, v, float(step)) for g, v, step in zip(graphs, u, steps)])
    assert (together - alone).abs().max() < 1e-12


def test_an_operator_that_returns_zero_adds_the_mean_change(trajectories: MeshDataset) -> None:
    propagator, sample = untrained(trajectories), trajectory(3)
    for parameter in propagator.parameters():
        parameter.data.zero_()
    u = [states(propagator, trajectories[i]) for i in range(3)]
    mean = torch.cat([(v[1:] - v[:-1]).flatten() for v in u]).mean()
    state = states(propagator, sample)[0]
    assert (propagator.advance(propagator.graph(sample.mesh), state, 0.1) - state - mean).abs().max() < 1e-12


def test_the_next_state_itself_may_be_predicted(trajectories: MeshDataset) -> None:
    propagator, sample = untrained(trajectories, predict="state"), trajectory(3)
    for parameter in propagator.parameters():
        parameter.data.zero_()
    new = propagator.advance(propagator.graph(sample.mesh), states(propagator, sample)[0], 0.1)
    assert (new - float(trajectories.statistics["temperature"].mean[0])).abs().max() < 1e-9


def test_given_values_on_patches_are_exact_after_every_step(trajectories: MeshDataset) -> None:
    propagator, sample = untrained(trajectories, fixed=("left", "top")), trajectory(3)
    graph, u = propagator.graph(sample.mesh), states(propagator, sample)
    x, y = sample.mesh.points.T
    on = (x == 0) | (y == 1)
    given = torch.randn(4, len(x), 1, dtype=torch.float64)
    for k, new in enumerate(propagator.rollout(graph, u[0], [0.1] * 4, given)):
        assert torch.equal(new[on], given[k][on])
        assert not (new[~on] == given[k][~on]).any()
    for new in propagator.rollout(graph, u[0], [0.1] * 2):
        assert torch.equal(new[on], u[0][on])
    whole = untrained(trajectories, fixed=("*",))
    assert int(whole.graph(sample.mesh).is_fixed.sum()) == int(((x * (1 - x) * y * (1 - y)) == 0).sum())


def test_where_a_velocity_is_given_the_pressure_may_not_be(tmp_path: Path) -> None:
    flow = CylinderFlow(nodes=110, label_nodes=110, steps=2, interval=0.05)
    with MeshDataset(generate(flow, tmp_path / "cylinder.h5", 2)) as dataset:
        options = {"width": 4, "depth": 1, "kernel": {"width": 4}}
        own = {"fixed": ["cylinder"], "fixed_fields": ["velocity"]}
        propagator = Propagator.from_dataset(dataset, "meshgraphnet", geometry=ONE, **own, **options).double()
        sample = dataset[0]
        graph, u = propagator.graph(sample.mesh), propagator.state(sample.at(0))
        given = torch.randn(u.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        free, new = propagator.advance(graph, u, 0.05), propagator.advance(graph, u, 0.05, given)
        on = graph.is_fixed
        assert torch.equal(new[on, :2], given[on, :2])
        assert torch.equal(new[:, 2], free[:, 2])
        assert not ((new[on, 2] == given[on, 2]) | (new[on, 2] == u[on, 2])).any()
        (found,) = propagator.predict(sample.at(0), [0.05])
        assert np.array_equal(found.point_data["velocity"][on], sample.at(0).point_data["velocity"][on])
        assert not np.isclose(found.point_data["pressure"][on], u[on, 2], rtol=1e-9).any()
        propagator.save(tmp_path / "m.safetensors")
        assert Propagator.load(tmp_path / "m.safetensors").fixed_fields == ("velocity",)
        with pytest.raises(ConfigError, match="fixed_fields has 'velocty'"):
            Propagator.from_dataset(
                dataset, "meshgraphnet", geometry=ONE, fixed=["cylinder"], fixed_fields=["velocty"], **options
            )


def test_a_prediction_is_one_mesh_a_step(trajectories: MeshDataset) -> None:
    propagator, mesh = untrained(trajectories, fixed=("*",)), trajectory(3).at(0)
    meshes = list(propagator.predict(mesh, [0.1, 0.2]))
    u = propagator.state(mesh)
    for found, new in zip(meshes, propagator.rollout(propagator.graph(mesh), u, [0.1, 0.2]), strict=True):
        assert np.array_equal(found.point_data["temperature"], new[:, 0].detach().numpy())
        assert found.cell_data["temperature"].shape == (mesh.num_cells,)
        assert np.array_equal(found.point_data["diffusivity"], mesh.point_data["diffusivity"])


def test_a_graph_like_another_has_its_own_fields(trajectories: MeshDataset) -> None:
    propagator, one, two = untrained(trajectories), trajectory(1), trajectory(3)  # the same mesh
    like, own = propagator.graph(two.mesh, propagator.graph(one.mesh)), propagator.graph(two.mesh)
    assert torch.equal(like.x, own.x)
    assert not torch.equal(like.x, propagator.graph(one.mesh).x)


@pytest.mark.parametrize("model", NETWORKS)
def test_a_model_file_gives_the_same_rollout_to_the_bit(trajectories: MeshDataset, tmp_path: Path, model: str) -> None:
    propagator = untrained(trajectories, model, fixed=("left",)).float()
    propagator.save(tmp_path / "model.safetensors")
    loaded = Propagator.load(tmp_path / "model.safetensors")
    mesh = trajectory(3).at(0)
    for one, other in zip(propagator.predict(mesh, [0.1] * 3), loaded.predict(mesh, [0.1] * 3), strict=True):
        assert np.array_equal(one.point_data["temperature"], other.point_data["temperature"])
    assert (loaded.states, loaded.fixed, loaded.predict_as) == (propagator.states, ("left",), "change")
    assert isinstance(load(tmp_path / "model.safetensors"), Propagator)
    with pytest.raises(ModelError, match="predicts in time; Operator was asked for"):
        Operator.load(tmp_path / "model.safetensors")


def test_a_steady_model_file_is_no_propagator(operator: Operator, model_file: Path) -> None:
    with pytest.raises(ModelError, match="knows no time"):
        Propagator.load(model_file)


def test_what_cannot_be_is_refused(trajectories: MeshDataset, dataset: MeshDataset) -> None:
    with pytest.raises(DataError, match="has no time"):
        untrained(dataset)
    with pytest.raises(DataError, match=r"are trajectories.*\[time\]"):
        Operator.from_dataset(trajectories, "gkn")
    with pytest.raises(DataError, match="too short; a step spans 9 instants"):
        untrained(trajectories, strides=(9,))
    with pytest.raises(ConfigError, match="predict 'rate' is unknown; known: change, state"):
        untrained(trajectories, predict="rate")
    with pytest.raises(ConfigError, match="boundary of a model in time"):
        untrained(trajectories, boundary="zero")
    with pytest.raises(DataError, match=r"no patch 'inlet'.*have: "):
        untrained(trajectories, fixed=("inlet",)).graph(trajectory(0).mesh)
    with pytest.raises(DataError, match="wants diffusivity"):
        untrained(trajectories).graph(shapes.square(0.3))
    propagator = untrained(trajectories)
    with pytest.raises(ConfigError, match="last inputs are"):
        Propagator(propagator.operator, propagator.states * 2)


def test_to_compile_a_propagator_is_to_compile_its_operator(
    trajectories: MeshDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    propagator, sample, called = untrained(trajectories), trajectory(3), list[str]()

    def compiled(function: Any, **options: Any) -> Any:
        return lambda *args: called.append(str(options)) or function(*args)

    monkeypatch.setattr(torch, "compile", compiled)
    propagator.compile(dynamic=True)
    propagator.advance(propagator.graph(sample.mesh), states(propagator, sample)[0], 0.1)
    assert called == ["{'dynamic': True}"]


def test_a_rollout_that_is_not_finite_is_an_error(trajectories: MeshDataset) -> None:
    propagator = untrained(trajectories)
    for parameter in propagator.parameters():
        parameter.data.fill_(1e300)
    with pytest.raises(SolverError, match="after step 1, 'temperature' has"):
        list(propagator.predict(trajectory(3).at(0), [0.1] * 3))


def test_what_may_fit_is_told_where_memory_does_not_suffice_for_a_step(
    trajectories: MeshDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    propagator, sample = untrained(trajectories), trajectory(3)
    monkeypatch.setattr(propagator, "advance", lambda *_: (_ for _ in ()).throw(MemoryError("9 GiB")))
    num = sample.mesh.num_points
    with pytest.raises(ResourceError, match=f"in a step on {num} nodes; 9 GiB; a mesh of {num // 2} may fit"):
        next(propagator.predict(sample.at(0), [0.1]))
