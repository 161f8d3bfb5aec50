"""How an iteration went."""

from __future__ import annotations

from dataclasses import dataclass

from gno.errors import SolverError


@dataclass(frozen=True)
class Report:
    """How an iteration went; of several samples, those of the worst.

    Args:
        converged: whether the tolerance was reached.
        iterations: number of steps.
        residual: the last relative residual.
        history: relative residual at the start and after each step.
        factorizations: number of matrices that were factorized.
        linear_steps: number of steps of GMRES in all.

    Example:
        >>> Report(True, 2, 1e-12, (1.0, 1e-5, 1e-12), 1, 3).iterations
        2
    """

    converged: bool
    iterations: int
    residual: float
    history: tuple[float, ...]
    factorizations: int
    linear_steps: int


class ConvergenceError(SolverError):
    """An iteration that did not reach its tolerance.

    Args:
        report: how it went.
        fix: what may help.

    Example:
        >>> str(ConvergenceError(Report(False, 3, 0.5, (1.0, 0.9, 0.6, 0.5), 1, 3)))
        'no convergence: the relative residual is 0.5 after 3 iterations; it was 1 at the start; start nearer to the \
solution, approach it through easier parameters, or damp the steps'
    """

    def __init__(
        self,
        report: Report,
        fix: str = "start nearer to the solution, approach it through easier parameters, or damp the steps",
    ) -> None:
        self.report = report
        super().__init__(
            f"no convergence: the relative residual is {report.residual:.3g} after {report.iterations} iterations",
            why=f"it was {report.history[0]:.3g} at the start",
            fix=fix,
        )
