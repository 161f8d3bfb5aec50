"""A hard problem approached through easier ones."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from gno.errors import SolverError
from gno.fv.nonlinear.report import Report

Attempt = Callable[[float, Tensor], tuple[Tensor, Report]]
"""Of how much easier the problem is made, and where to start: a solution, and how it went."""

EASIER = 4.0
"""How much easier the next problem is where nothing has been solved yet."""
ATTEMPTS = 20
"""Most problems."""


def approach(attempt: Attempt, start: Float[Tensor, "..."]) -> tuple[Float[Tensor, "..."], bool]:
    """A start for the hard problem: solutions of easier ones, each begun at the last.

    Where an attempt fails, the next one lies half way, in the logarithm, to the last problem that was solved.

    Args:
        attempt: solves a problem made easier by a factor; that of 1 is the hard one.
        start: where the first attempt begins.

    Returns:
        the last solution, and whether that is one of the hard problem.

    Example:
        >>> import torch
        >>> def attempt(factor, start):  # reaches twice as far as the start
        ...     reached = 2 * start >= 8 / factor
        ...     return torch.as_tensor(8 / factor), Report(bool(reached), 1, 0.0, (0.0,), 1, 1)
        >>> approach(attempt, torch.tensor(1.0))
        (tensor(8.), True)
    """
    state, solved, goals = start, None, [1.0, EASIER]
    for _ in range(ATTEMPTS):
        if not goals:
            return state, True
        goal = goals[-1]
        try:
            reached, report = attempt(goal, state)
            success = report.converged
        except SolverError:
            success = False
        if success:
            state, solved = reached, goals.pop()
        else:
            goals.append(goal * EASIER if solved is None else (goal * solved) ** 0.5)
    return state, not goals
