"""The trajectories of a dataset as graphs and states, each read once as far as memory allows."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.datasets import MeshDataset
from gno.graph import MultilevelData
from gno.models import Propagator
from gno.models.in_time.series import series_of
from gno.training.batches import num_bytes
from gno.training.shelf import Shelf

_GIB = 2**30


class Trajectories:
    """Graphs, instants and states of trajectories; those on one mesh share its edges.

    Args:
        dataset: the samples.
        propagator: what they are for.
        memory: GiB to keep.
        shelf: where the levels and edges are kept that memory does not hold; without it they are built anew.
    """

    def __init__(
        self, dataset: MeshDataset, propagator: Propagator, *, memory: float = 4.0, shelf: Shelf | None = None
    ) -> None:
        self.dataset, self.propagator, self.shelf = dataset, propagator, shelf
        self.left = memory * _GIB
        self.is_full = False
        self._graphs: dict[int, MultilevelData] = {}
        self._like: dict[int, MultilevelData] = {}
        self._states: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def nodes(self) -> list[int]:
        """Nodes of each trajectory."""
        tables = self.dataset.tables
        counts: list[int] = np.diff(tables.meshes.points)[tables.mesh[self.dataset.indices]].tolist()
        return counts

    def time(self, i: int) -> Float[np.ndarray, " instants"]:
        """The instants of trajectory ``i``."""
        tables, index = self.dataset.tables, int(self.dataset.indices[i])
        if tables.time is None:
            return np.zeros(1)
        found: np.ndarray = tables.time[int(tables.steps[index]) : int(tables.steps[index + 1])]
        return found

    def __getitem__(self, i: int) -> MultilevelData:
        """The graph of trajectory ``i``."""
        if i in self._graphs:
            return self._graphs[i]
        number = int(self.dataset.tables.mesh[self.dataset.indices[i]])
        kept = self._like.get(number)
        like: MultilevelData | None = self.shelf.get(number) if kept is None and self.shelf is not None else kept
        if like is not None and not self.propagator.still:
            return like
        graph = self.propagator.graph(self.dataset.window(i, 0, 1).mesh, like)
        size = num_bytes(graph) if kept is None else graph.x.numel() * graph.x.element_size()
        if size <= self.left:
            self.left -= size
            self._graphs[i] = self._like.setdefault(number, graph) if kept is None else graph
        else:
            self.is_full = True
            if like is None and self.shelf is not None:
                self.shelf.put(number, graph)
        return graph

    def states(self, i: int, instants: range) -> Float[Tensor, "instants nodes channels"]:
        """The states of trajectory ``i`` at some instants, in the operator's precision.

        Args:
            i: number of the trajectory.
            instants: which.
        """
        if i not in self._states:
            whole = range(len(self.time(i)))
            size = len(whole) * self[i].num_nodes * self.propagator.num_states * self._type.itemsize
            if size > self.left:
                return self._read(i, instants)
            self.left -= size
            self._states[i] = self._read(i, whole)
        return self._states[i][instants.start : instants.stop : instants.step]

    @property
    def _type(self) -> torch.dtype:
        return next(self.propagator.parameters()).dtype

    def _read(self, i: int, instants: range) -> Tensor:
        sample = self.dataset.window(i, instants.start, instants.stop, instants.step)
        return torch.from_numpy(series_of(sample, self.propagator.states)).to(self._type)
