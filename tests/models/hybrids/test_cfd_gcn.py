"""CFD-GCN: its formula, its gradients through solver and interpolation, variants, warm starts, its file."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor
from torch_geometric.data import Batch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import ConfigError, DataError, MeshError, SolverError
from gno.graph import GraphData, mesh_edges
from gno.mesh import Mesh, coarsen, shapes
from gno.models import CFDGCN, Operator
from gno.models.coarse.diffusion import CoarseDiffusion
from gno.models.coarse.states import CoarseStates
from gno.models.file.header import read_header, sealed
from gno.models.hybrids.domain import refuse_other_domain
from gno.models.hybrids.learned_mesh import LearnedMesh
from gno.models.hybrids.mesh_table import mesh_of, mesh_table
from gno.models.hybrids.options import coarse_mesh
from gno.nn.graph_convolution import symmetric_weights

pytestmark = pytest.mark.usefixtures("double")
FINE = shapes.square(0.12, seed=3)
COARSE = shapes.square(0.25, seed=1)
U = {"name": "u", "normalizer": {"mean": [0.05], "std": [0.02]}}
SOLVER = {"name": "diffusion", "inputs": ["source", "permeability"]}
PART: dict[str, Any] = {"solver": SOLVER, "mesh": mesh_table(COARSE), "columns": [1, 0], "outputs": [U]}


def graph(permeability: float = 1.0, source: float = 2.0) -> GraphData:
    draw = torch.Generator().manual_seed(0)
    return GraphData(
        x=torch.randn(FINE.num_points, 2, generator=draw), pos=torch.tensor(FINE.points), edge_index=mesh_edges(FINE),
        params=torch.tensor([[permeability, source]]),
    )  # fmt: skip


def network(coarse: dict[str, Any] | None = None, **options: Any) -> CFDGCN:
    torch.manual_seed(0)
    return CFDGCN(2, 1, **({"coarse": PART | (coarse or {}), "width": 8, "depth": 3, "merged": 2} | options))


def airfoil(digits: str, **options: float) -> Mesh:
    return shapes.airfoil_o(shapes.naca(digits), **({"around": 64, "outward": 12} | options))


def test_is_the_formula_of_the_paper() -> None:
    net, one = network(), graph(3.0, 2.0)
    solution = CoarseDiffusion(("permeability", "source")).solve(
        COARSE, {"permeability": torch.tensor([3.0]), "source": torch.tensor([2.0])}
    )
    away = torch.cdist(torch.tensor(FINE.points), torch.tensor(COARSE.points)).square()
    near, index = away.topk(3, largest=False)
    weight = 1 / near.clamp(min=1e-12)
    up = (weight * ((solution.values[0, :, 0] - 0.05) / 0.02)[index]).sum(1) / weight.sum(1)
    assert (net.coarse(one)[:, 0] - up).abs().max() < 1e-6
    edge, loop = symmetric_weights(one.edge_index, FINE.num_points)
    a = torch.diag(loop)
    a[one.edge_index[1], one.edge_index[0]] = edge
    first, (second, third) = net.before.layers[0], net.after.layers
    h = (a @ one.x @ first.weight.T + first.bias).relu()
    h = (a @ torch.cat([net.coarse(one), h], 1) @ second.weight.T + second.bias).relu()
    assert (net(one) - (a @ h @ third.weight.T + third.bias)).abs().max() < 1e-12


def test_a_batch_of_conditions_equals_each_alone() -> None:
    net, graphs = network(), [graph(1.0, 2.0), graph(3.0, 1.0), graph(2.0, 2.0)]
    together = net(Batch.from_data_list(graphs))
    assert (together - torch.cat([net(g) for g in graphs])).abs().max() < 1e-9
    assert (together[: FINE.num_points] - together[FINE.num_points : 2 * FINE.num_points]).abs().max() > 1e-3


def test_gradients_in_weights_and_coarse_nodes_equal_central_differences() -> None:
    net, one = network(), graph()
    weight = torch.randn(FINE.num_points, 1)
    with torch.no_grad():
        net.coarse.mesh.displacement.copy_(0.05 * torch.randn_like(net.coarse.mesh.displacement))

    def value() -> Tensor:
        return (weight * net(one)).sum()

    value().backward()
    for parameter in (net.coarse.mesh.displacement, net.before.layers[0].weight):
        assert parameter.grad is not None
        way, own = torch.randn_like(parameter), parameter.detach().clone()
        ends = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                parameter.copy_(own + step * way)
                ends.append(float(value()))
        with torch.no_grad():
            parameter.copy_(own)
        found = float((parameter.grad * way).sum())
        assert found == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)
        assert abs(found) > 1e-3


def test_coarse_nodes_learn_through_the_interpolation_as_well_as_through_the_solver() -> None:
    net, one = network(depth=0), graph()
    points = torch.tensor(COARSE.points).requires_grad_()
    fields = net.coarse.fields(one.params, points)
    (full,) = torch.autograd.grad(net.coarse.interpolation(fields[0], points, one.pos).sum(), points, retain_graph=True)
    (solver,) = torch.autograd.grad(net.coarse.interpolation(fields[0], points.detach(), one.pos).sum(), points)
    assert (full - solver).abs().max() > 1e-2 * full.abs().max()
    assert solver.abs().max() > 1e-2 * full.abs().max()


def test_variants_of_the_paper() -> None:
    frozen, plain = network({"learned": False}), network(depth=0)
    assert not frozen.coarse.mesh.displacement.requires_grad
    frozen(graph()).sum().backward()
    assert frozen.coarse.mesh.displacement.grad is None
    assert torch.equal(plain(graph()), plain.coarse(graph()))
    assert [name for name, _ in plain.named_parameters()] == ["coarse.mesh.displacement"]


def test_a_residual_network_begins_as_the_coarse_solution_and_adds_to_it() -> None:
    net, one = network(residual=True), graph()
    assert torch.equal(net(one), net.coarse(one))
    torch.nn.init.normal_(net.after.layers[-1].weight)
    plain = network()
    plain.load_state_dict(net.state_dict())
    assert (net(one) - plain(one) - net.coarse(one)).abs().max() < 1e-12
    with pytest.raises(ConfigError, match=r"gives 1 channels; 2 are wanted, and the network does not make them"):
        CFDGCN(2, 2, coarse=PART, residual=True)


def test_boundary_nodes_stay_and_a_step_that_would_turn_cells_over_is_cut() -> None:
    mesh = LearnedMesh(COARSE)
    zero = mesh.displacement.detach().clone()
    with torch.no_grad():
        mesh.displacement.add_(20 * torch.randn_like(zero))
    with pytest.raises(MeshError, match="turned over"):
        mesh.penalty()
    mesh.settle(zero)
    assert float(mesh.penalty().detach()) > 0
    moved = mesh.moved()
    assert np.array_equal(moved.points[COARSE.boundary_nodes], COARSE.points[COARSE.boundary_nodes])
    assert not np.allclose(moved.points, COARSE.points)
    before = mesh.displacement.detach().clone()
    with torch.no_grad():
        mesh.displacement.add_(1e-6)
    small = mesh.displacement.detach().clone()
    mesh.settle(before)
    assert torch.equal(mesh.displacement, small)


def test_states_are_remembered_while_they_are_open_and_survive_a_checkpoint() -> None:
    cavity = {"name": "incompressible", "boundary": {"top": {"noslip": [1.0, 0.0]}, "*": "noslip"}}
    pressure = {"name": "pressure", "normalizer": U["normalizer"]}
    net = network({"solver": cavity, "columns": [0], "outputs": [pressure]})
    one = graph(permeability=0.1)
    cold = net(one)
    assert len(net.coarse.states) == 0
    net.coarse.states.is_open = True
    net(one)
    assert len(net.coarse.states) == 1
    assert (net(one) - cold).abs().max() < 1e-7
    other = CoarseStates()
    other.restore(copy.deepcopy(net.coarse.states.to_dict()))
    assert torch.equal(other.nearest(torch.tensor([[0.3]])), net.coarse.states.nearest(torch.tensor([[0.1]])))


def test_a_bad_start_is_given_up_and_a_failure_names_the_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    net, one = network(), graph(permeability=3.0)
    good, starts = net.coarse.solver.solve, []

    def solve(mesh: Any, inputs: Any, *, points: Tensor, initial: Tensor | None = None) -> Any:
        starts.append(initial)
        if initial is not None:
            raise SolverError("no convergence")
        return good(mesh, inputs, points=points)

    net.coarse.states.is_open = True
    monkeypatch.setattr(net.coarse.solver, "solve", solve)
    first = net(one)
    assert torch.equal(net(one), first)
    assert [start is None for start in starts] == [True, False, True]
    monkeypatch.setattr(net.coarse.solver, "solve", lambda *a, **k: (_ for _ in ()).throw(SolverError("it blew up")))
    with pytest.raises(SolverError, match=r"failed for source = 2, permeability = 3; it blew up"):
        net(one)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Diffusion with one source and permeability a sample, on one mesh."""
    path = tmp_path_factory.mktemp("hybrid") / "d.h5"
    rng, solver = np.random.default_rng(0), CoarseDiffusion(("permeability", "source"))
    with DatasetWriter(path, [FieldSpec("u", role="target")], attributes={"pde": "none"}) as writer:
        for i in range(6):
            numbers = {"source": rng.uniform(1, 2), "permeability": rng.uniform(1, 3)}
            u = solver.solve(FINE, {k: torch.tensor([v]).double() for k, v in numbers.items()}).values[0, :, 0]
            writer.append(FINE.with_data({"u": u.numpy()}), numbers, split="train" if i < 4 else "test")
    return path


