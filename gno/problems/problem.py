"""What a problem offers: samples with labels, and solvers to compare with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from gno.datasets import FieldSpec
from gno.mesh import Mesh
from gno.mesh.interpolation import Interpolation
from gno.mesh.transfer import cell_means


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
    def residual(self, mesh: Mesh) -> Float[np.ndarray, "cells *equations"]:
        """By how much the targets at the nodes of a mesh miss the equations in each cell, per unit volume.

        Args:
            mesh: a mesh with inputs and targets.
        """

    def transferred(self, mesh: Mesh, coarse: Mesh) -> Mesh:
        """A coarse mesh with what it sees of the inputs of a fine one: values at its nodes, means over its cells.

        Args:
            mesh: a mesh with the inputs of the problem.
            coarse: of the same domain.

        Raises:
            MeshError: a coarse mesh without cells, or of another dimension.
        """
        names = [spec.name for spec in self.fields if spec.role != "target"]
        found = Interpolation.of(mesh, coarse.points)
        point = {name: found(mesh.point_data[name]) for name in names if name in mesh.point_data}
        cell = {name: cell_means(mesh, mesh.cell_data[name], coarse) for name in names if name in mesh.cell_data}
        return coarse.with_data(point, cell)

    def start(self, mesh: Mesh) -> Mesh:
        """The mesh with the fields that a solver starts from where it knows nothing: zeros at the nodes.

        Args:
            mesh: a mesh with the inputs of the problem.
        """
        targets = [spec for spec in self.fields if spec.role == "target"]
        zeros = {spec.name: np.zeros(spec.shape(mesh.num_points)) for spec in targets}
        cell = {name: values for name, values in mesh.cell_data.items() if name not in zeros}
        return mesh.with_data({**mesh.point_data, **zeros}, cell)

    @abstractmethod
    def attributes(self) -> dict[str, str | float | int]:
        """What a dataset of this problem says of itself: equation, options, seed, license."""
