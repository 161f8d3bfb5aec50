"""The operator: what it takes from a mesh, what it gives back, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, Normalizer
from gno.datasets.layouts.grid import Grid
from gno.errors import ConfigError, DataError, MeshError, SolverError
from gno.graph import mesh_edges
from gno.mesh import Mesh, cell_volume, node_volume, shapes
from gno.mesh.means import corner_mean
from gno.models import MGKN, Operator
from gno.models.features.boundary_distance import boundary_distance
from gno.models.features.channel import Channel
from gno.models.features.geometry import Geometry
from gno.models.features.patch_distance import patch_distance
from gno.testing import assert_resolution_invariant
from gno.training.metrics import relative_l2
from tests.models.conftest import sample


def test_graph_holds_encoded_inputs_features_and_targets(operator: Operator) -> None:
    mesh = sample(7)
    graph = operator.graph(mesh)
    assert graph.x.shape == (mesh.num_points, 3)
    assert graph.num_levels == 3
    permeability = operator.inputs[0]
    assert permeability.normalizer.transform == "log"  # positive, over two decades
    physical = permeability.decode(graph.x[:, :1].double())[:, 0].numpy()
    assert np.allclose(physical, mesh.point_data["permeability"], rtol=1e-5)
    assert np.allclose(operator.fields(graph.y)["u"].numpy(), mesh.point_data["u"], atol=1e-7)
    assert torch.equal(operator.decode(graph.y)[:, 0], operator.fields(graph.y)["u"])
    x, y = mesh.points.T
    assert np.allclose(graph.boundary_distance.numpy(), np.minimum.reduce([x, 1 - x, y, 1 - y]), atol=1e-7)
    assert graph.x[:, 2].sum() == len(mesh.boundary_nodes)
    assert "y" not in operator.graph(mesh.with_data({"permeability": mesh.point_data["permeability"]}))


def test_lengths_are_physical_and_stay_on_a_finer_mesh(operator: Operator) -> None:
    coarse, fine = (operator.graph(sample(7, h)) for h in (0.15, 0.08))
    assert fine.num_nodes > 3 * coarse.num_nodes
    for graph in (coarse, fine):
        offset = graph.pos[graph.intra_0[0]] - graph.pos[graph.intra_0[1]]
        assert 0.6 * operator.geometry.radius[0] < offset.norm(dim=1).max() <= operator.geometry.radius[0] * 1.0001
    assert abs(len(coarse.nodes_2) - len(fine.nodes_2)) <= 0.35 * len(coarse.nodes_2)


def test_a_prediction_is_a_mesh_with_the_targets(operator: Operator) -> None:
    mesh = sample(7)
    out = operator.predict(mesh)
    assert set(out.point_data) == {"permeability", "u", "distance_from_training"}
    assert out.cell_data["u"].shape == (mesh.num_cells,)
    corners = np.concatenate([out.point_data["u"][cells].mean(axis=1) for cells in mesh.cells.values()])
    assert np.allclose(out.cell_data["u"], corners)
    assert np.array_equal(out.points, mesh.points)
    alone = operator.fields(operator(operator.graph(mesh)).detach())["u"]
    assert np.allclose(out.point_data["u"], alone.numpy(), atol=1e-7)


def test_a_batch_of_meshes_equals_each_alone(operator: Operator) -> None:
    graphs = [operator.graph(sample(seed, h)) for seed, h in ((5, 0.15), (6, 0.1))]
    together = operator(Batch.from_data_list(graphs))
    assert (together - torch.cat([operator(graph) for graph in graphs])).abs().max() < 1e-5


@pytest.mark.parametrize("boundary", ["zero", "mask"])
def test_the_boundary_value_is_exact(dataset: MeshDataset, boundary: str) -> None:
    operator = Operator.from_dataset(dataset, "mgkn", boundary=boundary, width=8, geometry={"levels": 2})
    mesh = sample(7)
    u = operator.predict(mesh).point_data["u"]
    inside = np.setdiff1d(np.arange(mesh.num_points), mesh.boundary_nodes)
    assert np.array_equal(u[mesh.boundary_nodes], np.zeros(len(mesh.boundary_nodes)))
    assert (u[inside] != 0).all()
    graph = operator.graph(mesh)
    assert operator.fields(operator(graph).detach())["u"][mesh.boundary_nodes].abs().max() < 1e-7


def renumbered(mesh: Mesh, order: np.ndarray) -> Mesh:
    """The mesh whose node ``i`` is node ``order[i]`` of the one given, its cells in another order, too."""
    place, rng = np.argsort(order), np.random.default_rng(1)
    return Mesh(
        mesh.points[order],
        {kind: place[rng.permutation(cells)] for kind, cells in mesh.cells.items()},
        {name: place[facets] for name, facets in mesh.boundary.items()},
        {name: values[order] for name, values in mesh.point_data.items()},
    )


def untrained(dim: int = 2, **options: Any) -> Operator:
    """An operator from ``a`` to ``u`` in double precision."""
    torch.manual_seed(0)
    unit, scalar = Normalizer((0.0,), (1.0,)), ((0.0,), (1.0,))
    a, u = Channel(FieldSpec("a"), unit, *scalar), Channel(FieldSpec("u", role="target"), unit, *scalar)
    geometry = Geometry(dim=dim, spacing=(0.2, 0.4), radius=(0.2, 0.5, 1.0), scale=0.5)
    kernel = {"width": 8, "dim": dim, "aggregation": "quadrature", **options}
    return Operator(MGKN(3, 1, radius=geometry.radius, width=8, cycles=2, kernel=kernel), [a], [u], geometry).double()


def with_input(mesh: Mesh) -> Mesh:
    return mesh.with_data({"a": np.sin(3 * mesh.points[:, 0]) * np.cos(2 * mesh.points[:, 1])})


MESHES = {
    "delaunay": shapes.square(0.1, seed=1),
    "lattice": shapes.square(0.1, kind="structured"),  # many nodes are equally far from others
    "quads": shapes.square(0.1, kind="quad"),
    "tets": shapes.cube(0.25),
}


@pytest.mark.parametrize("name", MESHES)
def test_a_prediction_knows_neither_numbering_nor_place(name: str) -> None:
    mesh = with_input(MESHES[name])
    operator = untrained(mesh.dim)
    u = operator.predict(mesh).point_data["u"]
    order = np.random.default_rng(0).permutation(mesh.num_points)
    assert np.abs(operator.predict(renumbered(mesh, order)).point_data["u"] - u[order]).max() < 1e-12
    moved = replace(mesh, points=mesh.points + np.array([123.4, -56.7, 8.9])[: mesh.dim])
    assert np.abs(operator.predict(moved).point_data["u"] - u).max() < 1e-10
    absolute = untrained(mesh.dim, geometry="both")
    assert np.abs(absolute.predict(moved).point_data["u"] - absolute.predict(mesh).point_data["u"]).max() > 1e-3


def test_single_precision_serves_far_from_the_origin() -> None:
    mesh, operator = with_input(MESHES["delaunay"]), untrained().float()
    u = operator.predict(mesh).point_data["u"]
    moved = replace(mesh, points=mesh.points + np.array([5e5, 4e6]))  # as of a map in meters
    assert np.abs(operator.predict(moved).point_data["u"] - u).max() < 1e-5 * np.abs(u).max()


def test_double_precision_is_kept_throughout() -> None:
    mesh, operator = with_input(MESHES["delaunay"]), untrained()
    graph = operator.graph(mesh.with_data({**mesh.point_data, "u": mesh.point_data["a"]}))
    assert np.array_equal(graph.pos.numpy(), mesh.points)
    assert np.array_equal(graph.x[:, 0].numpy(), mesh.point_data["a"])
    assert np.array_equal(operator.fields(graph.y)["u"].numpy(), mesh.point_data["a"])
    assert np.array_equal(graph.node_volume.numpy(), node_volume(mesh))


def test_a_finer_mesh_gives_nearly_the_same_field() -> None:
    operator = untrained()
    middle = operator.predict(with_input(MESHES["delaunay"])).point_data["u"].mean()
    for parts in (2, 3):
        assert_resolution_invariant(
            lambda mesh: operator.predict(mesh).point_data["u"] - middle,
            with_input,
            MESHES["delaunay"],
            parts=parts,
            tolerance=0.04,
        )


def test_parts_that_nothing_connects_and_nodes_of_no_cell_do_no_harm() -> None:
    one = shapes.square(0.2, seed=1)
    far = np.concatenate([one.points, one.points + np.array([9.0, 0.0]), [[4.0, 4.0]]])
    cells = {"triangle": np.concatenate([one.cells["triangle"], one.cells["triangle"] + one.num_points])}
    operator, both = untrained(), with_input(Mesh(far, cells))
    u = operator.predict(both).point_data["u"]
    assert np.isfinite(u).all()
    other = both.with_data({"a": np.where(far[:, 0] > 5, 7.0, both.point_data["a"])})
    changed = operator.predict(other).point_data["u"] != u
    assert changed[far[:, 0] > 5].all()
    assert not changed[far[:, 0] < 1.5].any()


def test_nodes_of_no_cell_get_zero_and_change_nothing(operator: Operator) -> None:
    mesh = sample(7)
    a, cells = corner_mean(mesh, mesh.point_data["permeability"]), mesh.cells
    wanted = operator.predict(mesh.with_data({}, {"permeability": a}))
    stray = Mesh(
        np.vstack([[[50.0, 50.0]], mesh.points]), {"triangle": cells["triangle"] + 1}, {}, {}, wanted.cell_data
    )
    found = operator.predict(stray.with_data({}, {"permeability": a}))  # no cell gives it a permeability
    for name in ("u", "distance_from_training"):
        assert found.point_data[name][0] == 0
        assert np.array_equal(found.point_data[name][1:], wanted.point_data[name])
    assert np.array_equal(found.cell_data["u"], wanted.cell_data["u"])


def test_a_prediction_that_is_not_finite_is_an_error_and_never_a_field(operator: Operator) -> None:
    mesh = sample(7)
    mesh = replace(mesh, points=1e12 * mesh.points)
    with torch.no_grad():
        operator.network.project.layers[0].weight.fill_(1e38)
    with pytest.raises(SolverError, match=r"'u' has \d+ of \d+ values that are not finite.*deviations outside"):
        operator.predict(mesh)


def test_the_logarithm_wants_positive_values_wherever_they_stand(operator: Operator) -> None:
    mesh, bad = sample(7), np.ones(200)
    bad[3] = -2.0  # a mean over the cells around each node would hide it
    with pytest.raises(DataError, match="'permeability' is -2 at node 3; the model takes its logarithm"):
        operator.predict(mesh.with_data({"permeability": bad[: mesh.num_points]}))
    with pytest.raises(DataError, match="'permeability' is -2 at cell 3"):
        operator.predict(mesh.with_data({}, {"permeability": np.resize(bad, mesh.num_cells)}))


@pytest.mark.parametrize("spacing", [(5.0, 10.0), (1e-6, 1e-5)])
def test_levels_far_coarser_or_finer_than_the_mesh_do_no_harm(spacing: tuple[float, ...]) -> None:
    operator, mesh = untrained(), with_input(MESHES["delaunay"])
    operator.geometry = replace(operator.geometry, spacing=spacing, radius=tuple(2.5 * s for s in (1e-7, *spacing)))
    graph = operator.graph(mesh)
    assert len(graph.nodes_1) == (1 if spacing[0] > 1 else mesh.num_points)
    assert np.isfinite(operator.predict(mesh).point_data["u"]).all()


def test_cells_that_are_inverted_are_refused() -> None:
    mesh = with_input(MESHES["delaunay"])
    triangles = mesh.cells["triangle"].copy()
    triangles[[4, 9]] = triangles[[4, 9]][:, [0, 2, 1]]
    with pytest.raises(MeshError, match=r"2 of \d+ cells are inverted, the first: 4"):
        untrained().predict(replace(mesh, cells={"triangle": triangles}))


@pytest.mark.parametrize("aggregation", ["mean", "quadrature"])
def test_gradients_of_the_loss_equal_finite_differences(dataset: MeshDataset, aggregation: str) -> None:
    torch.manual_seed(0)
    kernel = {"width": 4, "aggregation": aggregation}
    options = {"width": 4, "kernel": kernel, "geometry": {"levels": 3}, "boundary": "zero"}
    operator = Operator.from_dataset(dataset, "mgkn", **options).double()
    batch = Batch.from_data_list([operator.graph(sample(seed, h)) for seed, h in ((0, 0.3), (1, 0.25))])

    def loss() -> torch.Tensor:
        prediction, target = operator.fields(operator(batch)), operator.fields(batch.y)
        return relative_l2(prediction["u"], target["u"], batch.node_volume, batch.batch, 2).sum()

    loss().backward()
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in operator.named_parameters():
            direction = torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
            ends = []
            for step in (1e-6, -2e-6):
                parameter.add_(step * direction)
                ends.append(float(loss()))
            parameter.add_(1e-6 * direction)
            slope = float((parameter.grad * direction).sum())
            assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(slope, rel=1e-5, abs=1e-8), name


def test_a_field_of_the_cells_serves_as_well(operator: Operator) -> None:
    mesh = sample(7)
    constant = mesh.with_data({}, {"permeability": np.full(mesh.num_cells, 2.0)})
    nodal = mesh.with_data({"permeability": np.full(mesh.num_points, 2.0)}, {})
    one, other = (operator.predict(m).point_data["u"] for m in (constant, nodal))
    assert np.allclose(one, other, atol=1e-6)
    linear = mesh.points[:, 0]
    cells = np.concatenate([linear[c].mean(axis=1) for c in mesh.cells.values()])
    values = operator.inputs[0].values(mesh.with_data({}, {"permeability": cells}))[:, 0].numpy()
    triangles, volume = mesh.cells["triangle"], cell_volume(mesh)
    around = (triangles == 20).any(axis=1)
    assert values[20] == pytest.approx(volume[around] @ cells[around] / volume[around].sum())
    assert np.abs(values - linear).max() < mesh.edge_length


def test_distance_from_training_is_zero_inside_and_counts_deviations_outside(operator: Operator) -> None:
    mesh = sample(1)  # a training sample
    assert operator.predict(mesh).point_data["distance_from_training"].max() == 0.0
    channel = operator.inputs[0]
    beyond = float(np.exp(np.log(channel.high[0]) + 2 * channel.normalizer.std[0]))
    strange = np.full(mesh.num_points, channel.high[0])
    strange[3] = beyond
    distance = operator.predict(mesh.with_data({"permeability": strange})).point_data["distance_from_training"]
    assert distance[3] == pytest.approx(2.0)
    assert np.delete(distance, 3).max() < 1e-12
    large = shapes.square(0.4, side=3.0)
    large = large.with_data({"permeability": np.ones(large.num_points)})
    assert operator.predict(large).point_data["distance_from_training"].max() > 4


def test_a_length_that_was_chosen_is_not_the_depth_that_was_seen(dataset: MeshDataset) -> None:
    geometry = {"levels": 2, "scale": 0.01}
    operator = Operator.from_dataset(dataset, "mgkn", width=8, geometry=geometry)
    known = max(float(boundary_distance(sample.mesh).max()) for sample in dataset)
    assert operator.geometry.scale == 0.01
    assert operator.geometry.depth == pytest.approx(known)
    mesh = dataset[0].mesh
    assert operator.outside(mesh) == []
    larger = Mesh(3 * mesh.points, mesh.cells, mesh.boundary, mesh.point_data)
    assert "lie outside the training ranges" in operator.outside(larger)[-1]


def test_a_mesh_in_other_units_is_told_with_both_lengths(operator: Operator) -> None:
    mesh = sample(1)
    assert operator.outside(mesh) == []
    found = operator.outside(Mesh(1000 * mesh.points, mesh.cells, {}, mesh.point_data))
    (line,) = (line for line in found if line.endswith("is the mesh in the same units?"))
    depth = float(boundary_distance(mesh).max())
    assert f"{1000 * depth:.3g}" in line
    assert f"{operator.geometry.deepest:.3g}" in line


def test_what_a_mesh_lacks_is_named(operator: Operator) -> None:
    mesh = sample(7)
    with pytest.raises(DataError, match=r"wants permeability.*has: permeabilty.*did you mean 'permeabilty'"):
        operator.predict(mesh.with_data({"permeabilty": mesh.point_data["permeability"]}))
    with pytest.raises(DataError, match="no fields"):
        operator.predict(mesh.with_data({}, {}))
    with pytest.raises(DataError, match="shape"):
        operator.predict(mesh.with_data({"permeability": np.ones((mesh.num_points, 2))}))
    with pytest.raises(DataError, match="not finite"):
        operator.predict(mesh.with_data({"permeability": np.full(mesh.num_points, np.nan)}))
    with pytest.raises(DataError, match="logarithm"):
        operator.predict(mesh.with_data({"permeability": np.full(mesh.num_points, -1.0)}))
    cube = shapes.cube(0.5)
    with pytest.raises(DataError, match="3-D; the model was trained on 2-D"):
        operator.predict(cube.with_data({"permeability": np.ones(cube.num_points)}))
    with pytest.raises(DataError, match="no cells"):
        operator.predict(Mesh(np.zeros((3, 2)), {}, point_data={"permeability": np.ones(3)}))


def test_three_dimensions_and_vector_fields() -> None:
    mesh = shapes.cube(0.4)
    geometry = Geometry.from_meshes([mesh], levels=2)
    unit = Normalizer((0.0, 0.0, 0.0), (1.0, 1.0, 2.0))
    force = Channel(FieldSpec("force", components=3), unit, (-1.0,) * 3, (1.0,) * 3)
    velocity = Channel(FieldSpec("velocity", role="target", components=3), unit, (-1.0,) * 3, (1.0,) * 3)
    network = MGKN(5, 3, radius=geometry.radius, width=8, kernel={"width": 8, "dim": 3})
    operator = Operator(network, [force], [velocity], geometry, boundary="zero")
    out = operator.predict(mesh.with_data({"force": mesh.points.copy()}))
    assert out.point_data["velocity"].shape == (mesh.num_points, 3)
    assert out.cell_data["velocity"].shape == (mesh.num_cells, 3)
    assert np.abs(out.point_data["velocity"][mesh.boundary_nodes]).max() == 0


def test_a_strip_without_a_node_inside_is_measured_by_its_length() -> None:
    strip = Grid([np.arange(16) / 16]).mesh
    geometry = Geometry.from_meshes([strip], levels=1)
    assert geometry.scale == pytest.approx(np.ptp(strip.points[:, 0]) / 2)
    assert geometry.depth == 0


def test_coordinates_are_features_if_asked(dataset: MeshDataset) -> None:
    features = ["boundary_distance", "coordinates"]
    operator = Operator.from_dataset(dataset, "mgkn", width=8, geometry={"levels": 2, "features": features})
    assert operator.network.arguments["in_channels"] == 4
    graph = operator.graph(sample(7))
    moved = graph.clone()
    moved.pos = graph.pos + 1.0
    assert (operator(graph) - operator(moved)).abs().max() > 1e-6


def test_the_distance_to_patches_is_a_feature_that_a_model_file_keeps(dataset: MeshDataset, tmp_path: Path) -> None:
    geometry = {"features": ["patch_distance", "is_boundary"], "patches": ["left"], "scale": 0.25}
    operator = Operator.from_dataset(dataset, "gcn", width=8, depth=2, geometry=geometry)
    mesh = sample(7)
    seen = operator.graph(mesh).x[:, 1].double().numpy()
    assert np.allclose(seen, patch_distance(mesh, ["left"]) / 0.25, rtol=1e-6)
    operator.save(tmp_path / "m.safetensors")
    loaded = Operator.load(tmp_path / "m.safetensors")
    assert loaded.geometry == operator.geometry
    assert loaded.geometry.patches == ("left",)
    assert np.array_equal(loaded.predict(mesh).point_data["u"], operator.predict(mesh).point_data["u"])
    other = Mesh(mesh.points, mesh.cells, {"wall": mesh.boundary["left"]}, mesh.point_data)
    with pytest.raises(DataError, match=r"no patch 'left'.*wall"):
        loaded.predict(other)
    for wrong in ({"features": ["patch_distance"]}, {"patches": ["left"]}):
        with pytest.raises(ConfigError, match=r"patch_distance is the distance to patches"):
            Operator.from_dataset(dataset, "gcn", geometry=wrong)


@pytest.mark.parametrize("boundary", ["zero", "mask"])
def test_a_boundary_at_zero_is_refused_for_targets_that_are_not_zero_there(boundary: str, tmp_path: Path) -> None:
    path = tmp_path / "offset.h5"
    with DatasetWriter(path, [FieldSpec("permeability"), FieldSpec("u", role="target")]) as writer:
        for seed in range(2):
            mesh = sample(seed)
            writer.append(mesh.with_data({**mesh.point_data, "u": mesh.point_data["u"] + 0.5}), split="train")
    with MeshDataset(path) as shifted:
        Operator.from_dataset(shifted, "mgkn", width=8, geometry={"levels": 2})
        with pytest.raises(ConfigError, match=f"boundary '{boundary}' with target 'u'; it is up to 0.5.*free"):
            Operator.from_dataset(shifted, "mgkn", boundary=boundary, width=8, geometry={"levels": 2})


def test_options_and_parts_that_do_not_fit_are_refused(dataset: MeshDataset, operator: Operator) -> None:
    with pytest.raises(ConfigError, match="'wide' is unknown"):
        Operator.from_dataset(dataset, "mgkn", geometry={"wide": 1})
    with pytest.raises(ConfigError, match="boundary 'one' is unknown"):
        Operator.from_dataset(dataset, "mgkn", boundary="one")
    with pytest.raises(ConfigError, match=r"transform of field 'v'"):
        Operator.from_dataset(dataset, "mgkn", transforms={"v": "log"})
    with pytest.raises(ConfigError, match=r"set geometry\.radius"):
        Operator.from_dataset(dataset, "mgkn", radius=(0.1,))
    with pytest.raises(ConfigError, match="unexpected keyword argument 'widht'"):
        Operator.from_dataset(dataset, "mgkn", widht=8)
    with pytest.raises(ConfigError, match="in_channels=3; fields and features make 2"):
        Operator(
            operator.network, operator.inputs, operator.targets, replace(operator.geometry, features=("is_boundary",))
        )
    for wrong in ({"radius": (0.1,)}, {"spacing": (0.3, 0.1)}, {"features": ("color",)}, {"dim": 4}, {"scale": 0.0}):
        with pytest.raises(ConfigError):
            replace(operator.geometry, **wrong)


def test_convolutions_go_along_the_sides_of_the_cells_and_no_ball_is_looked_for(dataset: MeshDataset) -> None:
    operator = Operator.from_dataset(dataset, "gcn", width=8, depth=2)
    mesh = sample(7)
    graph = operator.graph(mesh)
    assert torch.equal(graph.edge_index, mesh_edges(mesh))
    assert torch.equal(graph.intra_0[0], graph.intra_0[1])  # a graded mesh would have thousands within one radius
    assert np.isfinite(operator.predict(mesh).point_data["u"]).all()
    with pytest.raises(ConfigError, match="kernel"):
        Operator.from_dataset(dataset, "gcn", kernel={"width": 8})