def operator(data: Path, coarse: dict[str, Any] | None = None, **options: Any) -> Operator:
    given = {"coarse": {"solver": SOLVER, "mesh": {"nodes": 30}, **(coarse or {})}, "width": 8, "depth": 3, "merged": 2}
    return Operator.from_dataset(
        MeshDataset(data), "cfdgcn", params=["permeability", "source"], geometry={"features": ["coordinates"]},
        **(given | options),
    )  # fmt: skip


def test_a_model_file_holds_mesh_solver_and_displacement(data: Path, tmp_path: Path) -> None:
    one = operator(data)
    assert one.network.arguments["coarse"]["columns"] == [1, 0]
    with torch.no_grad():
        one.network.coarse.mesh.displacement.add_(0.02)
    one.save(tmp_path / "m.safetensors")
    again = Operator.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.network.coarse.mesh.moved().points, one.network.coarse.mesh.moved().points)
    with MeshDataset(data, params=one.params) as dataset:
        mesh = dataset[5].mesh
    assert np.array_equal(again.predict(mesh).point_data["u"], one.predict(mesh).point_data["u"])


def test_a_file_of_before_the_coarse_solution_was_a_part_gives_the_same_fields(data: Path, tmp_path: Path) -> None:
    one, path = operator(data), tmp_path / "m.safetensors"
    with torch.no_grad():
        one.network.coarse.mesh.displacement.add_(0.02)
    one.save(path)
    header = read_header(path)
    arguments = dict(header.description["network"]["arguments"])
    part = arguments.pop("coarse")
    arguments |= {"coarse": part.pop("mesh"), **part}
    before = {name.removeprefix("coarse."): value for name, value in one.network.state_dict().items()}
    digests = {name.removeprefix("coarse."): value for name, value in header.description["sha256"].items()}
    about = header.description | {"network": {"name": "CFDGCN", "arguments": arguments}, "sha256": digests}
    path.write_bytes(tensors_to_bytes(before, {"gno": sealed(about)}))
    again = Operator.load(path)
    assert again.network.arguments == one.network.arguments
    with MeshDataset(data, params=one.params) as dataset:
        mesh = dataset[5].mesh
    assert np.array_equal(again.predict(mesh).point_data["u"], one.predict(mesh).point_data["u"])


