"""A solver's step in time on the nodes of a mesh, as models in time take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from gno.mesh.mesh import Mesh

Fields = Mapping[str, Tensor]
"""Name to values ``(samples, nodes, components)``, in double precision, on the CPU."""


@runtime_checkable
class Stepper(Protocol):
    """Takes states at the nodes of a mesh over a step of time, differentiably.

    Steps in time are explicit, or have an implicit layer for what they solve inside. No sample of a batch depends on
    another.
    """

    def advance(self, state: Fields, given: Fields, steps: Float[Tensor, " samples"]) -> dict[str, Tensor]:
        """The state a step later.

        Args:
            state: its fields.
            given: inputs that stand still.
            steps: length of the step of each sample.
        """

    def admitted(self, state: Fields, near: Fields) -> dict[str, Tensor]:
        """The state that the equations admit nearest to another one: what they conserve is that of ``near``.

        Args:
            state: its fields, with a correction.
            near: the state without it.
        """

    def march(
        self, first: Fields, given: Fields, steps: Sequence[float], *, finer: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """The states of the plain solver after each of some steps, at the nodes.

        Args:
            first: state at the beginning.
            given: inputs that stand still.
            steps: their lengths.
            finer: how many times finer the solver's own mesh is.
        """


@runtime_checkable
class Steppable(Protocol):
    """A problem in time that offers its solver's step: ``gno.problems.TorusFlow`` and ``CylinderFlow`` do."""

    def stepper(self, mesh: Mesh) -> Stepper:
        """The step on the nodes of a mesh.

        Args:
            mesh: any mesh.

        Raises:
            DataError: nodes that the solver does not take.
        """
