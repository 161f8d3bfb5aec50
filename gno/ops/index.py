"""Edge indices: checked once, before any kernel reads them, and sorted by target."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from gno.errors import DataError


def check_index(index: Tensor, num: int, what: str = "index") -> None:
    """Refuse an index that a kernel could read out of bounds with.

    Args:
        index: integers of any shape, which must lie in ``0 .. num - 1``.
        num: number of rows that the index points into.
        what: name of the index, for the message.

    Raises:
        DataError: not ``int64``, negative, or ``num`` and more.

    Example:
        >>> check_index(torch.tensor([[0, 1], [1, 2]]), 3, "edge_index")
    """
    if index.dtype != torch.int64:
        raise DataError(f"{what} has type {index.dtype}", why="node numbers are torch.int64", fix=f"{what}.long()")
    if index.numel() == 0:
        return
    lowest, highest = (int(v) for v in torch.aminmax(index))
    if lowest < 0 or highest >= num:
        raise DataError(
            f"{what} refers to node {lowest if lowest < 0 else highest}",
            why=f"there are {num} nodes, numbered from 0",
            fix="build the edges from the same nodes as the features",
        )


def check_edges(edge_index: Tensor, device: torch.device | None = None) -> None:
    """Refuse edges of another shape, or on another device.

    Args:
        edge_index: ``[source; target]`` ``(2, edges)``.
        device: that of the values.

    Raises:
        DataError: another shape or device.

    Example:
        >>> check_edges(torch.tensor([[0, 1], [1, 2]]))
    """
    if edge_index.ndim != 2 or edge_index.shape[0] != 2:
        raise DataError(
            f"edge_index has shape {tuple(edge_index.shape)}",
            why="it is (2, edges): sources, targets",
            fix="edge_index.t() where it is (edges, 2)",
        )
    if device is not None and edge_index.device != device:
        raise DataError(f"edge_index is on {edge_index.device}, v on {device}", why="all must be on one device")


def sort_edges(source: Int[Tensor, " edges"], target: Int[Tensor, " edges"]) -> Int[Tensor, "2 unique"]:
    """Edge index ``[source; target]`` sorted by target, then by source, each pair once.

    Args:
        source: node numbers ``(edges,)`` that the edges leave.
        target: node numbers ``(edges,)`` that the edges enter.

    Example:
        >>> sort_edges(torch.tensor([2, 0, 2]), torch.tensor([1, 1, 1]))
        tensor([[0, 2],
                [1, 1]])
    """
    if source.numel() == 0:
        return torch.stack([source, target])
    width = int(source.max()) + 1
    key = torch.sort(target * width + source).values
    key = key[torch.cat([key.new_ones(1, dtype=torch.bool), key[1:] != key[:-1]])]
    return torch.stack([key % width, torch.div(key, width, rounding_mode="floor")])


def row_pointer(edge_index: Int[Tensor, "2 edges"], num: int) -> Int[Tensor, " rows"]:
    r"""Where the edges of each target begin in an edge index sorted by target, and where the last ones end.

    .. math::
        p_0 = 0, \qquad p_{i+1} = p_i + |\mathcal{N}(i)|

    With ``edge_index[0]`` this is the graph in compressed sparse rows: target ``i`` collects from
    ``edge_index[0, p[i]:p[i + 1]]``.

    Args:
        edge_index: ``[source; target]`` sorted by target, as all edges of this library are.
        num: number of targets.

    Returns:
        Places ``(num + 1,)``, on the device of the edges.

    Raises:
        DataError: targets that are not sorted, or out of range.

    Example:
        >>> row_pointer(torch.tensor([[0, 2, 1], [0, 0, 2]]), 3)
        tensor([0, 2, 2, 3])
    """
    target = edge_index[1]
    check_index(target, num, "target")
    if not (target[1:] >= target[:-1]).all():
        raise DataError("the edges are not sorted by target", fix="sort_edges(source, target)")
    pointer = target.new_zeros(num + 1)
    pointer[1:] = torch.bincount(target, minlength=num).cumsum(0)
    return pointer
