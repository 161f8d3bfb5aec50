"""What a problem offers: samples with labels, and solvers to compare with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from gno.datasets import FieldSpec
from gno.mesh import Mesh


class Draw(NamedTuple):
    """One drawn sample.

    Args:
        mesh: the mesh with the fields of the problem.
        params: parameter to value.
        split: ``train`` or ``test``.
        time: instants of a trajectory; ``None`` of a steady sample.
        point_series: transient field to values ``(instants, nodes)`` or ``(instants, nodes, k)``.
    """

    mesh: Mesh
    params: dict[str, float]
    split: str
    time: np.ndarray | None = None
    point_series: Mapping[str, np.ndarray] | None = None


class Problem(ABC):
    """A PDE with random inputs.

    A problem is a frozen dataclass of its options; ``seed`` is one of them.
    """

    name: ClassVar[str]
    """Name on the command line."""
    seed: int
    """Seed of all random numbers."""

    @property
    @abstractmethod
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of every sample."""

    @abstractmethod
    def sample(self, index: int) -> Draw:
        """Sample ``index``: it depends on the options, among them the seed, and on ``index`` only.

        Args:
            index: number of the sample.
        """

    @abstractmethod
    def solve(self, mesh: Mesh) -> Mesh:
        """The mesh with the targets that the plain solver finds on this very mesh, at cells and nodes.

        Args:
            mesh: a mesh with the inputs of the problem.
        """

    @abstractmethod
    def baseline(self, mesh: Mesh) -> Float[np.ndarray, " nodes"]:
        """The target ``(nodes,)`` that a solver finds without looking at how the inputs vary.

        Args:
            mesh: a mesh with the inputs of the problem.
        """

    @abstractmethod
    def residual(self, mesh: Mesh) -> Float[np.ndarray, " cells"]:
        """By how much the targets of a mesh miss the equation in each cell.

        Args:
            mesh: a mesh with inputs and targets.
        """

    @abstractmethod
    def attributes(self) -> dict[str, str | float | int]:
        """What a dataset of this problem says of itself: equation, options, seed, license."""