def test_the_interpolated_coarse_solution_is_near_to_the_fine_one(data: Path) -> None:
    one = operator(data, {"mesh": {"nodes": 60}}, depth=0)
    with MeshDataset(data, params=one.params) as dataset:
        mesh = dataset[4].mesh
    u, truth = one.predict(mesh).point_data["u"], mesh.point_data["u"]
    assert np.linalg.norm(u - truth) < 0.15 * np.linalg.norm(truth)


def test_what_does_not_fit_the_data_is_refused(data: Path) -> None:
    with pytest.raises(ConfigError, match=r"the network has no solver; coarse\.solver is None; coarse = "):
        operator(data, {"solver": None})
    with pytest.raises(ConfigError, match=r"coarse solver 'difusion' is unknown.*did you mean 'diffusion'"):
        operator(data, {"solver": {"name": "difusion"}})
    with pytest.raises(ConfigError, match=r"coarse solver takes 'viscosity'; parameters are: permeability, source"):
        operator(data, {"solver": {"name": "incompressible", "boundary": {"*": "noslip"}}})
    with pytest.raises(ConfigError, match=r"coarse solver returns w; the targets are u"):
        operator(data, {"solver": {"name": "diffusion", "output": "w"}})
    with pytest.raises(ConfigError, match=r"coarse.mesh has 'node'; known: keep, nodes, path, seed"):
        operator(data, {"mesh": {"node": 30}})
    with pytest.raises(ConfigError, match=r"coarse has 'lerned'; known: solver, .*did you mean 'learned'"):
        operator(data, {"lerned": False})
    with pytest.raises(ConfigError, match=r"depth is 3, merged is 3"):
        network(merged=3)
    with pytest.raises(ConfigError, match=r"1 columns of parameters; the solver takes source, permeability"):
        network({"columns": [0]})
    with pytest.raises(ConfigError, match=r"returns no field 'v'; it returns u"):
        network({"outputs": [U | {"name": "v"}]})
    without = graph()
    del without.params
    with pytest.raises(DataError, match=r"has 0 parameters; the coarse solver takes source, permeability"):
        network()(without)


