"""How long a run trains: for epochs, or for seconds in their place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from gno.training.feed import Feed
from gno.training.optimization import Optimization
from gno.training.position import Position

PARTS = 1000
"""A schedule that follows the clock goes down in so many steps."""


@dataclass(frozen=True)
class Budget:
    """What a run may use, and how much of it is used.

    Args:
        options: with ``epochs`` and ``seconds``.
        feed: which knows how many steps those epochs have.
    """

    options: Optimization
    feed: Feed

    @property
    def is_timed(self) -> bool:
        """Whether seconds end the run, and not epochs."""
        return self.options.seconds > 0

    @cached_property
    def length(self) -> int:
        """Steps of the schedule: those of the run, or as many parts of its time."""
        return PARTS if self.is_timed else self.feed.num_steps

    def place(self, at: Position) -> int:
        """The step of the schedule.

        Args:
            at: where the run stands.
        """
        return int(PARTS * min(at.spent / self.options.seconds, 1.0)) if self.is_timed else at.step

    def is_spent(self, at: Position) -> bool:
        """Whether there is no step left.

        Args:
            at: where the run stands.
        """
        return at.spent >= self.options.seconds if self.is_timed else at.epoch >= self.options.epochs

    def told(self, at: Position) -> tuple[int, int]:
        """How much is done, and of how much: steps, or seconds.

        Args:
            at: where the run stands.
        """
        if not self.is_timed:
            return at.step, self.feed.num_steps
        total = math.ceil(self.options.seconds)
        return min(int(at.spent), total) if at.spent < self.options.seconds else total, total
