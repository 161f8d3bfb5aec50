"""How benchmarks run: how large, where, and from which seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import torch

from gno.bench.timing import CPU

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What all measurements of a run share.

    Args:
        device: where the networks and searches are computed.
        quick: small sizes: to see that all runs, not to quote.
        seed: of all random numbers.

    Example:
        >>> Setting(quick=True).sizes((10, 100), quick=(10,))
        (10,)
    """

    device: torch.device = CPU
    quick: bool = False
    seed: int = 0

    def sizes(self, full: T, *, quick: T) -> T:
        """One of two choices of sizes.

        Args:
            full: to quote.
            quick: to see that all runs.
        """
        return quick if self.quick else full

    @property
    def patience(self) -> float:
        """Seconds after which a race that has its fewest repetitions ends."""
        return 0.05 if self.quick else 3.0
