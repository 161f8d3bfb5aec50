"""The shelf gives back what was put on it, and levels are built once a mesh, whatever memory holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch_geometric.data import Data as Graph

from gno.datasets import MeshDataset
from gno.graph import MultilevelData
from gno.mesh import Mesh
from gno.models import Operator, Propagator
from gno.training import Recipe
from gno.training.assembly import make_model
from gno.training.batches import Graphs
from gno.training.shelf import Shelf
from gno.training.trajectories import Trajectories


def assert_same(one: Graph, other: Graph) -> None:
    assert type(one) is type(other)
    assert list(one.keys()) == list(other.keys())
    for name in one.keys():  # noqa: SIM118
        assert one[name].dtype == other[name].dtype
        assert torch.equal(one[name], other[name])


def test_graphs_come_back_as_they_were(small_data: Path) -> None:
    shelf, graphs = Shelf(0.01), []
    with MeshDataset(small_data, "train") as dataset:
        operator = Operator.from_dataset(dataset, "mgkn", width=4, geometry={"levels": 2})
        graphs = [operator.graph(dataset[i].mesh) for i in range(0, 6, 2)]
    graphs[1].intra_1 = torch.zeros(2, 0, dtype=torch.int64)
    graphs[2].node_volume = torch.rand(30, 2).t()  # not in one piece
    graphs[2].large = torch.tensor([2**40, -3])
    assert all(shelf.put(number, graph) for number, graph in enumerate(graphs))
    for number in (2, 0, 1, 0):
        found = shelf.get(number)
        assert isinstance(found, MultilevelData)
        assert_same(found, graphs[number])
    assert shelf.get(3) is None


def test_what_does_not_fit_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(1000 / 2**30)
    assert shelf.put(0, Graph(x=torch.zeros(200)))
    assert not shelf.put(1, Graph(x=torch.zeros(51)))  # 200 bytes are left
    assert shelf.put(1, Graph(x=torch.zeros(50)))
    assert not Shelf(1.0).put(0, Graph(x=torch.zeros(2), name="a"))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    shelf = Shelf(1.0)
    monkeypatch.setattr("os.pwrite", full)
    assert not shelf.put(0, Graph(x=torch.zeros(2)))
    assert (shelf.get(0), shelf.left) == (None, 0.0)


def test_levels_are_built_once_a_mesh_beyond_memory(small_data: Path) -> None:
    with MeshDataset(small_data, "train") as dataset:
        operator = Operator.from_dataset(dataset, "mgkn", width=4, geometry={"levels": 2})
        built: list[bool] = []

        def build(mesh: Mesh, like: Graph | None) -> Graph:
            built.append(like is None)
            return operator.graph(mesh, like)

        kept, shelved = Graphs(dataset, operator.graph), Graphs(dataset, build, memory=0.0, shelf=Shelf(0.1))
        for _ in range(2):
            for i in range(6):
                assert_same(shelved[i], kept[i])
    assert (len(built), sum(built)) == (12, 3)


@pytest.mark.parametrize("memory", [0.0, 5e-6])
def test_trajectories_are_the_same_from_the_shelf(memory: float, heat_data: Path, heat_recipe: Recipe) -> None:
    with MeshDataset(heat_data, "train") as dataset:
        model = make_model(dataset, heat_recipe)
        assert isinstance(model, Propagator)
        kept = Trajectories(dataset, model)
        shelf = Shelf(0.1)
        shelved = Trajectories(dataset, model, memory=memory, shelf=shelf)
        for _ in range(2):
            for i in range(6):
                assert_same(shelved[i], kept[i])
        assert shelved.is_full
        assert any(shelf.get(n) is not None for n in range(6))
