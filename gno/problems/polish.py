"""A prediction handed to the plain solver as its start: what that saves."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from gno.errors import ConfigError
from gno.fv import Report
from gno.mesh import Mesh

MOST = 100
"""Most steps of the solver towards a tolerance."""


@runtime_checkable
class Improvable(Protocol):
    """What has a solver that goes on from any fields: a ``Problem``, for one, or a flow about an airfoil."""

    def start(self, mesh: Mesh) -> Mesh:
        """The mesh with the fields that the solver starts from where it knows nothing."""

    def improve(self, mesh: Mesh, *, tolerance: float, steps: int) -> tuple[Mesh, Report]:
        """The mesh with its fields after so many steps, or as soon as this relative residual is reached."""


class Polished(NamedTuple):
    """A prediction after some steps of the solver.

    Args:
        mesh: with the targets at cells and nodes, and ``residual`` in the cells, where these are the solver's.
        iterations: steps from the prediction.
        from_start: steps from the start of the solver, which knows nothing, to the same residual.
        before: relative residual of the prediction in the cells.
        after: the same when the solver stopped.
        converged: whether a tolerance that was asked for is reached; always true of a number of steps.
    """

    mesh: Mesh
    iterations: int
    from_start: int
    before: float
    after: float
    converged: bool

    @property
    def saved(self) -> int:
        """Steps that the prediction saves; negative where it costs some."""
        return self.from_start - self.iterations

    def numbers(self) -> dict[str, int | float | bool]:
        """What JSON can hold of it."""
        steps = {"iterations": self.iterations, "iterations_from_start": self.from_start, "saved": self.saved}
        return steps | {"residual_before": self.before, "residual_after": self.after, "converged": self.converged}


def polish(problem: Improvable, mesh: Mesh, amount: float | int) -> Polished:
    """Let the plain solver go on from a prediction.

    Args:
        problem: of the prediction.
        mesh: with inputs, and the predicted targets at its nodes.
        amount: a whole number of steps from 1 on, or below 1 the relative residual to reach.

    Raises:
        ConfigError: another amount, or a problem whose solver takes no start.
        SolverError: there is no solution.

    Example:
        >>> import numpy as np
        >>> from gno.mesh import shapes
        >>> from gno.problems import Darcy
        >>> mesh = shapes.square(0.1)
        >>> mesh = Darcy().solve(mesh.with_data({"permeability": np.ones(mesh.num_points)}))
        >>> found = polish(Darcy(), mesh, 1e-6)
        >>> found.after <= 1e-6 < found.before, found.saved > 0
        (True, True)
    """
    in_steps = amount >= 1
    if not amount > 0 or (in_steps and amount != int(amount)):
        raise ConfigError(
            f"a prediction cannot be polished by {amount:g}",
            why="it takes a number of steps, or below 1 the relative residual to reach",
            fix="for example 3, or 1e-6",
        )
    tolerance, steps = (1e-14, int(amount)) if in_steps else (float(amount), MOST)
    found, report = problem.improve(mesh, tolerance=tolerance, steps=steps)
    # A little more than was reached: the last digits are rounding.
    goal = max(report.residual * (1 + 1e-6), 1e-14)
    _, plain = problem.improve(problem.start(mesh), tolerance=goal, steps=MOST)
    return Polished(
        found, report.iterations, plain.iterations, report.history[0], report.residual, in_steps or report.converged
    )