def test_a_mesh_of_another_shape_is_refused_and_one_of_the_same_shape_is_not(data: Path) -> None:
    one = operator(data)
    numbers = {"permeability": 2.0, "source": 1.5}

    def predict(mesh: Mesh) -> Mesh:
        return one.predict(mesh.with_data({name: np.full(mesh.num_points, v) for name, v in numbers.items()}))

    assert np.isfinite(predict(shapes.square(0.07, seed=8)).point_data["u"]).all()
    with pytest.raises(DataError, match=r"another shape than the coarse mesh.*boundaries are 0\.3 apart") as caught:
        predict(shapes.rectangle(0.1, 1.0, 1.3))
    assert caught.value.exit_code == 3


def test_airfoils_are_told_apart_by_a_hundredth_of_a_chord_however_they_are_meshed() -> None:
    coarse = coarsen(airfoil("0012"), 120, keep={"airfoil": 32, "farfield": 16})
    same = (airfoil("0012"), airfoil("0012", around=40), airfoil("0012", around=200))
    for mesh in (*same, shapes.airfoil_triangles(shapes.naca("0012"))):
        refuse_other_domain(mesh, coarse)
    for digits in ("0015", "2412", "1412"):
        with pytest.raises(DataError, match="another shape"):
            refuse_other_domain(airfoil(digits, around=128), coarse)
    with pytest.raises(DataError, match="another shape"):
        refuse_other_domain(airfoil("0012", far_field=30.0), coarse)


def test_a_coarse_mesh_with_a_cell_turned_over_is_refused_at_construction() -> None:
    points = COARSE.points.copy()
    inside = np.setdiff1d(np.arange(COARSE.num_points), COARSE.boundary_nodes)
    points[inside[0]] = [2.0, 2.0]
    with pytest.raises(MeshError, match="is inverted, flat or not convex"):
        network({"mesh": mesh_table(Mesh(points, COARSE.cells, COARSE.boundary))})


def test_parameters_outside_of_the_training_are_said(data: Path) -> None:
    one = operator(data)
    mesh = FINE.with_data({"permeability": np.full(FINE.num_points, 9.0), "source": np.full(FINE.num_points, 1.5)})
    assert one.outside(mesh)[0].startswith("permeability is 9, in training from 1")
    assert one.predict(mesh).point_data["distance_from_training"].min() > 0
    with pytest.raises(DataError, match="permeability is 9, in training"):
        one.predict(mesh, strict=True)


def test_coarse_meshes_come_from_files_and_tables_too(tmp_path: Path) -> None:
    from gno.mesh import save

    made = coarsen(FINE, 40)
    save(made, tmp_path / "coarse.su2")
    table = coarse_mesh({"path": str(tmp_path / "coarse.su2")}, FINE)
    assert np.allclose(table["points"], made.points)
    again = mesh_of(table)
    assert list(again.boundary) == list(made.boundary)
    assert coarse_mesh(table, FINE) == table
    assert np.array_equal(mesh_of(coarse_mesh({"nodes": 40}, FINE)).points, made.points)
    with pytest.raises(ConfigError, match="a coarse mesh cannot be read"):
        mesh_of({"points": [[0.0, 0.0]]})
