"""Samples as graphs in batches, in an order that depends on nothing but the seed and the epoch."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.data import Data as Graph

from gno.datasets.reader import MeshDataset

_GIB = 2**30


class Graphs:
    """The graphs of a dataset, each built once as far as memory allows.

    Args:
        dataset: the samples.
        build: makes a graph of a mesh: ``Operator.graph``.
        memory: GiB to keep.
    """

    def __init__(self, dataset: MeshDataset, build: Any, *, memory: float = 4.0) -> None:
        self.dataset, self.build = dataset, build
        self.left = memory * _GIB
        self.is_full = False
        self._kept: dict[int, Graph] = {}

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, i: int) -> Graph:
        """The graph of sample ``i``."""
        if i in self._kept:
            return self._kept[i]
        graph = self.build(self.dataset[i].mesh)
        size = num_bytes(graph)
        if size <= self.left:
            self._kept[i] = graph
            self.left -= size
        else:
            self.is_full = True
        return graph

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


def num_bytes(graph: Graph) -> int:
    """Memory of the tensors of a graph.

    Example:
        >>> num_bytes(Graph(pos=torch.zeros(3, 2, dtype=torch.float64)))
        48
    """
    return sum(v.numel() * v.element_size() for v in graph.to_dict().values() if isinstance(v, Tensor))
