"""A coarse solver with a learned correction: where it starts, what it scales with, when it gives way, what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gno.datasets import MeshDataset
from gno.errors import ConfigError, DataError
from gno.mesh import Mesh, node_volume
from gno.mesh.interpolation import Interpolation
from gno.models import CoarseSolve, Operator, SolverCorrector, export
from gno.problems import Darcy, generate
from gno.problems.misfit import misfit

pytestmark = pytest.mark.usefixtures("double")

PROBLEM = Darcy(nodes=160, shapes=("square", "l_shape"), held_out=(), refinement=2, test_fraction=0.34, seed=5)
OPTIONS: dict[str, Any] = {
    "coarse": {"nodes": 40},
    "options": {"width": 8, "cycles": 1},
    "kernel": {"width": 8, "aggregation": "quadrature"},
    "geometry": {"levels": 2, "features": ["boundary_distance"]},
    "boundary": "zero",
}


@pytest.fixture(scope="module")
def darcy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(PROBLEM, tmp_path_factory.mktemp("corrector") / "darcy.h5", 6)


@pytest.fixture
def operator(darcy: Path) -> Operator:
    torch.manual_seed(0)
    with MeshDataset(darcy) as dataset:
        return Operator.from_dataset(dataset, "SolverCorrector", **OPTIONS)


def unseen(darcy: Path) -> Mesh:
    with MeshDataset(darcy, "test") as dataset:
        mesh = dataset[0].mesh
    return mesh.with_data({"permeability": mesh.point_data["permeability"]})


def corrected(operator: Operator, gain: float) -> Operator:
    assert isinstance(operator.network, SolverCorrector)
    nn.init.constant_(operator.network.gain, gain)
    return operator


def test_the_first_prediction_is_the_prolonged_coarse_solution(operator: Operator, darcy: Path) -> None:
    mesh = unseen(darcy)
    assert isinstance(operator.network, SolverCorrector)
    assert operator.network.coarse is not None
    coarse = operator.network.coarse._coarse(mesh)
    u = PROBLEM.solve(PROBLEM.transferred(mesh, coarse)).point_data["u"]
    expected = Interpolation.of(coarse, mesh.points)(u)
    expected[mesh.boundary_nodes] = 0.0
    assert np.abs(operator.predict(mesh).point_data["u"] - expected).max() < 1e-14 * np.abs(u).max() + 1e-16


def test_a_source_three_times_as_large_gives_three_times_the_field(operator: Operator, darcy: Path) -> None:
    mesh, network = unseen(darcy), corrected(operator, 0.5).network
    fields = []
    for source in (1.0, 3.0):
        network.coarse = CoarseSolve(Darcy(source=source), nodes=40)
        fields.append(operator.fields(operator(operator.graph(mesh)))["u"].detach())
    assert (fields[1] - 3 * fields[0]).abs().max() < 1e-11 * fields[1].abs().max()
    base = operator.fields(operator.graph(mesh).base)["u"]
    assert (fields[1] - base).abs().max() > 1e-3 * base.abs().max()  # or nothing was corrected


def test_a_correction_that_makes_the_residual_larger_is_left_out(operator: Operator, darcy: Path) -> None:
    mesh = unseen(darcy)
    plain = operator.predict(mesh)
    assert set(plain.point_data["is_corrected"]) == {1.0}
    wild = corrected(operator, 1e4).predict(mesh)
    assert set(wild.point_data["is_corrected"]) == {0.0}
    assert np.array_equal(wild.point_data["u"], plain.point_data["u"])
    for gain in (-0.3, 0.1, 1.0):
        found = corrected(operator, gain).predict(mesh)
        assert misfit(PROBLEM, found).relative <= misfit(PROBLEM, plain).relative
    nan = corrected(operator, float("nan")).predict(mesh)
    assert np.array_equal(nan.point_data["u"], plain.point_data["u"])


@pytest.mark.parametrize("other", [{"coefficient": "log-normal"}, {"shapes": ("disk",)}, {"source": 9.0, "tau": 8.0}])
def test_unlike_the_training_no_correction_does_harm(operator: Operator, other: dict[str, Any]) -> None:
    problem = Darcy(**({"nodes": 160, "shapes": ("square",), "held_out": (), "refinement": 2, "seed": 3} | other))
    assert isinstance(operator.network, SolverCorrector)
    operator.network.coarse = CoarseSolve(problem, nodes=40)
    mesh = problem.sample(1).mesh
    exact, weight = problem.solve(mesh).point_data["u"], node_volume(mesh)  # of the equations that the guard knows
    errors = []
    for gain in (0.0, -3.0, -0.3, 0.3, 3.0, 30.0):
        u = corrected(operator, gain).predict(mesh.without(["u"])).point_data["u"]
        errors.append(np.sqrt(weight @ (u - exact) ** 2))
    assert max(errors) <= 1.05 * errors[0]


def test_smoothing_takes_off_what_is_rough_and_leaves_what_is_smooth(operator: Operator, darcy: Path) -> None:
    mesh, draw = unseen(darcy), np.random.default_rng(0)
    exact = PROBLEM.solve(mesh)
    size = np.abs(exact.point_data["u"]).max()
    x, y = (mesh.points / mesh.points.max(axis=0)).T
    rough, smooth = 0.1 * size * draw.normal(size=len(x)), 0.1 * size * np.sin(np.pi * x) * np.sin(np.pi * y)
    left = []
    for coarse in (CoarseSolve(PROBLEM, smoothing=4), CoarseSolve(PROBLEM, cycles=1)):
        for error in (rough, smooth):
            given = mesh.with_data({**mesh.point_data, "u": exact.point_data["u"] + error})
            found = coarse.smoothed(given).cell_data["u"] - exact.cell_data["u"]
            start = np.concatenate([given.point_data["u"][c].mean(axis=1) for c in mesh.cells.values()])
            left.append(np.linalg.norm(found) / np.linalg.norm(start - exact.cell_data["u"]))
    assert left[0] < 0.35
    assert left[1] > 0.6
    assert max(left[2:]) < 0.3  # a V-cycle takes off both
    network = operator.network
    assert isinstance(network, SolverCorrector)
    before = misfit(PROBLEM, operator.predict(mesh)).relative
    network.coarse = CoarseSolve(PROBLEM, nodes=40, smoothing=4)
    assert misfit(PROBLEM, operator.predict(mesh)).relative < before


def test_typical_sizes_are_those_of_the_training_samples(operator: Operator, darcy: Path) -> None:
    missed, network = [], operator.network
    with MeshDataset(darcy, "train") as dataset:
        for sample in dataset:
            graph, weight = operator.graph(sample.mesh), node_volume(sample.mesh)
            gap = (operator.fields(graph.y)["u"] - operator.fields(graph.base)["u"]).numpy()
            factor = operator.factor(graph.boundary_distance, graph.is_boundary).numpy()
            size = weight @ operator.fields(graph.base)["u"].numpy() ** 2 / weight.sum()
            missed.append((weight @ gap**2) / (weight @ factor**2) / size)
    assert isinstance(network, SolverCorrector)
    assert float(network.scale) == pytest.approx(np.sqrt(np.mean(missed)), rel=1e-9)


def test_a_model_file_finds_its_solver_again(operator: Operator, darcy: Path, tmp_path: Path) -> None:
    corrected(operator, 0.2).save(tmp_path / "m.safetensors")
    mesh, loaded = unseen(darcy), Operator.load(tmp_path / "m.safetensors")
    assert np.array_equal(loaded.predict(mesh).point_data["u"], operator.predict(mesh).point_data["u"])


def test_any_operator_and_any_given_coarse_mesh_will_do(darcy: Path) -> None:
    mesh = unseen(darcy)
    with MeshDataset(darcy) as dataset:
        options = OPTIONS | {"network": "meshgraphnet", "options": {"width": 8, "depth": 2}, "geometry": {"levels": 1}}
        operator = Operator.from_dataset(dataset, "SolverCorrector", **options)
    operator.network.coarse = CoarseSolve(PROBLEM, mesh=mesh)
    exact = PROBLEM.solve(PROBLEM.transferred(mesh, mesh)).point_data["u"]
    assert np.abs(operator.predict(mesh).point_data["u"] - exact).max() < 1e-12
    other = Mesh(mesh.points * [1.0, 1.3], mesh.cells, mesh.boundary, mesh.point_data)
    with pytest.raises(DataError, match="another shape than the coarse mesh"):
        operator.predict(other)


def test_a_boundary_that_is_free_is_not_touched(darcy: Path) -> None:
    with MeshDataset(darcy) as dataset:
        operator = Operator.from_dataset(dataset, "SolverCorrector", **(OPTIONS | {"boundary": "free"}))
    graph = corrected(operator, 1.0).graph(unseen(darcy))
    change = (operator(graph) - graph.base).detach().abs()[:, 0]
    assert float(change[graph.is_boundary > 0].max()) > 0


def test_what_cannot_be_is_refused(darcy: Path, dataset: MeshDataset, operator: Operator) -> None:
    with pytest.raises(ConfigError, match="has no solver for it; the problem that it names, 'toy', is none of ours"):
        Operator.from_dataset(dataset, "SolverCorrector", **OPTIONS)
    with pytest.raises(ConfigError, match="corrects a solver, not another corrector"):
        SolverCorrector(1, 1, radius=(0.1,), network="solvercorrector")
    with pytest.raises(ConfigError, match=r"coarse\.nodes is 3; it is a whole number, 4 or more"):
        SolverCorrector(1, 1, radius=(0.1,), coarse={"nodes": 3})
    with pytest.raises(ConfigError, match="coarse has 'node'; known: nodes, smoothing, cycles, solver, upscaling"):
        SolverCorrector(1, 1, radius=(0.1,), coarse={"node": 30})
    with pytest.raises(ConfigError, match=r"coarse\.smoothing is -1"):
        CoarseSolve(PROBLEM, smoothing=-1)
    with pytest.raises(ConfigError, match=r"cycles is 1; CoarseDiffusion has no V-cycle"):
        SolverCorrector(1, 1, radius=(0.1,), coarse={"cycles": 1, "solver": {"name": "diffusion"}})
    with pytest.raises(ConfigError, match="CoarseDiffusion has no smoother"):
        SolverCorrector(1, 1, radius=(0.1,), coarse={"smoothing": 2, "solver": {"name": "diffusion"}})
    mesh = unseen(darcy)
    with pytest.raises(ConfigError, match=f"{mesh.num_points + 5} nodes for a fine one of {mesh.num_points}"):
        CoarseSolve(PROBLEM, nodes=mesh.num_points + 5).prolonged(mesh, ["u"])
    graph = operator.graph(mesh)
    for model in (operator, operator.network):
        with pytest.raises(ConfigError, match="cannot be exported; its solver is no program of torch alone"):
            export(model, graph)
    del graph.base
    with pytest.raises(DataError, match="no coarse solution"):
        operator(graph)
