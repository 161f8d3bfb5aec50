"""GMRES in torch, on the device of the values, and the solver that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import SolverError
from gno.fv.linear.factor import Factor
from gno.fv.linear.pattern import SparsePattern

Map = Callable[[Tensor], Tensor]


def gmres(
    multiply: Map, precondition: Map, b: Float[Tensor, " n"], *, tolerance: float, max_steps: int, restart: int = 50
) -> tuple[Float[Tensor, " n"], int, float]:
    r"""Solve :math:`A x = b` by GMRES, preconditioned from the right, so that it sees the true residual.

    Source: Saad and Schultz 1986, SIAM J. Sci. Stat. Comput. 7, 856.

    Args:
        multiply: ``A``.
        precondition: something near to its inverse.
        b: right-hand side.
        tolerance: norm of the residual over that of ``b`` at which it stops.
        max_steps: most steps.
        restart: steps after which it starts anew from the true residual, which also cleans it of rounding.

    Returns:
        the solution, the number of steps, and the norm of the true residual over that of ``b``.

    Example:
        >>> x, steps, _ = gmres(lambda v: 2 * v, lambda v: v, torch.ones(4), tolerance=1e-6, max_steps=10)
        >>> x.tolist(), steps
        ([0.5, 0.5, 0.5, 0.5], 1)
    """
    x, rest, steps, last = torch.zeros_like(b), b, 0, float("inf")
    size = now = float(b.norm())
    while tolerance * size < now <= 0.5 * last and steps < max_steps:
        dx, used = _cycle(multiply, precondition, rest, tolerance * size, min(restart, max_steps - steps))
        x, steps, last = x + dx, steps + used, now
        rest = b - multiply(x)
        now = float(rest.norm())
    return x, steps, now / size if size else 0.0


def _cycle(multiply: Map, precondition: Map, rest: Tensor, goal: float, steps: int) -> tuple[Tensor, int]:
    """The correction that minimizes the residual over a Krylov space, and the dimension of that space."""
    size = float(rest.norm())
    h, q = np.zeros((steps + 1, steps)), np.eye(steps + 1)  # q rotates h to an upper triangle, column by column
    basis = rest.new_empty((steps + 1, len(rest)))
    basis[0] = rest / size
    for j in range(steps):
        w, known = multiply(precondition(basis[j])), basis[: j + 1]
        for _ in range(2):  # twice is enough (Kahan and Parlett)
            along = known @ w
            w = w - along @ known
            h[: j + 1, j] += along.cpu().numpy()
        h[j + 1, j] = float(w.norm())
        if not np.isfinite(h[: j + 2, j]).all():
            return torch.full_like(rest, float("nan")), j + 1
        x, y = q[j : j + 2] @ h[:, j]
        length = float(np.hypot(x, y)) or 1.0
        q[j : j + 2] = np.array([[x, y], [-y, x]]) / length @ q[j : j + 2]
        if size * abs(q[j + 1, 0]) <= goal or h[j + 1, j] <= 1e-15 * np.linalg.norm(h[: j + 1, j]):
            break
        basis[j + 1] = w / h[j + 1, j]
    weight = np.linalg.lstsq(q[: j + 1] @ h[:, : j + 1], size * q[: j + 1, 0], rcond=None)[0]
    return precondition(rest.new_tensor(weight) @ basis[: j + 1]), j + 1


class Krylov(Factor):
    """GMRES preconditioned with the diagonal: slow on large systems, but all on the device of the values.

    Args:
        values: entries of the matrix.
        pattern: where they stand.

    Raises:
        SolverError: a zero on the diagonal, or no convergence.
    """

    TOLERANCE, ACCEPTED, RESTART, STEPS = 1e-13, 1e-10, 200, 2000

    def __init__(self, values: Float[Tensor, " entries"], pattern: SparsePattern) -> None:
        on = pattern.row == pattern.col
        diagonal = values.new_zeros(pattern.n).index_add(0, pattern.row[on], values[on])
        if bool((diagonal == 0).any()):
            raise SolverError(
                f"the diagonal of the matrix is zero in row {int((diagonal == 0).nonzero()[0])}",
                why="Krylov's method divides by the diagonal here",
                fix="choose method 'lu'",
            )
        self._values, self._pattern, self._diagonal = values, pattern, diagonal

    def apply_inverse(self, b: Float[Tensor, "n *k"], *, transposed: bool) -> Float[Tensor, "n *k"]:
        """The solution, column by column."""
        columns = b.reshape(len(b), -1).to(self._values).unbind(1)
        return torch.stack([self._solve_one(column, transposed) for column in columns], dim=1).reshape(b.shape).to(b)

    def _solve_one(self, b: Tensor, transposed: bool) -> Tensor:
        def multiply(x: Tensor) -> Tensor:
            return self._pattern.multiply(self._values, x, transposed=transposed)

        size = b.abs().max()
        if size == 0:
            return torch.zeros_like(b)
        x, steps, rest = gmres(
            multiply,
            lambda v: v / self._diagonal,
            b / size,
            tolerance=self.TOLERANCE,
            max_steps=self.STEPS,
            restart=self.RESTART,
        )
        if not rest <= self.ACCEPTED:
            row = int((b / size - multiply(x)).abs().nan_to_num(nan=float("inf")).argmax())
            raise SolverError(
                f"GMRES stopped at a relative residual of {rest:.3g} after {steps} steps, largest in row {row}",
                why="the matrix is singular, or too hard for its diagonal as a preconditioner",
                fix="choose method 'lu'",
            )
        return x * size
