"""A solver on a coarse mesh as a part of a network: what it takes, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from gno.datasets.field import FieldSpec
from gno.errors import ConfigError
from gno.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class CoarseFields:
    """Fields at the nodes of a coarse mesh, for each sample.

    Args:
        values: physical values ``(samples, nodes, channels)`` of the solver's outputs, one after another; in double
            precision, with a graph.
        state: what a later solve of the same samples may start from, without a graph; its first axis counts samples.
    """

    values: Float[Tensor, "samples nodes channels"]
    state: Float[Tensor, "samples ..."]


@runtime_checkable
class CoarseSolver(Protocol):
    """A solver, as networks with a coarse solution inside take it: ``CFDGCN`` and ``CoarseSolve``.

    It is differentiable in its inputs and in the coordinates of the nodes, never returns fields that did not converge,
    and can be asked on any mesh by how much given fields miss its equations. It holds options alone, as values that
    JSON can hold, so that a model file can name it; what it needs of a mesh it builds when that is first solved on.
    """

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what it is given: numbers ``(samples,)``, or fields ``(samples, nodes)``."""

    @property
    def outputs(self) -> tuple[FieldSpec, ...]:
        """The fields that it returns at the nodes."""

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of its constructor, as values that JSON can hold."""

    def solve(
        self,
        mesh: Mesh,
        inputs: Mapping[str, Tensor],
        *,
        points: Float[Tensor, "nodes dim"] | None = None,
        initial: Float[Tensor, "samples ..."] | None = None,
    ) -> CoarseFields:
        """Solve for all samples.

        Args:
            mesh: the coarse mesh.
            inputs: name to values ``(samples,)`` or ``(samples, nodes)``, physical, in double precision.
            points: other coordinates of the nodes.
            initial: ``state`` of an earlier solve, of the same samples or of some near to them.

        Raises:
            ConfigError: inputs that it does not take.
            MeshError: points with which cells cannot be used.
            SolverError: a sample did not converge.
        """

    def residual(
        self, mesh: Mesh, inputs: Mapping[str, Tensor], values: Float[Tensor, "nodes channels"]
    ) -> Float[Tensor, "cells equations"]:
        """What the fields of one sample miss in each cell, per unit volume.

        Args:
            mesh: any mesh.
            inputs: name to values ``(1,)`` or ``(1, nodes)``, as of ``solve``.
            values: of the outputs, at the nodes.
        """

    def start(self, mesh: Mesh, inputs: Mapping[str, Tensor]) -> Float[Tensor, "nodes channels"]:
        """The outputs at the nodes of what the solver starts from: a medium at rest, or a free stream.

        Args:
            mesh: any mesh.
            inputs: as in ``residual``.
        """


def num_samples(inputs: Mapping[str, Tensor], wanted: tuple[str, ...]) -> int:
    """How many samples some inputs are for.

    Args:
        inputs: name to values; the first axis counts samples.
        wanted: names that are needed.

    Raises:
        ConfigError: a name that is missing, or numbers of samples that differ.

    Example:
        >>> num_samples({"mach": torch.tensor([0.3, 0.5])}, ("mach",))
        2
    """
    for name in wanted:
        if name not in inputs:
            have = ", ".join(inputs) or "none"
            raise ConfigError(f"the coarse solver needs {name!r}", why=f"it is given: {have}", fix=f"give it {name}")
    counts = {name: len(inputs[name]) for name in wanted}
    if len(set(counts.values())) > 1:
        raise ConfigError(f"inputs of {counts} samples", why="all are for the same samples")
    return next(iter(counts.values()), 1)


def sample_values(inputs: Mapping[str, Tensor], name: str, default: float, sample: int) -> Tensor:
    """An input of one sample: a number or a field, in double precision.

    Args:
        inputs: name to values.
        name: of the input.
        default: where it is not given.
        sample: its number.

    Example:
        >>> sample_values({}, "source", 1.0, 3)
        tensor(1., dtype=torch.float64)
    """
    if name not in inputs:
        return torch.tensor(default, dtype=torch.float64)
    return inputs[name][sample].to(torch.float64)
