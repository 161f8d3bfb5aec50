"""Whether a steady problem has one solution, and which of them is meant where it has many."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gno.errors import SolverError

BALANCED = 1e-10
"""What all sources and fluxes of a part leave over, relative to the sum of their sizes, that counts as nothing."""


def loose_parts(parts: Int[Tensor, " cells"], held: Bool[Tensor, " cells"]) -> Int[Tensor, " loose"]:
    """Numbers of the connected parts of a mesh where a field is known up to a constant only.

    Args:
        parts: number of the connected part in which each cell lies.
        held: whether a value on the boundary, or a reaction, holds the field in the cell.

    Example:
        >>> loose_parts(torch.tensor([0, 0, 1]), torch.tensor([True, False, False])).tolist()
        [1]
    """
    return (torch.bincount(parts[held], minlength=int(parts.max()) + 1) == 0).nonzero()[:, 0]


def refuse_loose(parts: Int[Tensor, " cells"], loose: Int[Tensor, " loose"]) -> None:
    """Refuse a problem whose solution is known up to a constant only.

    Args:
        parts: number of the connected part in which each cell lies.
        loose: the parts that nothing holds.

    Raises:
        SolverError: there is one.

    Example:
        >>> refuse_loose(torch.tensor([0, 0, 1]), torch.tensor([1]))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        gno.errors.SolverError: the solution is not unique in a part of the mesh (1 cells, the first is 2): ...
    """
    if len(loose):
        raise SolverError(
            f"the solution is not unique{_where(parts, loose[0])}: any constant can be added to it",
            why="only fluxes are given on its boundary, and there is no reaction",
            fix="give the value on a patch (Dirichlet), a positive reaction, or the mean of the solution",
        )


def refuse_unbalanced(
    right: Float[Tensor, " cells"], parts: Int[Tensor, " cells"], loose: Int[Tensor, " loose"]
) -> None:
    """Refuse sources and fluxes that no steady field can carry off.

    Args:
        right: what is made in each cell and comes in through its outer faces.
        parts: number of the connected part in which each cell lies.
        loose: the parts that nothing holds.

    Raises:
        SolverError: they do not balance in one of these.

    Example:
        >>> refuse_unbalanced(torch.tensor([1.0, -1.0]), torch.tensor([0, 0]), torch.tensor([0]))
    """
    for part in loose:
        here = right[parts == part]
        total = float(here.sum())
        if abs(total) > BALANCED * float(here.abs().sum()):
            raise SolverError(
                f"there is no steady solution{_where(parts, part)}: {abs(total):.6g} more "
                + ("is made or comes in than leaves" if total > 0 else "is used up or leaves than comes in"),
                why="only fluxes are given on its boundary, and there is no reaction",
                fix="balance source and fluxes, or give the value on a patch (Dirichlet)",
            )


def part_mean(
    u: Float[Tensor, " cells"], volume: Float[Tensor, " cells"], parts: Int[Tensor, " cells"]
) -> Float[Tensor, " cells"]:
    """Mean of a field over the connected part in which each cell lies.

    Args:
        u: the field.
        volume: of the cells.
        parts: number of the part of each.

    Example:
        >>> part_mean(torch.tensor([1.0, 4.0, 5.0]), torch.tensor([2.0, 1.0, 1.0]), torch.tensor([0, 0, 1])).tolist()
        [2.0, 2.0, 5.0]
    """
    nothing = volume.new_zeros(int(parts.max()) + 1)
    return (nothing.index_add(0, parts, volume * u) / nothing.index_add(0, parts, volume))[parts]


def _where(parts: Tensor, part: Tensor) -> str:
    cells = (parts == part).nonzero()[:, 0]
    whole = len(cells) == len(parts)
    return "" if whole else f" in a part of the mesh ({len(cells)} cells, the first is {int(cells[0])})"
