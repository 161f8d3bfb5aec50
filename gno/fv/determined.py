"""Whether a steady problem has one solution."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from gno.errors import SolverError


def check_determined(parts: Int[Tensor, " cells"], held: Bool[Tensor, " cells"]) -> None:
    """Refuse a problem whose solution is known up to a constant only.

    Args:
        parts: number of the connected part in which each cell lies.
        held: whether a value on the boundary, or a reaction, holds the field in the cell.

    Raises:
        SolverError: a connected part of the mesh where nothing holds it.

    Example:
        >>> check_determined(torch.tensor([0, 0, 1]), torch.tensor([True, False, True]))
        >>> check_determined(torch.tensor([0, 0, 1]), torch.tensor([True, False, False]))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        gno.errors.SolverError: the solution is not unique in a part of the mesh (1 cells, the first is 2): ...
    """
    count = int(parts.max()) + 1
    loose = torch.bincount(parts[held], minlength=count) == 0
    if not bool(loose.any()):
        return
    cells = (parts == int(loose.int().argmax())).nonzero()[:, 0]
    where = "" if count == 1 else f" in a part of the mesh ({len(cells)} cells, the first is {int(cells[0])})"
    raise SolverError(
        f"the solution is not unique{where}: any constant can be added to it",
        why="only fluxes are given on its boundary, and there is no reaction",
        fix="give the value on a patch (Dirichlet), or a positive reaction",
    )
