"""Exact Jacobians of balances, composed of one dense block for each face and side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from gno.fv.linear.pattern import SparsePattern


def local_derivatives(
    function: Callable[..., Tensor], *states: Tensor, trailing: tuple[int, ...]
) -> tuple[Tensor, ...]:
    r"""The block of every row, of a function that computes each row of its result from the same row of its arguments.

    Each row depends on its own state only, so the derivatives of a sum over rows hold those of every row:

    .. math::
        \frac{\partial f_{rc}}{\partial s_r} = \frac{\partial}{\partial s_r} \sum_q f_{qc}

    It costs one pass backward for each number of a row of the result, whatever the number of rows.

    Args:
        function: of the states; its result is ``(..., rows, out)``.
        states: ``(..., rows, *of_a_row)``.
        trailing: for each state, the number of axes that a row has.

    Returns:
        for each state ``(..., rows, out, *of_a_row)``.

    Example:
        >>> (block,) = local_derivatives(lambda u: u**2, torch.tensor([[1.0], [2.0]]), trailing=(1,))
        >>> block.tolist()
        [[[2.0]], [[4.0]]]
    """
    # A checkpoint around a solver must not count what is saved here: another run may take other steps to its solution.
    # Detached, since a result that is saved for its own derivative would hold its graph, and that the result, for ever.
    with torch.enable_grad(), saved_tensors_hooks(torch.Tensor.detach, _itself):
        leaves = [state.detach().requires_grad_() for state in states]
        result = function(*leaves)
        if not result.requires_grad:
            result = result + sum(0 * leaf.sum() for leaf in leaves)
        rows = [
            torch.autograd.grad(out.sum(), leaves, retain_graph=True, allow_unused=True, materialize_grads=True)
            for out in result.unbind(-1)
        ]
    return tuple(torch.stack(of, state.ndim - axes) for of, state, axes in zip(zip(*rows), states, trailing))


def _itself(saved: Tensor) -> Tensor:
    return saved


class Blocks(NamedTuple):
    """Derivatives of what a face or a cell does, by the values and by the gradients on its sides.

    Those by values are ``(*samples, rows, components, components)``, those by gradients have ``dim`` as a last axis.
    """

    of_owner: tuple[Tensor, Tensor]
    of_neighbor: tuple[Tensor, Tensor]
    of_border: tuple[Tensor, Tensor]
    of_source: tuple[Tensor, Tensor]


class Layout(NamedTuple):
    """Where blocks go: the entry of each among pairs of cells, and the order of their values among unknowns."""

    cells: SparsePattern
    position: Tensor
    unknowns: SparsePattern
    order: Tensor


@dataclass(frozen=True, eq=False)
class Assembly:
    """Composes blocks to a sparse Jacobian; where each goes is found once.

    Args:
        inside: owner of each inner face.
        neighbor: its neighbor.
        border: owner of each outer face.
        num_cells: number of cells.
        components: unknowns of a cell; unknown ``c`` of cell ``i`` has number ``i * components + c``.
        stencil: the cells whose values the gradient of each cell takes.
    """

    inside: Int[Tensor, " inner"]
    neighbor: Int[Tensor, " inner"]
    border: Int[Tensor, " outer"]
    num_cells: int
    components: int
    stencil: SparsePattern | None

    @cached_property
    def near(self) -> Layout:
        """Pairs of cells with a face between them."""
        return self._layout(*self._direct)

    @cached_property
    def far(self) -> Layout:
        """The same, and those whose values come in by way of gradients."""
        stencil, (rows, cols) = self._stencil, self._direct
        (seen_by_p, of_n), (seen_by_n, of_p) = self._across
        rows = torch.cat([rows, stencil.row, self.inside[seen_by_p], self.neighbor[seen_by_n]])
        return self._layout(rows, torch.cat([cols, stencil.col, stencil.col[of_n], stencil.col[of_p]]))

    def direct(self, blocks: Blocks) -> tuple[Float[Tensor, "*samples entries"], SparsePattern]:
        """Entries and pattern of the Jacobian with the gradients held fixed."""
        return self._compose(self.near, self._by_value(blocks))

    def full(
        self,
        blocks: Blocks,
        coefficient: Float[Tensor, "_stencil _components dim"],
        of_state: Float[Tensor, "*samples cells values components"] | None = None,
    ) -> tuple[Float[Tensor, "*samples entries"], SparsePattern]:
        r"""Entries and pattern of the Jacobian, with :math:`\partial R / \partial G \cdot \partial G / \partial U`.

        Args:
            blocks: derivatives of what faces and cells do.
            coefficient: of the gradients, on their stencil.
            of_state: derivatives of the values that the gradients are taken of; without it those are the state.
        """
        coefficient = coefficient.expand(-1, blocks.of_owner[1].shape[-2], -1)
        p, n = blocks.of_owner[1], blocks.of_neighbor[1]
        own = -blocks.of_source[1]
        own = own.index_add(-4, self.inside, p).index_add(-4, self.neighbor, -n)
        own = own.index_add(-4, self.border, blocks.of_border[1])

        def through(slope: Tensor, which: Tensor, entry: Tensor) -> Tensor:
            by_value = torch.einsum("...eocd,ecd->...eoc", slope.index_select(-4, which), coefficient[entry])
            return by_value if of_state is None else by_value @ of_state.index_select(-3, self._stencil.col[entry])

        every = torch.arange(len(coefficient), device=coefficient.device)
        seen_by_p, seen_by_n = self._across
        by_slope = [through(own, self._stencil.row, every), through(n, *seen_by_p), through(-p, *seen_by_n)]
        return self._compose(self.far, self._by_value(blocks) + by_slope)

    @property
    def _stencil(self) -> SparsePattern:
        if self.stencil is None:
            raise NotImplementedError("a balance without a stencil has no gradients")
        return self.stencil

    @property
    def _direct(self) -> tuple[Tensor, Tensor]:
        p, n, b, cell = self.inside, self.neighbor, self.border, torch.arange(self.num_cells, device=self.inside.device)
        return torch.cat([p, p, n, n, b, cell]), torch.cat([p, n, p, n, b, cell])

    @staticmethod
    def _by_value(blocks: Blocks) -> list[Tensor]:
        p, n = blocks.of_owner[0], blocks.of_neighbor[0]
        return [p, n, -p, -n, blocks.of_border[0], -blocks.of_source[0]]

    @cached_property
    def _across(self) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Entries of the gradient across each inner face, seen by its owner, and by its neighbor: face and entry."""
        return self._stencil.of_rows(self.neighbor), self._stencil.of_rows(self.inside)

    def _layout(self, rows: Tensor, cols: Tensor) -> Layout:
        cells, position = SparsePattern.of(rows, cols, self.num_cells)
        return Layout(cells, position, *cells.blocks(self.components))

    @staticmethod
    def _compose(layout: Layout, blocks: list[Tensor]) -> tuple[Tensor, SparsePattern]:
        summed = layout.cells.values(torch.cat(blocks, dim=-3), layout.position, dim=-3)
        return summed.flatten(-3)[..., layout.order], layout.unknowns
