"""A matrix that changes, solved with exactly through the factor of an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import SolverError
from gno.fv.linear.factor import Factor
from gno.fv.linear.krylov import gmres
from gno.fv.linear.pattern import SparsePattern
from gno.fv.linear.rank_one import RankOne
from gno.fv.linear.sparse import factorize

Near = Callable[[], tuple[Tensor, SparsePattern]]
"""Entries and pattern of a matrix near to the one to be solved with, and cheaper to factorize."""
Linearization = (
    tuple[Tensor, SparsePattern]
    | tuple[Tensor, SparsePattern, Near]
    | tuple[Tensor, SparsePattern, Near | None, RankOne]
)
"""Entries and pattern of a matrix, what makes one nearby, and what is added to it."""

EXACT = 1e-13
"""Relative residual that derivatives ask for."""
ACCEPTED = 1e-8
"""The same that is accepted where even a fresh factor does no better."""
FEW, MANY = 10, 40
"""Steps of GMRES after which the factor counts as outdated: in an iteration, and for derivatives."""


@dataclass(eq=False)
class Kept:
    """A factor that several lagged ones share, as do the steps in time: whoever renews it renews it for all.

    Args:
        given: pattern of one sample that the factor is for.
        pattern: of all samples.
        factor: nothing before the first is made.
    """

    given: SparsePattern | None = None
    pattern: SparsePattern | None = None
    factor: Factor | None = None


class LinearError(SolverError):
    """A linear system that could not be solved."""


class LaggedFactor(Factor):
    """GMRES on the newest matrix, preconditioned with a factor that is renewed only when that takes too many steps.

    Several samples are the blocks of one block diagonal matrix; each counts with its own norm.

    Args:
        symmetric: as in ``factorize``.
        method: as in ``factorize``.
        kept: a factor that others use too.
    """

    def __init__(self, *, symmetric: bool = False, method: str = "auto", kept: Kept | None = None) -> None:
        self.factorizations, self.steps = 0, 0
        self._symmetric, self._method = symmetric, method
        self._kept = Kept() if kept is None else kept

    def update(
        self,
        values: Float[Tensor, "*samples entries"],
        pattern: SparsePattern,
        near: Near | None = None,
        added: RankOne | None = None,
        *,
        diagonal: Tensor | None = None,
    ) -> None:
        """Take a new matrix.

        Args:
            values: its entries.
            pattern: where they stand, in every sample.
            near: makes the matrix that is factorized in its stead, of as many samples.
            added: to the matrix, not to its factor: it costs GMRES one step more.
            diagonal: what to add to the diagonal ``(samples, n)``.
        """
        self.samples = values.shape[0] if values.ndim == 2 else 1
        kept = self._kept
        if pattern is not kept.given or kept.pattern is None or kept.pattern.n != pattern.n * self.samples:
            kept.given, kept.pattern, kept.factor = pattern, pattern.repeat(self.samples), None
        self._pattern = kept.pattern
        self._values = _with_diagonal(values, self._pattern, diagonal)
        self._near, self._diagonal, self._added = near, diagonal, added
        # On the host SciPy's product takes a fourth of the time of an index_add.
        self._matrix = self._pattern.csr(self._values) if self._values.device.type == "cpu" else None

    def magnitude(self, u: Float[Tensor, "..."]) -> Float[Tensor, " n"]:
        r""":math:`|A| |u|`: the size of the terms that cancel in a residual."""
        return self._pattern.multiply(self._values.abs(), u.reshape(-1).abs())

    def norms(self, u: Float[Tensor, "..."]) -> Float[Tensor, " samples"]:
        """The norm of each sample."""
        return u.reshape(self.samples, -1).norm(dim=1)

    def apply_inverse(self, b: Float[Tensor, " n"], *, transposed: bool) -> Float[Tensor, " n"]:
        """The solution, as exact as rounding lets it be."""
        return self.solve_to(EXACT, b, transposed=transposed, patience=MANY)

    def solve_to(
        self, tolerance: float, b: Float[Tensor, " n"], *, transposed: bool = False, patience: int = FEW
    ) -> Float[Tensor, " n"]:
        """The solution to a relative residual.

        Args:
            tolerance: that relative residual.
            b: right-hand side.
            transposed: whether to solve with the transpose.
            patience: steps of GMRES after which the matrix is factorized anew.

        Raises:
            SolverError: the matrix is singular or not finite.
        """
        size = self.norms(b).repeat_interleave(len(b) // self.samples)
        size = torch.where(size > 0, size, 1.0)
        right = b / size
        kept = self._kept
        if kept.factor is not None:
            x, rest = self._gmres(kept.factor, right, tolerance, transposed, patience)
            if rest <= max(tolerance, self._rounding(x, right)):
                return x * size
        kept.factor = self._factorized()
        x, rest = self._gmres(kept.factor, right, tolerance, transposed, MANY)
        if not rest <= max(tolerance, ACCEPTED):
            raise LinearError(
                f"the linear solver stopped at a relative residual of {rest:.3g}",
                why="the matrix is almost singular",
                fix="look for an unknown without an equation, or a field that only fluxes determine",
            )
        return x * size

    def _factorized(self) -> Factor:
        values, pattern = self._values, self._pattern
        if self._near is not None:
            values, pattern = self._near()
            pattern = pattern.repeat(self.samples)
            values = _with_diagonal(values, pattern, self._diagonal)
        self.factorizations += 1
        return factorize(values, pattern, symmetric=self._symmetric, method=self._method)

    def _gmres(
        self, factor: Factor, b: Tensor, tolerance: float, transposed: bool, max_steps: int
    ) -> tuple[Tensor, float]:
        x, steps, rest = gmres(
            lambda v: self._multiply(v, transposed),
            lambda v: factor.apply_inverse(v, transposed=transposed),
            b,
            tolerance=tolerance,
            max_steps=max_steps,
        )
        self.steps += steps
        return x, rest

    def _multiply(self, v: Tensor, transposed: bool) -> Tensor:
        if self._matrix is None:
            product = self._pattern.multiply(self._values, v, transposed=transposed)
        else:
            product = torch.from_numpy((self._matrix.T if transposed else self._matrix) @ v.numpy())
        return product if self._added is None else product + self._added.multiply(v, transposed=transposed)

    def _rounding(self, x: Tensor, b: Tensor) -> float:
        """Relative residual below which rounding hides everything."""
        return 4 * torch.finfo(x.dtype).eps * float(self.magnitude(x).norm() / b.norm())


def _with_diagonal(values: Tensor, pattern: SparsePattern, diagonal: Tensor | None) -> Tensor:
    values = values.detach().double().reshape(-1)
    if diagonal is None:
        return values
    unknown = torch.arange(pattern.n, device=values.device)
    return values.index_add(0, pattern.find(unknown, unknown), diagonal.reshape(-1))
