"""Batches: their order, what is kept in memory, and motions that are rigid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from gno.datasets import MeshDataset
from gno.models import Operator
from gno.training.batches import Graphs, moved_rigidly, num_bytes, shuffled
from gno.training.data import Data


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    orders = {(seed, epoch): shuffled(20, seed=seed, epoch=epoch) for seed in range(3) for epoch in range(3)}
    assert all(sorted(order) == list(range(20)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == 9
    assert orders[1, 2] == shuffled(20, seed=1, epoch=2)


def test_graphs_are_built_once_within_the_memory_and_again_beyond_it(small_data: Path) -> None:
    with MeshDataset(small_data, "train") as dataset:
        operator = Operator.from_dataset(dataset, "gkn", width=4, depth=1)
        built: list[int] = []

        def build(mesh: object, like: object) -> object:
            built.append(1)
            return operator.graph(mesh, like)

        size = num_bytes(operator.graph(dataset[0].mesh)) / 2**30
        for memory, expected in ((1.0, 6), (0.0, 12), (2.5 * size, 8)):  # two of three meshes, with both samples
            built.clear()
            graphs = Graphs(dataset, build, memory=memory)
            for _ in range(2):
                batches = list(graphs.batches(range(6), 4))
            assert [b.num_graphs for b in batches] == [4, 2]
            assert len(built) == expected
        assert torch.equal(graphs.batch([4, 5]).pos, batches[1].pos)


def test_motions_keep_distances_and_fields_and_repeat_by_step(small_data: Path) -> None:
    with MeshDataset(small_data, "train") as dataset:
        operator = Operator.from_dataset(dataset, "gkn", width=4, depth=1).double()
        batch = next(Graphs(dataset, operator.graph).batches(range(3), 3))
    before = batch.pos.clone()
    moved = [moved_rigidly(batch, seed=1, step=step) for step in range(12)]
    assert torch.equal(batch.pos, before)
    assert torch.equal(moved[3].pos, moved_rigidly(batch, seed=1, step=3).pos)
    turned = set()
    for one in moved:
        for g in range(3):
            a, b = before[batch.batch == g], one.pos[batch.batch == g]
            torch.testing.assert_close(torch.cdist(a, a), torch.cdist(b, b))
            rotation = torch.linalg.lstsq(a - a.mean(0), b - b.mean(0)).solution
            turned.add(round(float(torch.linalg.det(rotation))))
        assert torch.equal(one.y, batch.y)
    assert turned == {-1, 1}
    assert not torch.equal(moved[0].pos, moved[1].pos)


def test_meshes_are_set_aside_where_there_is_no_validation_split(small_data: Path) -> None:
    with MeshDataset(small_data) as dataset:
        parts = Data().parts(dataset, seed=0)
        assert parts.train.tolist() == [0, 1, 2, 3, 4, 5]
        assert parts.valid.tolist() == [6, 7]
        own = dict(dataset.splits)
        own.pop("valid")
        object.__setattr__(dataset.tables, "splits", own)
        parts = Data(valid_share=0.4).parts(dataset, seed=0)
        assert len(parts.valid) == 2
        mesh = dataset.tables.mesh
        assert not set(mesh[parts.train].tolist()) & set(mesh[parts.valid].tolist())
        assert sorted(np.concatenate(parts).tolist()) == [0, 1, 2, 3, 4, 5]
        assert len(Data(valid_share=0.0).parts(dataset, seed=0).valid) == 0
