"""A matrix that is ready to be solved with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor

from gno.errors import SolverError

SINGULAR = 1e14
"""Growth of a vector under the inverse of the matrix with rows scaled to one, from which on it counts as singular."""


class Factor(ABC):
    """The inverse of a matrix, to be applied many times: to ``b (n,)``, or to the columns of ``b (n, k)``."""

    @abstractmethod
    def apply_inverse(self, b: Float[Tensor, "n *k"], *, transposed: bool) -> Float[Tensor, "n *k"]:
        r""":math:`A^{-1} b` or :math:`A^{-T} b`."""

    def solve(self, b: Float[Tensor, "n *k"]) -> Float[Tensor, "n *k"]:
        r""":math:`A^{-1} b`."""
        return self.apply_inverse(b, transposed=False)

    def solve_transposed(self, b: Float[Tensor, "n *k"]) -> Float[Tensor, "n *k"]:
        r""":math:`A^{-T} b`."""
        return self.apply_inverse(b, transposed=True)


class HostFactor(Factor):
    """A factor made by a library that takes NumPy arrays; vectors on a device travel there and back."""

    @abstractmethod
    def solve_array(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        """The solution for ``b (n,)`` or ``(n, k)`` in float64."""

    def apply_inverse(self, b: Float[Tensor, "n *k"], *, transposed: bool) -> Float[Tensor, "n *k"]:
        """The solution, on the device and of the type of ``b``."""
        return torch.from_numpy(self.solve_array(b.detach().double().cpu().numpy(), transposed)).to(b)


def refuse_singular(matrix: sparse.csr_array, solve: Callable[[np.ndarray], np.ndarray]) -> None:
    """Refuse a matrix whose inverse lets a vector grow without bound, and name the row where it grows most.

    Args:
        matrix: ``(n, n)``.
        solve: what applies its inverse.

    Raises:
        SolverError: the matrix is singular to working precision.

    Example:
        >>> refuse_singular(sparse.csr_array(np.eye(2)), lambda b: b)
        >>> refuse_singular(sparse.csr_array(np.eye(2)), lambda b: b * np.array([1, 1e20]))
        Traceback (most recent call last):
        ...
        gno.errors.SolverError: the matrix is singular at row 1; no solution, or more than one, is there; look for an \
unknown without an equation, or a field that only fluxes determine
    """
    size = np.asarray(abs(matrix).sum(axis=1)).reshape(-1)
    if (size == 0).any():
        raise _singular(int(np.argmin(size)))
    with np.errstate(all="ignore"):
        grown = np.abs(solve(size * np.random.default_rng(0).uniform(0.5, 1.0, len(size))))
    if not grown.max(initial=0.0) < SINGULAR:
        raise _singular(int(np.argmax(np.nan_to_num(grown, nan=np.inf))))


def _singular(row: int) -> SolverError:
    return SolverError(
        f"the matrix is singular at row {row}",
        why="no solution, or more than one, is there",
        fix="look for an unknown without an equation, or a field that only fluxes determine",
    )
