"""The feed: the batches of a run, epoch by epoch, made ahead of their use."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, TypeVar

from torch_geometric.data import Batch

from gno.training.batches import packed, shuffled
from gno.training.objective import Objective
from gno.training.portion import portions
from gno.training.position import Position
from gno.training.processes import Processes
from gno.training.recipe import Recipe

T = TypeVar("T")


class Piece(NamedTuple):
    """What is computed at once.

    Args:
        batch: samples as one graph.
        share: weight of their mean in that of the whole batch.
    """

    batch: Batch
    share: float


class Feed:
    """The batches of a run. They depend on the recipe, the samples and the processes, and on nothing that came before.

    Args:
        objective: whose samples they hold.
        recipe: of the run.
        processes: that share each batch.
    """

    def __init__(self, objective: Objective, recipe: Recipe, processes: Processes | None = None) -> None:
        self.objective, self.recipe, self.processes = objective, recipe, processes or Processes()

    @cached_property
    def num_steps(self) -> int:
        """Steps of all epochs of the recipe."""
        options = self.recipe.optimization
        if options.batch_nodes == 0:  # then all epochs have as many
            return options.epochs * -(-len(self.objective) // options.batch_size)
        return sum(len(self._batches(epoch)) for epoch in range(options.epochs))

    def epoch(self, at: Position) -> Generator[list[Piece], None, None]:
        """The pieces of each batch that this process computes, one after the other.

        Args:
            at: where the run stands; batches that are done are left out.
        """
        batches = self._batches(at.epoch)[at.batch :]
        places = [replace(at, step=at.step + n) for n in range(len(batches))]  # at moves on while these are made
        made = (self._pieces(samples, place) for samples, place in zip(batches, places))
        return ahead(made, self.recipe.data.prefetch)

    def _batches(self, epoch: int) -> list[list[int]]:
        options = self.recipe.optimization
        order = shuffled(len(self.objective), seed=self.recipe.seed, epoch=epoch)
        return packed(order, self.objective.nodes, size=options.batch_size, budget=options.batch_nodes)

    def _pieces(self, samples: Sequence[int], at: Position) -> list[Piece]:
        nodes = [self.objective.nodes[i] for i in samples]
        if self.recipe.data.partition:  # every process takes part in every sample, one after the other
            own = portions(samples, nodes, parts=len(samples))[0]
        else:
            parts = self.recipe.optimization.accumulate
            own = portions(samples, nodes, processes=self.processes.size, parts=parts)[self.processes.rank]
        return [Piece(self.objective.batch(portion, at), portion.share) for portion in own]


def ahead(items: Iterator[T], number: int) -> Generator[T, None, None]:
    """Items in their order, some made by another thread before they are asked for.

    Args:
        items: in the making.
        number: of items that may wait; 0 makes each when it is asked for.

    Example:
        >>> list(ahead(iter("abc"), 2))
        ['a', 'b', 'c']
    """
    if number == 0:
        yield from items
        return
    end = object()
    pool = ThreadPoolExecutor(1)
    try:
        waiting = deque(pool.submit(next, items, end) for _ in range(number))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, items, end))
            yield item  # type: ignore[misc]
    finally:
        pool.shutdown(cancel_futures=True)
