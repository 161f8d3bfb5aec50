"""A batch of multilevel graphs is one graph of more nodes, on every level."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.data import Batch

from gno.errors import DataError
from gno.graph import Hierarchy, MultilevelData, multilevel_graph
from gno.mesh import Mesh, cell_volume


def graph(num: int, seed: int) -> MultilevelData:
    x = torch.from_numpy(np.random.default_rng(seed).random((num, 2)))
    hierarchy = Hierarchy.build(x, spacing=(0.2, 0.5))
    return multilevel_graph(x, hierarchy, u=torch.arange(num), face_index=torch.arange(num), re=torch.tensor([1.0]))


def pairs(edges: Tensor, source: Tensor, target: Tensor) -> set[tuple[int, int]]:
    """Edges between levels in numbers of all nodes."""
    return {(int(s), int(t)) for s, t in zip(source[edges[0]], target[edges[1]], strict=True)}


def test_a_batch_joins_what_each_graph_joins() -> None:
    graphs = [graph(40, 0), graph(75, 1), graph(3, 2)]
    batch = Batch.from_data_list(graphs)
    assert batch.num_levels == 3
    ends = np.cumsum([0, 40, 75])
    for level in range(3):
        nodes = torch.cat([g[f"nodes_{level}"] + int(first) for g, first in zip(graphs, ends, strict=True)])
        assert torch.equal(batch[f"nodes_{level}"], nodes)
        for name, source, target in (("intra", 0, 0), ("restrict", 0, 1), ("prolong", 1, 0)):
            key = f"{name}_{level}"
            if key not in batch:
                assert level == 2
                continue
            wanted = set()
            for g, first in zip(graphs, ends, strict=True):
                one = pairs(g[key], g[f"nodes_{level + source}"], g[f"nodes_{level + target}"])
                wanted |= {(s + int(first), t + int(first)) for s, t in one}
            found = pairs(batch[key], batch[f"nodes_{level + source}"], batch[f"nodes_{level + target}"])
            assert found == wanted
            assert (batch[key][1].diff() >= 0).all()
        torch.testing.assert_close(batch[f"volume_{level}"].sum(), torch.tensor(3.0))
    assert batch.face_index.tolist() == [*range(40), *range(75), *range(3)]
    assert batch.re.tolist() == [1.0] * 3


def test_a_batch_comes_apart_again() -> None:
    graphs = [graph(40, 0), graph(75, 1)]
    for one, back in zip(graphs, Batch.from_data_list(graphs).to_data_list(), strict=True):
        assert set(one.keys()) == set(back.keys())
        assert all(torch.equal(one[key], back[key]) for key in one.keys())  # noqa: SIM118


def test_a_mesh_brings_its_volumes_and_fields(mesh: Mesh) -> None:
    hierarchy = Hierarchy.build(mesh.points, ratio=3)
    found = multilevel_graph(mesh.with_data({"a": np.arange(mesh.num_points, dtype=float)}), hierarchy)
    for level in range(3):
        assert found[f"volume_{level}"].sum().item() == pytest.approx(cell_volume(mesh).sum(), rel=1e-5)
    assert found.a.tolist() == list(range(mesh.num_points))
    assert torch.equal(found.volume_0, found.node_volume)


def test_points_weigh_the_same_unless_told() -> None:
    x = torch.rand(10, 2)
    hierarchy = Hierarchy.build(x, ratio=2, num_levels=2)
    torch.testing.assert_close(multilevel_graph(x, hierarchy).node_volume, torch.full((10,), 0.1))
    weights = torch.arange(10.0)
    assert torch.equal(multilevel_graph(x, hierarchy, node_volume=weights).volume_0, weights)
    assert multilevel_graph(torch.zeros(0, 2), Hierarchy.build(torch.zeros(0, 2), ratio=2)).num_levels == 3


@pytest.mark.parametrize("name", ["nodes_0", "intra_7", "volume_1", "pos", "node_volume"])
def test_a_field_with_a_taken_name_is_refused(mesh: Mesh, name: str) -> None:
    hierarchy = Hierarchy.build(mesh.points, ratio=3)
    with pytest.raises(DataError, match=f"a field is called '{name}'"):
        multilevel_graph(mesh.with_data({name: np.ones(mesh.num_points)}), hierarchy)


def test_a_hierarchy_of_other_points_is_refused() -> None:
    with pytest.raises(DataError, match="has 10 points; the graph has 9"):
        multilevel_graph(torch.rand(9, 2), Hierarchy.build(torch.rand(10, 2), ratio=2))
