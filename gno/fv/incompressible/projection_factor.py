"""The two linear systems of a projection method."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor

from gno.fv.linear.factor import Factor
from gno.fv.linear.linear_map import LinearMap
from gno.fv.linear.pattern import SparsePattern
from gno.fv.linear.preconditioned import factorize_near
from gno.fv.linear.sparse import sparse_solve


class PressureSystem:
    r"""Poisson's equation; where no value of a part of the mesh is given, its first cell has nought.

    Args:
        laplacian: :math:`\sum_f \pm \partial_n |S|` ``(cells, cells + given)``.
        near: its two-point part.
        pinned: a cell of each part without a given value.
        method: as in ``factorize_near``.

    Example:
        >>> row, col = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
        >>> matrix = LinearMap(row, col, torch.tensor([-1.0, 1.0, 1.0, -1.0]).double(), (2, 2))
        >>> system = PressureSystem(matrix, matrix, torch.tensor([0]))
        >>> system.solve(torch.tensor([-1.0, 1.0], dtype=torch.float64)).round(decimals=6).abs().tolist()
        [0.0, 1.0]
    """

    def __init__(
        self, laplacian: LinearMap, near: LinearMap, pinned: Int[Tensor, " parts"], *, method: str = "auto"
    ) -> None:
        # The right-hand sides of a part without outlet add up to nought, so what is added takes nothing in.
        held = torch.from_numpy(-near.matrix.diagonal())[pinned]
        self._pattern, self._values = _of_cells(laplacian, pinned, held)
        almost, entries = _of_cells(near, pinned, held)
        matrix, preconditioner = self._pattern.csr(self._values), almost.csr(entries)
        self.factor = factorize_near(matrix, preconditioner, method=method)

    def solve(self, b: Float[Tensor, " cells"]) -> Float[Tensor, " cells"]:
        """The solution; differentiable in the right-hand side and the matrix.

        Args:
            b: right-hand side.
        """
        if not _recorded(b, self._values):
            return self.factor.solve(b)
        return sparse_solve(self._values, self._pattern, b, factor=self.factor)


def _of_cells(laplacian: LinearMap, pinned: Tensor, held: Tensor) -> tuple[SparsePattern, Tensor]:
    """The part that acts on cells, with the other sign, and something added to some of its diagonal."""
    cells, pattern = laplacian.shape[0], laplacian.pattern
    own = pattern.col < cells
    rows, cols = (torch.cat([t[own], pinned]) for t in (pattern.row, pattern.col))
    square, position = SparsePattern.of(rows, cols, cells)
    return square, square.values(torch.cat([-laplacian.values[own], held]), position)


class ViscousSystem:
    r"""Inertia and viscosity, :math:`i V u - \nu (\sum_f \pm \partial_n u |S| - R u) = b`, with the factors last used.

    Args:
        volume: ``V (cells,)``.
        laplacian: :math:`\sum_f \pm \partial_n |S|` ``(cells, cells + given)``.
        near: its two-point part.
        friction: R, of all components in turn ``(cells * dim, cells * dim)``, or none.
        method: as in ``factorize_near``.

    Example:
        >>> zero = torch.tensor([0])
        >>> one = LinearMap(zero, zero, torch.tensor([-1.0]).double(), (1, 1))
        >>> system = ViscousSystem(torch.ones(1).double(), one, one)
        >>> system.solve(1.0, torch.tensor(3.0), torch.tensor([[2.0, 4.0]])).tolist()
        [[0.5, 1.0]]
    """

    KEPT = 4
    """Factors kept: of the first step, of all others, and of these for another viscosity."""

    def __init__(
        self,
        volume: Float[Tensor, " cells"],
        laplacian: LinearMap,
        near: LinearMap,
        friction: LinearMap | None = None,
        method: str = "auto",
    ) -> None:
        self.friction = friction
        self._method, self._factors = method, dict[tuple[float, float], Factor]()
        self._full, self._near = (_Sum(volume, diffusion, friction) for diffusion in (laplacian, near))

    def solve(
        self, inertia: float, viscosity: Float[Tensor, ""], b: Float[Tensor, "cells dim"]
    ) -> Float[Tensor, "cells dim"]:
        r"""The solution; differentiable in the viscosity, the right-hand side and the matrices.

        Args:
            inertia: ``i``, one over a time.
            viscosity: :math:`\nu`.
            b: right-hand side.
        """
        factor, right = self.factor(inertia, float(viscosity.detach())), b if self.friction is None else b.reshape(-1)
        if not _recorded(viscosity, b, self._full.diffusion):
            return factor.solve(right).reshape(b.shape)
        values = self._full.values(inertia, viscosity)
        return sparse_solve(values, self._full.pattern, right, factor=factor).reshape(b.shape)

    def solve_transposed(self, inertia: float, viscosity: float, b: Tensor) -> Tensor:
        """The solution with the transposed matrix.

        Args:
            inertia: as of ``solve``.
            viscosity: as of ``solve``.
            b: right-hand side.
        """
        right = b if self.friction is None else b.reshape(-1)
        return self.factor(inertia, viscosity).solve_transposed(right).reshape(b.shape)

    def factor(self, inertia: float, viscosity: float) -> Factor:
        """The factor of the matrix.

        Args:
            inertia: as of ``solve``.
            viscosity: as of ``solve``.
        """
        key = (inertia, viscosity)
        if key not in self._factors:
            while len(self._factors) >= self.KEPT:
                del self._factors[next(iter(self._factors))]
            full, near = (part.csr(inertia, viscosity) for part in (self._full, self._near))
            self._factors[key] = factorize_near(full, near, method=self._method)
        return self._factors[key]


def _recorded(*tensors: Tensor) -> bool:
    return torch.is_grad_enabled() and any(t.requires_grad for t in tensors)


class _Sum:
    """A part that inertia multiplies, and one that viscosity multiplies, with one pattern."""

    def __init__(self, volume: Tensor, laplacian: LinearMap, friction: LinearMap | None) -> None:
        cells, own = len(volume), laplacian.pattern.col < len(volume)
        rows, cols = laplacian.pattern.row[own], laplacian.pattern.col[own]
        diffusion = -laplacian.values[own]
        if friction is not None:
            dim = friction.shape[0] // cells
            held = friction.pattern.row, friction.pattern.col
            all_axes = ((t[:, None] * dim + torch.arange(dim)).reshape(-1) for t in (rows, cols))
            rows, cols = (torch.cat(pair) for pair in zip(all_axes, held))
            diffusion = torch.cat([diffusion.repeat_interleave(dim), friction.values])
            volume = volume.repeat_interleave(dim)
        unknown = torch.arange(len(volume))
        self.pattern, position = SparsePattern.of(torch.cat([unknown, rows]), torch.cat([unknown, cols]), len(volume))
        of_mass, of_diffusion = position.split([len(unknown), len(rows)])
        self._mass, self.diffusion = self.pattern.values(volume, of_mass), self.pattern.values(diffusion, of_diffusion)

    def values(self, inertia: float, viscosity: float | Tensor) -> Tensor:
        return inertia * self._mass + viscosity * self.diffusion

    def csr(self, inertia: float, viscosity: float) -> sparse.csr_array:
        return self.pattern.csr(self.values(inertia, viscosity))
