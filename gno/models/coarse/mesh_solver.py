"""A solver of fields that a mesh carries: what a ``Problem`` is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from gno.mesh.mesh import Mesh


@runtime_checkable
class MeshSolver(Protocol):
    """Finds the targets of a mesh from the inputs that it carries, and says by how much given ones miss the equations.

    A ``gno.problems.Problem`` is one, and ``CoarseSolve`` makes one of a ``CoarseSolver``.
    """

    def transferred(self, mesh: Mesh, coarse: Mesh) -> Mesh:
        """A coarse mesh with what it sees of the inputs of a fine one.

        Args:
            mesh: with the inputs.
            coarse: of the same domain.
        """

    def solve(self, mesh: Mesh) -> Mesh:
        """The mesh with the targets in its point data.

        Args:
            mesh: with the inputs.

        Raises:
            SolverError: no convergence.
        """

    def residual(self, mesh: Mesh) -> Float[np.ndarray, "cells *equations"]:
        """By how much the targets at the nodes miss the equations in each cell, per unit volume.

        Args:
            mesh: with inputs and targets.
        """

    def start(self, mesh: Mesh) -> Mesh:
        """The mesh with the fields that a solver starts from where it knows nothing.

        Args:
            mesh: with the inputs.
        """
