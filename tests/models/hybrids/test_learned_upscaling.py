"""Learned equations of a coarse mesh: where they start, what they keep, how they learn, how a corrector takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gno.datasets import MeshDataset
from gno.errors import ConfigError, DataError
from gno.mesh import Mesh, shapes
from gno.mesh.coarsening import coarsen
from gno.models import CoarseSolve, LearnedUpscaling, Operator, SolverCorrector, export
from gno.models.hybrids.face_patches import FacePatches
from gno.problems import Darcy, generate
from gno.training import Recipe, train

pytestmark = pytest.mark.usefixtures("double")

PROBLEM = Darcy(
    nodes=220, shapes=("square", "l_shape"), held_out=(), refinement=2, test_fraction=0.25,
    samples_per_mesh=2, permeability_at="cells", seed=4,
)  # fmt: skip
OPTIONS: dict[str, Any] = {"nodes": 40, "points": 4, "width": 12, "boundary": "mask"}


@pytest.fixture(scope="module")
def darcy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(PROBLEM, tmp_path_factory.mktemp("upscaling") / "darcy.h5", 8)


@pytest.fixture
def operator(darcy: Path) -> Operator:
    torch.manual_seed(0)
    with MeshDataset(darcy) as dataset:
        return Operator.from_dataset(dataset, "LearnedUpscaling", **OPTIONS)


def learned(operator: Operator, size: float = 1.0) -> LearnedUpscaling:
    """The network, as if it had learned something."""
    network = operator.network
    assert isinstance(network, LearnedUpscaling)
    nn.init.normal_(network.network.layers[-1].weight, std=size)  # type: ignore[arg-type]
    return network


def sample(darcy: Path) -> Mesh:
    with MeshDataset(darcy, "test") as dataset:
        return dataset[0].mesh


def patches(mesh: Mesh, coarse: Mesh, points: int = 4) -> FacePatches:
    system = PROBLEM.equations(PROBLEM.transferred(mesh, coarse))
    return FacePatches.of(mesh, PROBLEM.medium(mesh), system.flux.geometry, points)


def test_the_first_prediction_is_the_classical_solution(operator: Operator, darcy: Path) -> None:
    mesh = sample(darcy)
    graph, classical = operator.graph(mesh), PROBLEM.solve(PROBLEM.transferred(mesh, coarsen(mesh, 40)))
    found = operator.fields(operator(graph))["u"].detach().numpy()
    assert np.abs(found - classical.cell_data["u"]).max() < 1e-12 * np.abs(found).max()
    expected = CoarseSolve(PROBLEM, nodes=40).prolonged(mesh, ["u"]).point_data["u"]
    expected[mesh.boundary_nodes] = 0.0
    assert np.abs(operator.predict(mesh).point_data["u"] - expected).max() < 1e-12 * np.abs(expected).max()


def test_a_model_file_makes_the_same_network(operator: Operator, darcy: Path, tmp_path: Path) -> None:
    mesh = sample(darcy)
    learned(operator)
    operator.save(tmp_path / "upscaling.safetensors")
    again = Operator.load(tmp_path / "upscaling.safetensors")
    assert type(again.network) is LearnedUpscaling
    assert again.network.arguments == operator.network.arguments
    assert np.array_equal(again.predict(mesh).point_data["u"], operator.predict(mesh).point_data["u"])


def test_the_truth_in_the_cells_is_the_mean_of_the_fine_field(operator: Operator, darcy: Path) -> None:
    mesh = sample(darcy)
    linear = mesh.with_data({"u": mesh.points @ np.array([2.0, -1.0])}, mesh.cell_data)
    graph = operator.graph(linear)
    assert np.abs(operator.fields(graph.y)["u"].numpy() - graph.pos.numpy() @ np.array([2.0, -1.0])).max() < 1e-12


def test_a_factor_is_the_same_from_both_sides_and_in_a_mirror(operator: Operator, darcy: Path) -> None:
    mesh, network = sample(darcy), learned(operator)
    here = patches(mesh, coarsen(mesh, 40))
    factor = network.factor(here).detach()
    assert float(factor.std()) > 0.005  # or nothing is learned
    for other in (here.exchanged(), here.mirrored(), here.exchanged().mirrored()):
        assert (network.factor(other) - factor).abs().max() < 1e-12
    assert torch.equal(here.exchanged().exchanged().places, here.places)


def test_a_factor_knows_no_direction_and_no_unit(operator: Operator, darcy: Path) -> None:
    mesh, network, turn = sample(darcy), learned(operator), 0.7
    coarse = coarsen(mesh, 40)
    factor = network.factor(patches(mesh, coarse)).detach()
    rotation = 3.0 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned, below = (Mesh(m.points @ rotation.T, m.cells, m.boundary, {}, m.cell_data) for m in (mesh, coarse))
    assert (network.factor(patches(turned, below)) - factor).abs().max() < 1e-9
    stronger = mesh.with_data({}, {"permeability": 7.0 * mesh.cell_data["permeability"]})
    assert (network.factor(patches(stronger, coarse)) - factor).abs().max() < 1e-12


def test_whatever_is_learned_what_is_made_inside_leaves(operator: Operator, darcy: Path) -> None:
    mesh, network = sample(darcy), learned(operator, 3.0)
    graph = operator.graph(mesh)
    factor = network.factor(FacePatches(graph.medium, graph.places, graph.outer)).detach()
    assert float(factor.min()) > 0
    solution, volume = graph.system.scaled(factor).solve(1), float(graph.node_volume.sum())
    assert float(sum(solution.flux.values())) == pytest.approx(volume * PROBLEM.source, rel=1e-9)
    assert float((solution.u - graph.system.solve(1).u).abs().max()) > 0.01 * float(solution.u.max())


def test_gradients_go_through_the_solve(operator: Operator, darcy: Path) -> None:
    network, graph = learned(operator), operator.graph(sample(darcy))
    weight = network.network.layers[0].weight
    assert isinstance(weight, nn.Parameter)

    def loss() -> torch.Tensor:
        return (operator(graph) - graph.y).square().mean()

    loss().backward()
    assert weight.grad is not None
    row, column = divmod(int(weight.grad.abs().argmax()), weight.shape[1])
    step, values = 1e-5, []
    with torch.no_grad():
        for sign in (1, -1):
            weight[row, column] += sign * step
            values.append(float(loss()))
            weight[row, column] -= sign * step
    assert float(weight.grad[row, column]) == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


def test_training_takes_off_some_of_the_classical_error(darcy: Path, tmp_path: Path) -> None:
    recipe = Recipe.make(
        {
            "model": {"name": "learnedupscaling", "options": OPTIONS},
            "data": {"valid_share": 0.25, "augment": "rigid"},
            "optimization": {"epochs": 8, "batch_size": 2, "learning_rate": 5e-3, "ema": 0.0},
        }
    )
    run = train(recipe, darcy, tmp_path / "run")
    first, last = run.history[0], run.history[-1]
    assert last["train_loss"] < 0.8 * first["train_loss"]
    assert "valid_relative_h1" not in last  # the cells of a coarse mesh have no gradient
    model = Operator.load(run.model)
    mesh = sample(darcy)
    assert model(model.graph(mesh)).shape == (model.graph(mesh).num_nodes, 1)


def test_a_corrector_takes_a_learned_solve_and_keeps_it(operator: Operator, darcy: Path, tmp_path: Path) -> None:
    network, mesh = learned(operator), sample(darcy)
    operator.save(tmp_path / "upscaling.safetensors")
    options = {
        "coarse": {"upscaling": str(tmp_path / "upscaling.safetensors")},
        "options": {"width": 8, "cycles": 1},
        "geometry": {"levels": 2},
        "boundary": "mask",
    }
    with MeshDataset(darcy) as dataset:
        corrector = Operator.from_dataset(dataset, "SolverCorrector", **options)
    assert isinstance(corrector.network, SolverCorrector)
    before = corrector.predict(mesh).point_data["u"]
    assert np.abs(before - operator.predict(mesh).point_data["u"]).max() < 1e-12 * before.max()
    assert corrector.network.coarse is not None
    assert corrector.network.coarse.nodes == network.nodes
    assert {p.requires_grad for p in corrector.network.upscaling.parameters()} == {False}  # type: ignore[union-attr]
    corrector.save(tmp_path / "corrector.safetensors")
    (tmp_path / "upscaling.safetensors").unlink()
    again = Operator.load(tmp_path / "corrector.safetensors")
    assert np.array_equal(again.predict(mesh).point_data["u"], before)
    assert {p.requires_grad for p in again.network.upscaling.parameters()} == {False}  # type: ignore[union-attr]


def test_what_cannot_be_is_refused(operator: Operator, darcy: Path, dataset: MeshDataset, tmp_path: Path) -> None:
    mesh = sample(darcy)
    with pytest.raises(ConfigError, match="points is 1; it is 2 or more"):
        LearnedUpscaling(points=1)
    with pytest.raises(ConfigError, match="it needs a problem of diffusion of ours, such as darcy"):
        Operator.from_dataset(dataset, "LearnedUpscaling").graph(dataset[0].mesh)
    cube = shapes.cube(0.5)
    with pytest.raises(ConfigError, match="the mesh is 3-D"):
        FacePatches.of(cube, np.zeros(cube.num_cells), operator.graph(mesh).system.flux.geometry, 4)
    tensors = mesh.with_data({}, {"permeability": np.tile(np.eye(2), (mesh.num_cells, 1, 1))})
    with pytest.raises(DataError, match="the permeability is a tensor"):
        PROBLEM.medium(tensors)
    graph = operator.graph(mesh)
    with pytest.raises(ConfigError, match="cannot be exported"):
        export(operator, graph)
    del graph.system
    with pytest.raises(DataError, match="no coarse equations"):
        operator(graph)
    with MeshDataset(darcy) as data:
        Operator.from_dataset(data, "gkn", width=4, depth=1).save(tmp_path / "gkn.safetensors")
        with pytest.raises(ConfigError, match="a GKN; it is a model file of LearnedUpscaling"):
            Operator.from_dataset(data, "SolverCorrector", coarse={"upscaling": str(tmp_path / "gkn.safetensors")})
    with pytest.raises(ConfigError, match="coarse has a solver and an upscaling"):
        SolverCorrector(1, 1, radius=(0.1,), coarse={"solver": {"name": "diffusion"}, "upscaling": {}})
