"""Samples as graphs in batches, in an order that depends on nothing but the seed and the epoch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.data import Data as Graph

from gno.datasets.reader import MeshDataset
from gno.mesh import Mesh
from gno.training.shelf import Shelf

Build = Callable[[Mesh, Graph | None], Graph]
"""Makes the graph of a mesh, with the levels and edges of a graph of the same mesh where there is one."""
_GIB = 2**30


class Graphs:
    """The graphs of a dataset, each built once as far as memory allows; levels and edges once a mesh.

    Args:
        dataset: the samples.
        build: makes a graph of a mesh, perhaps with the levels and edges of another: ``Operator.graph``.
        memory: GiB to keep.
        shelf: where the levels and edges are kept that memory does not hold; without it they are built anew.
    """

    def __init__(self, dataset: MeshDataset, build: Build, *, memory: float = 4.0, shelf: Shelf | None = None) -> None:
        self.dataset, self.build, self.shelf = dataset, build, shelf
        self.left = memory * _GIB
        self.is_full = False
        self._kept: dict[int, Graph] = {}
        self._of_mesh: dict[int, Graph] = {}

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, i: int) -> Graph:
        """The graph of sample ``i``."""
        if i in self._kept:
            return self._kept[i]
        mesh = self.mesh_of(i)
        kept = self._of_mesh.get(mesh)
        like = self.shelf.get(mesh) if kept is None and self.shelf is not None else kept
        graph = self.build(self.dataset[i].mesh, like)
        if self.take(num_bytes(graph, beside=kept)):
            self._kept[i] = graph
            self._of_mesh.setdefault(mesh, graph)
        elif like is None and self.shelf is not None:
            self.shelf.put(mesh, graph)
        return graph

    def mesh_of(self, i: int) -> int:
        """The number of the mesh of sample ``i`` in the file."""
        return int(self.dataset.tables.mesh[self.dataset.indices[i]])

    def take(self, size: int) -> bool:
        """Whether there is room to keep something more; the room is taken then.

        Args:
            size: bytes.
        """
        self.is_full = size > self.left
        self.left -= 0 if self.is_full else size
        return not self.is_full

    @cached_property
    def nodes(self) -> list[int]:
        """Nodes of each sample."""
        tables = self.dataset.tables
        counts: list[int] = np.diff(tables.meshes.points)[tables.mesh[self.dataset.indices]].tolist()
        return counts

    def batch(self, samples: Sequence[int]) -> Batch:
        """Some samples as one graph.

        Args:
            samples: their numbers.
        """
        return Batch.from_data_list([self[i] for i in samples])

    def batches(self, order: Sequence[int], size: int) -> Iterator[Batch]:
        """Batches of the samples in an order.

        Args:
            order: numbers of samples.
            size: samples in a batch; the last may have fewer.
        """
        return (self.batch(order[first : first + size]) for first in range(0, len(order), size))


def shuffled(num_samples: int, *, seed: int, epoch: int) -> list[int]:
    """The order of the samples in an epoch.

    Args:
        num_samples: samples.
        seed: of the run.
        epoch: counted from 0.

    Example:
        >>> shuffled(5, seed=0, epoch=1) == shuffled(5, seed=0, epoch=1)
        True
    """
    order: list[int] = np.random.default_rng((seed, epoch)).permutation(num_samples).tolist()
    return order


def moved_rigidly(batch: Batch, *, seed: int, step: int, places: Sequence[int] | None = None) -> Batch:
    r"""The batch with each graph rotated, perhaps reflected, about the center of its nodes.

    .. math::
        x_i \leftarrow c + Q (x_i - c), \qquad Q^\top Q = 1

    Source of the uniform rotations: Mezzadri 2007, Notices of the AMS 54(5).

    Args:
        batch: of graphs with ``pos``; it is not changed.
        seed: of the run.
        step: counted from 0; the same step gets the same rotations.
        places: of the graphs in the step's batch, where these are not all of it.
    """
    rng = np.random.default_rng((seed, step, 1))
    dim, which = batch.pos.shape[1], batch.batch
    places = range(batch.num_graphs) if places is None else places
    q, r = np.linalg.qr(rng.normal(size=(max(places) + 1, dim, dim))[list(places)])
    rotation = torch.from_numpy(q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None]).to(batch.pos)
    center = torch.stack([batch.pos[which == g].mean(dim=0) for g in range(batch.num_graphs)])[which]
    moved = copy.copy(batch)
    moved.pos = center + torch.einsum("nij,nj->ni", rotation[which], batch.pos - center)
    return moved


def packed(order: Sequence[int], nodes: Sequence[int], *, size: int, budget: int = 0) -> list[list[int]]:
    """Samples in their order, in batches that end where either limit is reached.

    Args:
        order: numbers of samples.
        nodes: of each sample, by its number.
        size: samples in a batch, at most.
        budget: nodes in a batch, at most, as long as it has more than one sample; 0 for no limit.

    Example:
        >>> packed([0, 1, 2, 3], [50, 30, 20, 90], size=3, budget=60)
        [[0], [1, 2], [3]]
    """
    ends = np.cumsum([nodes[i] for i in order])
    batches, first = [], 0
    while first < len(order):
        after = first + size
        if budget:
            before = int(ends[first - 1]) if first else 0
            after = min(after, max(int(np.searchsorted(ends, before + budget, side="right")), first + 1))
        batches.append(list(order[first:after]))
        first = after
    return batches


def num_bytes(graph: Graph, *, beside: Graph | None = None) -> int:
    """Memory of the tensors of a graph.

    Args:
        graph: any.
        beside: a graph some of whose tensors it shares; these are not counted.

    Example:
        >>> num_bytes(Graph(pos=torch.zeros(3, 2, dtype=torch.float64)))
        48
    """
    shared = {id(v) for v in beside.to_dict().values()} if beside is not None else set()
    own = (v for v in graph.to_dict().values() if isinstance(v, Tensor) and id(v) not in shared)
    return sum(v.numel() * v.element_size() for v in own)
