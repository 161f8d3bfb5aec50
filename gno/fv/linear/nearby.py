"""A matrix solved with exactly through the factor of one near to it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor

from gno.errors import SolverError
from gno.fv.linear.factor import Factor
from gno.fv.linear.krylov import gmres

EXACT = 1e-11
"""Relative residual that derivatives ask for."""
ACCEPTED = 1e-8
"""The same at which a solution is accepted: rounding keeps GMRES from its goal where a coefficient spans decades."""
STEPS = 100
"""Most steps of GMRES. Ten to twenty are usual; where a hundred do not suffice the matrices are too far apart."""


class Nearby(Factor):
    """GMRES on a matrix, preconditioned with the factor of another.

    Args:
        matrix: ``(n, n)``.
        factor: of the matrix near to it.

    Example:
        >>> from gno.fv.linear.lu import LU
        >>> nearby = Nearby(sparse.csr_array([[4.0]]), LU(sparse.csr_array([[5.0]])))
        >>> nearby.solve(torch.tensor([8.0], dtype=torch.float64)).tolist(), nearby.steps
        ([2.0], 1)
    """

    def __init__(self, matrix: sparse.csr_array, factor: Factor) -> None:
        self._matrix, self._factor = matrix, factor
        self.steps = 0

    def apply_inverse(self, b: Float[Tensor, "n *k"], *, transposed: bool) -> Float[Tensor, "n *k"]:
        """The solution, column by column, as exact as derivatives need it."""
        columns = b.reshape(len(b), -1).unbind(1)
        solved = [self.solve_to(EXACT, column, transposed=transposed)[0] for column in columns]
        return torch.stack(solved, dim=1).reshape(b.shape)

    def approach(
        self, b: Float[Tensor, " n"], *, tolerance: float, steps: int
    ) -> tuple[Float[Tensor, " n"], int, float]:
        """What so many steps of GMRES make of it: no error where they do not suffice.

        Args:
            b: right-hand side.
            tolerance: relative residual at which it stops.
            steps: most steps.

        Returns:
            the vector, the steps taken, and its relative residual.
        """
        return gmres(
            lambda v: torch.from_numpy(self._matrix @ v.numpy()),
            lambda v: self._factor.apply_inverse(v, transposed=False),
            b.detach(),
            tolerance=tolerance,
            max_steps=steps,
            restart=STEPS,
        )

    def solve_to(
        self, tolerance: float, b: Float[Tensor, " n"], *, transposed: bool = False
    ) -> tuple[Float[Tensor, " n"], float]:
        """The solution, and its relative residual.

        Args:
            tolerance: relative residual to reach.
            b: right-hand side.
            transposed: whether to solve with the transpose.

        Raises:
            SolverError: no convergence.
        """
        matrix = self._matrix.T if transposed else self._matrix
        size = b.detach().abs().max()
        if size == 0:
            return torch.zeros_like(b), 0.0
        x, steps, rest = gmres(
            lambda v: torch.from_numpy(matrix @ v.numpy()),
            lambda v: self._factor.apply_inverse(v, transposed=transposed),
            b.detach() / size,
            tolerance=tolerance,
            max_steps=STEPS,
            restart=STEPS,
        )
        self.steps += steps
        x = x * size
        rest = rest if bool(x.isfinite().all()) else float("nan")
        accepted = max(tolerance, ACCEPTED)
        if not rest <= accepted:
            raise SolverError(
                f"the solver stopped at a relative residual of {rest:.3g} after {steps} steps",
                why=f"{accepted:g} is needed: the mesh is too skewed, or the coefficient spans too many decades",
                fix="improve the mesh (gno check shows its worst cells)",
            )
        return x, rest
