"""What a problem offers: samples with labels, and, where it is steady, solvers to compare with."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from gno.datasets import FieldSpec
from gno.errors import ConfigError
from gno.fv import Report
from gno.mesh import Mesh
from gno.mesh.interpolation import Interpolation
from gno.mesh.transfer import cell_means
from gno.problems.nodal_energy import NodalEnergy


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


class Family(ABC):
    """A PDE with random inputs, of which samples are made.

    A family is a frozen dataclass of its options; ``seed`` is one of them.
    """

    name: ClassVar[str]
    """Name on the command line."""
    equation: ClassVar[str]
    """The equation in one line of plain text."""
    constants: ClassVar[Mapping[str, str]] = {}
    """Options that are part of the equation, with the field or parameter that tells a model so, if it takes that."""
    seed: int
    """Seed of all random numbers."""

    @property
    @abstractmethod
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of every sample."""

    @property
    def num_samples(self) -> int | None:
        """How many samples there are; nothing where there is no end of them."""
        return None

    @abstractmethod
    def sample(self, index: int) -> Draw:
        """Sample ``index``: it depends on the options, among them the seed, and on ``index`` only.

        Args:
            index: number of the sample.
        """

    def prepared(self, index: int) -> Callable[[], Draw]:
        """What gives sample ``index``: whatever its meshes cost is spent before it is called, where that can be told.

        Args:
            index: number of the sample.
        """
        return partial(self.sample, index)

    def attributes(self) -> dict[str, str | float | int]:
        """What a dataset of this family says of itself: equation, options, seed, version and license."""
        from gno import __version__

        options = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {
            "pde": self.name,
            "equation": self.equation,
            "generator": json.dumps(options, sort_keys=True),
            "seed": self.seed,
            "version": __version__,
            "license": "CC0-1.0",
        }

    def _check_least(self, **least: int) -> None:
        """Refuse options below a bound."""
        for option, bound in least.items():
            if getattr(self, option) < bound:
                raise ConfigError(f"{option} is {getattr(self, option)}", why=f"it must be at least {bound}")

    def _check_positive(self, *options: str) -> None:
        """Refuse options that are not positive and finite."""
        for option in options:
            if not 0 < getattr(self, option) < np.inf:
                raise ConfigError(f"{option} is {getattr(self, option)}", why="it must be positive and finite")

    def _check_ranges(self, *options: str) -> None:
        """Refuse pairs of options that do not rise from a positive number to a finite one."""
        for option in options:
            low, high = getattr(self, option)
            if not 0 < low <= high < np.inf:
                raise ConfigError(f"{option} is {low},{high}", why="a range rises from a positive number")


class Problem(Family):
    """A family without time, whose plain solver runs on the mesh of a sample."""

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

    def energy(self, mesh: Mesh) -> NodalEnergy:  # noqa: ARG002 - for children
        """What measures targets at the nodes of a mesh by their residual, differentiably: a loss without labels.

        Args:
            mesh: a mesh with the inputs of the problem.

        Raises:
            ConfigError: the equations of this problem have no energy.
            SolverError: the solution is not unique.
        """
        raise ConfigError(f"the residual of {self.name} has no energy", fix="train with labels")

    def improve(self, mesh: Mesh, *, tolerance: float, steps: int) -> tuple[Mesh, Report]:  # noqa: ARG002 - for children
        """The targets of a mesh, made nearer to the discrete solution by steps of the plain solver.

        Args:
            mesh: a mesh with inputs, and targets at the nodes to start from.
            tolerance: relative residual at which the solver stops.
            steps: most steps.

        Returns:
            the mesh with the targets at cells and nodes, ``residual`` in the cells, and how the solver did.

        Raises:
            ConfigError: the solver of this problem cannot start from a field.
            SolverError: there is no solution.
        """
        raise ConfigError(f"the solver of {self.name} takes no field to start from", fix="leave the polishing out")

    def smooth(self, mesh: Mesh, steps: int) -> Mesh:  # noqa: ARG002 - for children
        """The targets of a mesh after some cheap steps of a smoother, which take off errors from cell to cell.

        Args:
            mesh: a mesh with inputs, and targets at the nodes to start from.
            steps: of the smoother.

        Returns:
            the mesh with the targets at cells and nodes.

        Raises:
            ConfigError: there is no smoother for this problem.
        """
        raise ConfigError(f"there is no smoother for {self.name}", fix="set smoothing = 0")
