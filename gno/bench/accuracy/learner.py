"""What learns one field from another, outside of ``gno.training``: peers whose networks take no graphs."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gno.bench.accuracy.grid import Grid
from gno.mesh import Mesh
from gno.models.features.boundary_distance import boundary_distance
from gno.training import relative_l2
from gno.training.schedule import CosineSchedule

_PARTS = 1000  # of the time, in each of which the learning rate stays as it is


class Item(NamedTuple):
    """A sample as a learner sees it: its input, its target in units of all targets, and the weight of each point."""

    x: Tensor
    places: Tensor
    y: Tensor
    weight: Tensor


class Learner(nn.Module, ABC):
    """What both have in common: one field in, one field out, each normalized by one mean and one deviation.

    Args:
        meshes: of the training.
        names: of the two fields.
        transform: of the first, ``none`` or ``log``.
        boundary: whether the second vanishes there, unless it is ``free``.
    """

    batch: int
    rate: float

    def __init__(self, meshes: Sequence[Mesh], names: tuple[str, str], transform: str, boundary: str) -> None:
        super().__init__()
        self.names, self.transform, self.boundary = names, transform, boundary
        self.grid = Grid.around(meshes, 41)
        ends = [(self._input(m), np.asarray(m.point_data[names[1]])) for m in meshes]
        self.units = [(float(np.mean(v)), float(np.std(v))) for v in map(np.concatenate, zip(*ends))]

    def _input(self, mesh: Mesh) -> np.ndarray:
        values = np.asarray(mesh.point_data[self.names[0]])
        return np.log(values) if self.transform == "log" else values

    def seen(self, mesh: Mesh) -> np.ndarray:
        """The first field at the nodes, normalized."""
        mean, deviation = self.units[0]
        return (self._input(mesh) - mean) / deviation

    def wanted(self, mesh: Mesh) -> np.ndarray:
        """The second field at the nodes, normalized."""
        mean, deviation = self.units[1]
        return (np.asarray(mesh.point_data[self.names[1]]) - mean) / deviation

    @property
    def motions(self) -> Sequence[int]:
        """Those of ``moved`` that the learner can see a sample after."""
        return range(8)

    @abstractmethod
    def item(self, mesh: Mesh) -> Item:
        """What is learned from a mesh with both fields."""

    @abstractmethod
    def moved(self, item: Item, motion: int) -> Item:
        """The item after one of the eight motions of the square.

        Args:
            item: as it is.
            motion: quarter turns; from 4 on after the axes were exchanged.
        """

    @abstractmethod
    def at_nodes(self, mesh: Mesh) -> np.ndarray:
        """The target, normalized, at the nodes of a mesh without it."""

    @torch.no_grad()
    def predict(self, mesh: Mesh) -> dict[str, np.ndarray]:
        """The second field at the nodes.

        Args:
            mesh: with the first one.
        """
        mean, deviation = self.units[1]
        vanishes = (boundary_distance(mesh) == 0) & (self.boundary != "free")
        return {self.names[1]: np.where(vanishes, 0.0, mean + deviation * self.at_nodes(mesh))}

    def loss(self, items: Sequence[Item]) -> Tensor:
        """The mean relative error in L2, of the fields and not of what their normalizer makes of them."""
        mean, deviation = self.units[1]
        found = self(items)
        return torch.stack(
            [relative_l2(mean + deviation * v, mean + deviation * one.y, one.weight) for v, one in zip(found, items)]
        ).mean()


def fit(learner: Learner, items: Sequence[Item], seconds: float, seed: int, *, augment: bool = False) -> float:
    """Train for CPU seconds, at the rate of ``gno train``; progress goes to standard output, a line each second.

    Args:
        learner: that learns.
        items: what from.
        seconds: how long.
        seed: of the order of the samples, and of their motions.
        augment: whether a sample is seen after a motion, drawn anew each time.

    Returns:
        passes over the samples.
    """
    schedule, draw = CosineSchedule(learner.rate, num_steps=_PARTS, warmup=_PARTS // 50), np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=learner.rate, weight_decay=1e-4)
    begun, told, seen = time.process_time(), -1, 0
    order: list[int] = []
    while (spent := time.process_time() - begun) < seconds:
        if len(order) < min(learner.batch, len(items)):
            order += draw.permutation(len(items)).tolist()
        chosen, order = order[: learner.batch], order[learner.batch :]
        for group in optimizer.param_groups:
            group["lr"] = schedule(int(_PARTS * spent / seconds))
        optimizer.zero_grad()
        seen_now = [items[i] for i in chosen]
        if augment:
            seen_now = [learner.moved(one, int(draw.choice(learner.motions))) for one in seen_now]
        loss = learner.loss(seen_now)
        loss.backward()
        nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()
        seen += len(chosen)
        if int(spent) > told:
            told = int(spent)
            sys.stdout.write(f"{told} {float(loss):.6g}\n")
            sys.stdout.flush()
    return seen / len(items)
