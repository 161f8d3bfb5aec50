"""CFD-GCN from a recipe to a prediction: learned nodes, resumed runs, the commands' files."""

from __future__ import annotations

import copy
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import ConfigError, Interrupted
from gno.mesh import node_volume, shapes
from gno.models import CFDGCN, Operator
from gno.models.coarse.incompressible import CoarseIncompressible
from gno.models.hybrids.coarse_solution import CoarseSolution
from gno.models.hybrids.mesh_table import mesh_table
from gno.problems import AirfoilFlow, generate
from gno.training import Event, Recipe, evaluate, train
from gno.training.checkpoint import load_checkpoint
from gno.training.evaluation import _problem
from gno.training.optimization import Optimization
from gno.training.step import SHARE, add_barrier, take_step

CAVITY = {"name": "incompressible", "boundary": {"top": {"noslip": [1.0, 0.0]}, "*": "noslip"}}


@pytest.fixture(scope="module")
def cavities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flow in a cavity of several viscosities, on one mesh."""
    path, mesh = tmp_path_factory.mktemp("cavities") / "d.h5", shapes.square(0.2, seed=1)
    solver = CoarseIncompressible(CAVITY["boundary"])  # type: ignore[arg-type]
    fields = [FieldSpec("velocity", role="target", components=2), FieldSpec("pressure", role="target")]
    with DatasetWriter(path, fields, attributes={"pde": "none"}) as writer:
        for i, viscosity in enumerate(np.geomspace(0.05, 0.2, 5)):
            found = solver.solve(mesh, {"viscosity": torch.tensor([viscosity])}).values[0].numpy()
            data = {"velocity": found[:, :2], "pressure": found[:, 2]}
            split = ("train", "train", "valid", "train", "test")[i]
            writer.append(mesh.with_data(data), {"viscosity": viscosity}, split=split)
    return path


@pytest.fixture
def recipe() -> Recipe:
    options: dict[str, Any] = {
        "width": 8, "depth": 3, "merged": 2, "params": ["viscosity"],
        "coarse": {"solver": CAVITY, "mesh": {"nodes": 20}},
        "geometry": {"features": ["coordinates", "boundary_distance"]}, "transforms": {"viscosity": "log"},
    }  # fmt: skip
    optimization = {"epochs": 2, "batch_size": 2, "learning_rate": 0.01, "coordinate_rate": 0.02, "ema": 0.5}
    return Recipe.make({"seed": 1, "model": {"name": "cfdgcn", "options": options}, "optimization": optimization})


def stop_after(step: int) -> Callable[[Event], None]:
    def progress(event: Event) -> None:
        if event.stage == "training" and event.done == step and not event.milestone:
            os.kill(os.getpid(), signal.SIGINT)

    return progress


def test_a_stopped_run_goes_on_bit_for_bit_and_the_file_predicts(
    recipe: Recipe, cavities: Path, tmp_path: Path
) -> None:
    whole = train(recipe, cavities, tmp_path / "whole")
    with pytest.raises(Interrupted):
        train(recipe, cavities, tmp_path / "stopped", progress=stop_after(3))
    run = train(recipe, cavities, tmp_path / "stopped", resume=True)
    one, two = (Operator.load(r.model) for r in (run, whole))
    assert all(torch.equal(v, two.state_dict()[name]) for name, v in one.state_dict().items())
    kept = load_checkpoint(whole.folder / "checkpoint.pt")["coarse"][0]
    assert len(kept["conditions"]) == 4  # those of training, and that of validation
    network = two.network
    assert isinstance(network, CFDGCN)
    assert float(network.coarse.mesh.displacement.detach().abs().max()) > 1e-3
    metrics = evaluate(whole.model, cavities, tmp_path / "out")
    with MeshDataset(cavities, "test", params=["viscosity"]) as dataset:
        found = two.predict(dataset[0].mesh)
    assert metrics["relative_l2"] < 1
    coarse = whole_fields(two, cavities)
    assert metrics["coarse_relative_l2"] == pytest.approx(coarse, rel=1e-6)
    assert metrics["coarse_seconds"] > 0
    assert found.point_data["velocity"].shape == (found.num_points, 2)
    assert (whole.folder / "recipe.toml").read_text().count("noslip") == 2
    assert Recipe.load(whole.folder / "recipe.toml").model == recipe.model


def whole_fields(operator: Operator, cavities: Path) -> float:
    """Mean error over the fields of the coarse solution that the model has inside, on the test sample."""
    alone = copy.deepcopy(operator)
    alone.network.depth = 0  # type: ignore[assignment]
    with MeshDataset(cavities, "test", params=["viscosity"]) as dataset:
        mesh = dataset[0].mesh
    found, weight = alone.predict(mesh).point_data, node_volume(mesh)
    errors = []
    for name in ("velocity", "pressure"):
        missed, truth = (
            np.reshape(v, (len(weight), -1)) for v in (found[name] - mesh.point_data[name], mesh.point_data[name])
        )
        errors.append(np.sqrt((weight @ missed**2).sum() / (weight @ truth**2).sum()))
    return float(np.mean(errors))


def test_an_airfoil_has_no_plain_solver_here_and_evaluation_says_so(tmp_path: Path) -> None:
    flows = AirfoilFlow(around=24, outward=8, alpha_max=0.0, airfoils=("0012",))
    said: list[str] = []
    with MeshDataset(generate(flows, tmp_path / "d.h5", 2)) as dataset:
        assert _problem(dataset, ["velocity", "pressure", "density"], lambda event: said.append(event.message)) is None
    assert said == [
        "the plain solver of 'airfoil' takes no mesh at hand: the model is compared with no solver on the fine mesh"
    ]


def network(depth: int = 6, **options: Any) -> CFDGCN:
    output = {"name": "pressure", "normalizer": {"mean": [0.0], "std": [1.0]}}
    mesh = mesh_table(shapes.square(0.34, seed=2))
    part = CoarseSolution(CAVITY, mesh, columns=[0], outputs=[output], **options)
    return CFDGCN(1, 1, coarse=part, depth=depth)


def test_learned_nodes_have_a_rate_of_their_own_and_no_decay() -> None:
    net = network()
    options = Optimization(learning_rate=1e-3, coordinate_rate=2e-2)
    groups = {len(g["params"]): g for g in options.make_optimizer(net).param_groups}
    nodes = groups[1]
    assert nodes["params"][0] is net.coarse.mesh.displacement
    assert (nodes["weight_decay"], nodes[SHARE]) == (0.0, pytest.approx(20.0))
    assert all(g[SHARE] == 1.0 for size, g in groups.items() if size > 1)
    optimizer = options.make_optimizer(net)
    net.coarse.mesh.displacement.grad = torch.ones_like(net.coarse.mesh.displacement)
    take_step(1.0, net, optimizer, rate=1e-3, clip=0.0)
    assert net.coarse.mesh.displacement.detach().numpy() == pytest.approx(-0.02)
    with pytest.raises(ConfigError, match="nothing to learn"):
        options.make_optimizer(network(depth=0, learned=False))


def test_steps_that_pull_a_cell_flat_leave_all_cells_valid() -> None:
    net = network(depth=0, barrier=1e-6)
    optimizer = Optimization(learning_rate=0.5).make_optimizer(net)
    way = torch.randn(
        net.coarse.mesh.displacement.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    least = []
    for _ in range(12):
        net.coarse.mesh.displacement.grad = way.clone()
        take_step(1.0, net, optimizer, rate=0.5, clip=0.0)
        least.append(float(net.coarse.mesh.guard.sizes(net.coarse.mesh.points().detach()).min()))
    assert min(least) > 0
    assert least[-1] < 0.1  # they do come close


def test_the_barrier_pulls_nodes_back() -> None:
    net = network(barrier=0.1)
    with torch.no_grad():
        net.coarse.mesh.displacement.add_(0.2 * torch.randn(net.coarse.mesh.displacement.shape, dtype=torch.float64))
    add_barrier(net)
    whole = net.coarse.mesh.displacement.grad
    assert whole is not None
    with torch.no_grad():
        before = net.coarse.mesh.penalty()
        net.coarse.mesh.displacement.sub_(1e-3 * whole / whole.norm())
        assert net.coarse.mesh.penalty() < before


def test_a_recipe_that_turns_the_fine_mesh_alone_is_refused(recipe: Recipe, cavities: Path, tmp_path: Path) -> None:
    table = recipe.model_dump(exclude_none=True)
    table["data"]["augment"] = "rigid"
    with pytest.raises(ConfigError, match=r"with a solver on a coarse mesh; that mesh would have to be moved"):
        train(Recipe.make(table), cavities, tmp_path / "run")
    with pytest.raises(ConfigError, match=r"model.options.coarse.columns"):
        Recipe.make({"model": {"name": "cfdgcn", "options": {"coarse": {"columns": [0]}}}})
