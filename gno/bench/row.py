"""The row: what one measurement found, of ours and of a peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gno.bench.timing import Seconds

UNITS = {"seconds": "s", "megabytes": "MB", "error": ""}
"""What is measured, and in what."""


@dataclass(frozen=True)
class Row:
    """One line of a benchmark. Rows of one name at several sizes make a curve.

    Args:
        name: what is measured.
        size: of the problem, in the unit of the benchmark.
        quantity: ``seconds`` of the processor, ``megabytes`` above the inputs, or relative ``error``.
        ours: of this package.
        peer: name of what ours is compared to; empty where nothing is.
        theirs: of the peer.
        our_wall: seconds on the clock.
        their_wall: the same, of the peer.
        numbers: what else is known: edges, rates.

    Example:
        >>> Row("search", 1000, "seconds", ours=0.5, peer="SciPy", theirs=1.0).ratio
        2.0
    """

    name: str
    size: int
    quantity: str
    ours: float
    peer: str = ""
    theirs: float | None = None
    our_wall: float | None = None
    their_wall: float | None = None
    numbers: Mapping[str, float | int | str] = field(default_factory=dict)

    @classmethod
    def timed(
        cls,
        name: str,
        size: int,
        costs: Sequence[Seconds],
        *,
        peer: str = "",
        numbers: Mapping[str, float | int | str] | None = None,
    ) -> Row:
        """A row of a race.

        Args:
            name: what ran.
            size: of the problem.
            costs: ours, then the peer's if it ran.
            peer: its name.
            numbers: what else is known.
        """
        ours, theirs = costs[0], costs[1] if len(costs) > 1 else None
        return cls(
            name,
            size,
            "seconds",
            ours.processor,
            peer if theirs else "",
            theirs.processor if theirs else None,
            ours.wall,
            theirs.wall if theirs else None,
            numbers or {},
        )

    @property
    def ratio(self) -> float | None:
        """How many times less than the peer's ours is."""
        return _over(self.theirs, self.ours)

    @property
    def ratio_wall(self) -> float | None:
        """The same, on the clock."""
        return _over(self.their_wall, self.our_wall)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        both = {"peer": self.peer, "theirs": self.theirs, "ours": self.ours, "ratio": self.ratio}
        wall = {"theirs_wall": self.their_wall, "ours_wall": self.our_wall, "ratio_wall": self.ratio_wall}
        about = {"name": self.name, "size": self.size, "quantity": self.quantity}
        return about | both | (wall if self.quantity == "seconds" else {}) | {"numbers": dict(self.numbers)}


def _over(theirs: float | None, ours: float | None) -> float | None:
    return theirs / ours if theirs is not None and ours else None
