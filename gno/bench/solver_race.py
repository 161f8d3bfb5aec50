"""What rows of our solvers beside OpenFOAM's have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property

import torch
from torch import Tensor

from gno.bench.row import Row
from gno.bench.timing import Seconds, race
from gno.mesh import Mesh

TOLERANCE = 1e-7
"""Residual, relative to that at the start, at which both stop."""
Numbers = dict[str, float | int | str]


class SolverRace(ABC):
    """The rows of one problem; what several need is computed once.

    Args:
        patience: of the races.
    """

    name: str
    """Of the problem."""
    peer: str
    """Program of OpenFOAM."""

    def __init__(self, *, patience: float | int) -> None:
        self.patience = patience

    @cached_property
    @abstractmethod
    def mesh(self) -> Mesh:
        """Its mesh."""

    @abstractmethod
    def functional(self) -> Tensor:
        """Solve, for a number that can be differentiated by a parameter."""

    def anew(self) -> Mesh:
        """The mesh as if it were just read: nothing is kept from the last time."""
        return Mesh(self.mesh.points, self.mesh.cells, self.mesh.boundary)

    def gradient(self) -> Row:
        """Seconds of a derivative, beside those of the solution that it is of."""
        value = torch.zeros(())

        def forward() -> None:
            nonlocal value
            value = self.functional()

        forwards, backwards = race(forward, lambda: value.backward(), patience=self.patience)
        return self.timed("gradient", [backwards, forwards], "forward", {})

    def timed(self, what: str, costs: Sequence[Seconds], peer: str, numbers: Mapping[str, float | int | str]) -> Row:
        """A row of seconds.

        Args:
            what: ran.
            costs: ours, then the peer's if it ran.
            peer: its name.
            numbers: what else is known.
        """
        return Row.timed(f"{self.name}: {what}", self.mesh.num_cells, costs, peer=peer, numbers=numbers)

    def missed(self, what: str, ours: float, theirs: float | None) -> Row:
        """A row of errors.

        Args:
            what: is missed.
            ours: error of ours.
            theirs: of OpenFOAM; nothing where it is not installed.
        """
        peer = "" if theirs is None else self.peer
        return Row(f"{self.name}: {what}", self.mesh.num_cells, "error", ours, peer, theirs)
