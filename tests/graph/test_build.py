"""The graph of a mesh: weights that sum to the domain, offsets as seen from the target, fields by name, batches."""

import jaxtyping
import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from gno.errors import ConfigError, DataError
from gno.graph import GraphData, cell_dual, mesh_edges, mesh_graph
from gno.graph.build import edge_offset
from gno.mesh import Mesh, cell_volume


@pytest.mark.parametrize("edges", ["mesh", "dual"])
def test_volumes_sum_to_the_domain(mesh: Mesh, edges: str) -> None:
    graph = mesh_graph(mesh, edges=edges)
    assert graph.node_volume.sum().item() == pytest.approx(cell_volume(mesh).sum(), rel=1e-5)
    assert (graph.node_volume > 0).all()
    assert graph.num_nodes == (mesh.num_cells if edges == "dual" else mesh.num_points)
    assert torch.equal(graph.edge_index, cell_dual(mesh) if edges == "dual" else mesh_edges(mesh))


@pytest.mark.parametrize(
    "options", [{"edges": "mesh"}, {"edges": "radius", "radius": 0.5}, {"edges": "nearest", "k": 3}]
)
def test_offsets_point_from_target_to_source_and_turn_with_the_edge(mesh: Mesh, options: dict) -> None:
    graph = mesh_graph(mesh, **options)
    source, target = graph.edge_index
    torch.testing.assert_close(graph.edge_attr[:, :-1], graph.pos[source] - graph.pos[target])
    torch.testing.assert_close(graph.edge_attr[:, -1], graph.edge_attr[:, :-1].norm(dim=1))
    assert (target.diff() >= 0).all()
    assert graph.pos.dtype == torch.get_default_dtype()


def test_offsets_in_a_periodic_box_are_the_shortest() -> None:
    x = torch.tensor([[0.05, 0.5], [0.95, 0.5]])
    offset = edge_offset(x, torch.tensor([[1], [0]]), period=(1.0, 0.0))
    torch.testing.assert_close(offset, torch.tensor([[-0.1, 0.0, 0.1]]))


def test_fields_keep_their_names_and_values(mesh: Mesh) -> None:
    point = {"u": np.arange(mesh.num_points, dtype=np.float32), "kind": np.ones((mesh.num_points, 2), dtype=int)}
    full = mesh.with_data(point, {"k": np.arange(mesh.num_cells)})
    graph, dual = mesh_graph(full), mesh_graph(full, edges="dual")
    assert graph.u.dtype == torch.get_default_dtype()
    assert graph.kind.dtype == torch.int64
    assert graph.u.tolist() == point["u"].tolist()
    assert dual.k.tolist() == list(range(mesh.num_cells))
    assert "k" not in graph
    assert "u" not in dual


@pytest.mark.parametrize("name", ["pos", "edge_index", "batch", "ptr", "num_nodes", "keys", "node_volume", "_hidden"])
def test_a_field_with_a_taken_name_is_refused(mesh: Mesh, name: str) -> None:
    with pytest.raises(DataError, match=f"a field is called '{name}'"):
        mesh_graph(mesh.with_data({name: np.ones(mesh.num_points)}))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"edges": "delaunay"}, "kinds of edges: mesh, dual, radius, nearest"),
        ({"edges": "radius"}, "without radius"),
        ({"edges": "nearest"}, "without k"),
        ({"edges": "mesh", "radius": 0.1}, "does not take radius"),
        ({"edges": "nearest", "k": 2, "self_loops": True}, "does not take self_loops"),
        ({"edges": "dual", "period": (1.0, 1.0)}, "does not take period"),
    ],
)
def test_options_that_do_not_fit_are_refused(mesh: Mesh, options: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        mesh_graph(mesh, **options)


def test_a_batch_shifts_edges_and_nothing_else(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    names = ("refractive_index", "face", "face_id", "batch_of_wine", "index", "u")
    numbered = mesh.with_data({name: np.arange(mesh.num_points) for name in names})
    graphs = [mesh_graph(numbered), mesh_graph(numbered)]
    batch = Batch.from_data_list(graphs)
    for name in names:
        assert batch[name].tolist() == 2 * list(range(mesh.num_points))
    first, second = batch.edge_index.split(graphs[0].num_edges, dim=1)
    assert torch.equal(first, graphs[0].edge_index)
    assert torch.equal(second, graphs[1].edge_index + mesh.num_points)
    assert (batch.edge_index[1].diff() >= 0).all()
    assert torch.equal(batch.batch, torch.arange(2).repeat_interleave(mesh.num_points))
    back = batch.to_data_list()[1]
    assert isinstance(back, GraphData)
    assert torch.equal(back.edge_index, graphs[1].edge_index)
