"""Where a sparse matrix has entries, and what can be done with values that stand there."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor


@dataclass(frozen=True, eq=False)
class SparsePattern:
    """Entries of a square sparse matrix, sorted by row and then by column, each once.

    Args:
        row: row of each entry ``(entries,)``.
        col: its column.
        start: ``(n + 1,)``: entries ``start[i]`` to ``start[i + 1]`` are those of row i.

    Example:
        >>> pattern, position = SparsePattern.of(torch.tensor([1, 0, 1]), torch.tensor([0, 0, 0]), 2)
        >>> pattern.row.tolist(), pattern.col.tolist(), position.tolist()
        ([0, 1], [0, 0], [1, 0, 1])
        >>> pattern.values(torch.tensor([1.0, 2.0, 3.0]), position).tolist()
        [2.0, 4.0]
    """

    row: Int[Tensor, " entries"]
    col: Int[Tensor, " entries"]
    start: Int[Tensor, " n_plus_one"]

    @classmethod
    def of(
        cls, rows: Int[Tensor, " pairs"], cols: Int[Tensor, " pairs"], n: int
    ) -> tuple[SparsePattern, Int[Tensor, " pairs"]]:
        """The pattern of pairs that may repeat, and the entry of each pair.

        Args:
            rows: row of each pair.
            cols: column of each pair.
            n: number of rows, and of columns.
        """
        key, position = torch.unique(rows * n + cols, return_inverse=True)
        row = key // n
        start = torch.searchsorted(row, torch.arange(n + 1, device=row.device))
        return cls(row, key % n, start), position

    @property
    def n(self) -> int:
        """Number of rows, and of columns."""
        return len(self.start) - 1

    def find(self, rows: Int[Tensor, " pairs"], cols: Int[Tensor, " pairs"]) -> Int[Tensor, " pairs"]:
        """The entry of each pair; all of them must be in the pattern."""
        return torch.searchsorted(self.row * self.n + self.col, rows * self.n + cols)

    def of_rows(self, rows: Int[Tensor, " m"]) -> tuple[Int[Tensor, " k"], Int[Tensor, " k"]]:
        """All entries of each of some rows: which of the rows, and the entry."""
        count = (self.start[1:] - self.start[:-1])[rows]
        which = torch.repeat_interleave(count)
        first = self.start[rows] - (count.cumsum(0) - count)
        return which, first[which] + torch.arange(len(which), device=which.device)

    def values(
        self, contributions: Float[Tensor, "..."], position: Int[Tensor, " pairs"], dim: int = -1
    ) -> Float[Tensor, "..."]:
        """Sums of the contributions to each entry, along one axis."""
        shape = list(contributions.shape)
        shape[dim] = len(self.row)
        return contributions.new_zeros(shape).index_add(dim, position, contributions)

    def multiply(
        self, values: Float[Tensor, " entries"], x: Float[Tensor, " n"], *, transposed: bool = False
    ) -> Tensor:
        """The matrix, or its transpose, times a vector."""
        to, of = (self.col, self.row) if transposed else (self.row, self.col)
        return torch.zeros_like(x).index_add(0, to, values * x[of])

    def csr(self, values: Float[Tensor, " entries"]) -> sparse.csr_array:
        """The matrix as SciPy has it."""
        data, col, start = (t.detach().cpu().numpy() for t in (values.double(), self.col.int(), self.start.int()))
        return sparse.csr_array((data, col, start), shape=(self.n, self.n))

    def blocks(self, size: int) -> tuple[SparsePattern, Int[Tensor, " all"]]:
        """The pattern in which every entry is a dense block.

        Args:
            size: rows, and columns, of a block.

        Returns:
            the pattern, and for each of its entries the number of its value among ``(entries, size, size)``.
        """
        inside = torch.arange(size, device=self.row.device)
        rows = (self.row[:, None, None] * size + inside[:, None]).expand(-1, size, size)
        cols = (self.col[:, None, None] * size + inside).expand(-1, size, size)
        pattern, position = SparsePattern.of(rows.reshape(-1), cols.reshape(-1), self.n * size)
        return pattern, torch.argsort(position)

    def repeat(self, times: int) -> SparsePattern:
        """The pattern of a block diagonal matrix with this pattern in every block."""
        shift = torch.arange(times, device=self.row.device)[:, None]
        row, col = ((t + self.n * shift).reshape(-1) for t in (self.row, self.col))
        start = (self.start[:-1] + len(self.row) * shift).reshape(-1)
        return SparsePattern(row, col, torch.cat([start, start.new_tensor([len(row)])]))
