"""The two linear systems of a projection method."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor

from gno.fv.linear.factor import Factor
from gno.fv.linear.pattern import SparsePattern
from gno.fv.linear.preconditioned import factorize_near
from gno.fv.linear.sparse import apply_inverse, sparse_solve


class PressureSystem:
    r"""Poisson's equation; where no value of a part of the mesh is given, its first cell has nought.

    Args:
        matrix: :math:`-\sum_f \pm \partial_n |S|` ``(cells, cells)``.
        near: its two-point part.
        pinned: a cell of each part without a given value.
        method: as in ``factorize_near``.

    Example:
        >>> matrix = sparse.csr_array(np.array([[1.0, -1.0], [-1.0, 1.0]]))
        >>> system = PressureSystem(matrix, matrix, np.array([0]))
        >>> system.solve(torch.tensor([-1.0, 1.0], dtype=torch.float64)).round(decimals=6).abs().tolist()
        [0.0, 1.0]
    """

    def __init__(
        self, matrix: sparse.csr_array, near: sparse.csr_array, pinned: np.ndarray, *, method: str = "auto"
    ) -> None:
        # The right-hand sides of a part without outlet add up to nought, so what is added takes nothing in.
        held = np.zeros(matrix.shape[0])
        held[pinned] = near.diagonal()[pinned]
        extra = sparse.diags_array(held)
        self._factor = factorize_near(sparse.csr_array(matrix + extra), sparse.csr_array(near + extra), method=method)

    def solve(self, b: Float[Tensor, " cells"]) -> Float[Tensor, " cells"]:
        """The solution; differentiable in the right-hand side."""
        return apply_inverse(self._factor, b)


class ViscousSystem:
    r"""Inertia and viscosity, :math:`i V u - \nu \sum_f \pm \partial_n u |S| = b`, with the factors last used.

    Args:
        volume: ``V (cells,)``.
        matrix: :math:`-\sum_f \pm \partial_n |S|` ``(cells, cells)``, or for all components of the velocity together
            ``(cells * dim, cells * dim)``.
        near: its two-point part.
        method: as in ``factorize_near``.

    Example:
        >>> one = sparse.csr_array(np.eye(1))
        >>> system = ViscousSystem(np.ones(1), one, one)
        >>> system.solve(1.0, torch.tensor(3.0), torch.tensor([[2.0, 4.0]])).tolist()
        [[0.5, 1.0]]
    """

    KEPT = 4
    """Factors kept: of the first step, of all others, and of these for another viscosity."""

    def __init__(
        self, volume: np.ndarray, matrix: sparse.csr_array, near: sparse.csr_array, *, method: str = "auto"
    ) -> None:
        self._method, self._factors = method, dict[tuple[float, float], Factor]()
        mass = np.repeat(volume, matrix.shape[0] // len(volume))
        self._mass = sparse.csr_array(sparse.diags_array(mass))
        self._matrix, self._near = matrix, near
        # Explicit zeros are kept, so that both have one pattern.
        pairs = [m.tocoo() for m in (self._mass, matrix)]
        rows, cols = (torch.from_numpy(np.concatenate(c).astype(np.int64)) for c in zip(*(m.coords for m in pairs)))
        self._pattern, position = SparsePattern.of(rows, cols, matrix.shape[0])
        mass_part, viscous_part = position.split([pairs[0].nnz, pairs[1].nnz])
        self._of_mass = self._pattern.values(torch.from_numpy(pairs[0].data), mass_part)
        self._of_viscosity = self._pattern.values(torch.from_numpy(pairs[1].data), viscous_part)

    def solve(
        self, inertia: float, viscosity: Float[Tensor, ""], b: Float[Tensor, "cells dim"]
    ) -> Float[Tensor, "cells dim"]:
        r"""The solution; differentiable in the viscosity and the right-hand side.

        Args:
            inertia: ``i``, one over a time.
            viscosity: :math:`\nu`.
            b: right-hand side.
        """
        factor = self._factor(inertia, float(viscosity.detach()))
        right = b if self._pattern.n == len(b) else b.reshape(-1)
        if not viscosity.requires_grad:
            return apply_inverse(factor, right).reshape(b.shape)
        values = inertia * self._of_mass + viscosity * self._of_viscosity
        return sparse_solve(values, self._pattern, right, factor=factor).reshape(b.shape)

    def _factor(self, inertia: float, viscosity: float) -> Factor:
        key = (inertia, viscosity)
        if key not in self._factors:
            while len(self._factors) >= self.KEPT:
                del self._factors[next(iter(self._factors))]
            full, near = (sparse.csr_array(inertia * self._mass + viscosity * m) for m in (self._matrix, self._near))
            self._factors[key] = factorize_near(full, near, method=self._method)
        return self._factors[key]
