"""A graph shared by processes: each has its own nodes, and a halo of others whose values it is sent."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gno.errors import DataError
from gno.graph.multilevel import MultilevelData

_STEPS = {"intra": (0, 0), "restrict": (0, 1), "prolong": (1, 0)}
"""From which level to which the edges of a name go, counted from their number."""


class Halo(NamedTuple):
    """What one process sends and receives of the nodes of a level.

    Args:
        send: rows ``(sent,)`` that others need, process by process.
        sent: how many each process needs.
        receive: rows ``(received,)`` of the halo, process by process.
        received: how many come from each process.
    """

    send: Int[Tensor, " sent"]
    sent: list[int]
    receive: Int[Tensor, " received"]
    received: list[int]

    def __call__(self, v: Float[Tensor, "nodes c"]) -> Float[Tensor, "nodes c"]:
        """The values with those of the halo as their owners have them; all processes must come here.

        Args:
            v: values at own nodes and halo.
        """
        result: Tensor = _Refreshed.apply(v, self)
        return result


def halo_of(graph: Any, level: int) -> Halo | None:
    """The halo of a level; ``None`` of a graph that is not shared.

    Args:
        graph: any.
        level: counted from 0.
    """
    if torch.compiler.is_compiling() or "halo" not in graph:
        return None
    halo: Halo = graph.halo[level]
    return halo


def refreshed(graph: Any, level: int, v: Float[Tensor, "nodes c"]) -> Float[Tensor, "nodes c"]:
    """The values of a level with those of the halo as their owners have them; as they are where there is no halo.

    Args:
        graph: whole, or a part.
        level: counted from 0.
        v: values at the nodes of the level.
    """
    halo = halo_of(graph, level)
    return v if halo is None else halo(v)


class _Refreshed(torch.autograd.Function):
    """The gradient goes the way back: what the halo gets is sent to the owners and added up there."""

    @staticmethod
    def forward(ctx: Any, v: Tensor, halo: Halo) -> Tensor:
        ctx.halo = halo
        result = v.clone()
        result[halo.receive] = _swapped(v[halo.send], halo.sent, halo.received)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        halo, own = ctx.halo, gradients[0].clone()
        back = _swapped(own[halo.receive], halo.received, halo.sent)
        own[halo.receive] = 0.0
        return own.index_add_(0, halo.send, back), None


def part_of(graph: MultilevelData, owner: Int[Tensor, " nodes"], rank: int, size: int) -> MultilevelData:
    """The part of a graph that one process computes: its nodes, first, then the halo.

    Edges are those that end at own nodes. Every process makes its part of the same graph; nothing is sent.

    Args:
        graph: the whole graph.
        owner: process of each node.
        rank: of this process.
        size: number of processes.

    Returns:
        A graph of fewer nodes with ``halo``, a ``Halo`` for each level, and ``own (own_nodes,)``, the numbers of the
        own nodes in the whole graph.

    Raises:
        DataError: not one owner a node, or one that is no process.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> x = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(x, Hierarchy.build(x, spacing=(0.5,)))
        >>> part = part_of(graph, (x[:, 0] > 0.5).long(), 0, 2)
        >>> len(part.own) == int((x[:, 0] <= 0.5).sum()), len(part.halo)
        (True, 2)
    """
    if owner.shape != (graph.num_nodes,) or bool(((owner < 0) | (owner >= size)).any()):
        raise DataError(f"owners of shape {tuple(owner.shape)}", why=f"{graph.num_nodes} nodes, {size} processes")
    levels = range(graph.num_levels)
    owners = [owner[graph[f"nodes_{level}"]] for level in levels]
    needed = [[_needed(graph, owners, level, p) for p in range(size)] for level in levels]
    # A node that is in the halo of a coarse level has its place and inputs on level 0.
    for p in range(size):
        for level in levels[1:]:
            needed[0][p][graph[f"nodes_{level}"][needed[level][p]]] = True
        needed[0][p] &= owners[0] != p
    rows = [_rows(owners[level], needed[level][rank], rank) for level in levels]
    local = [_numbered(rows[level], len(owners[level])) for level in levels]
    part = _cut(graph, rows, local, [int((nodes == rank).sum()) for nodes in owners])
    part.halo = [_halo(owners[level], needed[level], local[level], rank) for level in levels]
    part.own = rows[0][: int((owner == rank).sum())]
    return part


class _Gathered(torch.autograd.Function):
    """Every process goes on with the same values to the same loss: each takes the gradient of its own rows."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, nodes: Tensor, number: int) -> Tensor:
        ctx.nodes = nodes
        whole = own.new_zeros(number, *own.shape[1:])
        whole[nodes] = own
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return gradients[0][ctx.nodes], None, None


def gathered(own: Float[Tensor, "own c"], nodes: Int[Tensor, " own"], number: int) -> Float[Tensor, "nodes c"]:
    """The values of all nodes, on every process; the loss made of them must be the same everywhere.

    Args:
        own: values at the own nodes.
        nodes: numbers of these in the whole graph.
        number: of all nodes.
    """
    result: Tensor = _Gathered.apply(own, nodes, number)
    return result


def _needed(graph: MultilevelData, owners: list[Tensor], level: int, p: int) -> Bool[Tensor, " nodes"]:
    """Nodes of a level that edges to the nodes of a process come from, and that are not its own."""
    found = torch.zeros(len(owners[level]), dtype=torch.bool)
    for key in graph.keys():  # noqa: SIM118
        ends = _ends(key)
        if ends is not None and ends[0] == level:
            source, target = graph[key]
            found[source[owners[ends[1]][target] == p]] = True
    return found & (owners[level] != p)


def _rows(owner: Tensor, needed: Tensor, rank: int) -> Tensor:
    """Own nodes in their order, then the halo, process by process."""
    halo = torch.nonzero(needed)[:, 0]
    return torch.cat([torch.nonzero(owner == rank)[:, 0], halo[torch.argsort(owner[halo], stable=True)]])


def _numbered(rows: Tensor, number: int) -> Tensor:
    """Row of each node here; -1 of those that are not here."""
    local = torch.full((number,), -1)
    local[rows] = torch.arange(len(rows))
    return local


def _halo(owner: Tensor, needed: list[Tensor], local: Tensor, rank: int) -> Halo:
    others = range(len(needed))
    send = [torch.nonzero(needed[p] & (owner == rank))[:, 0] for p in others]
    receive = [torch.nonzero(needed[rank] & (owner == p))[:, 0] for p in others]
    sizes = [len(nodes) for nodes in send], [len(nodes) for nodes in receive]
    return Halo(local[torch.cat(send)], sizes[0], local[torch.cat(receive)], sizes[1])


def _cut(graph: MultilevelData, rows: list[Tensor], local: list[Tensor], own: list[int]) -> MultilevelData:
    part, nodes = copy.copy(graph), graph.num_nodes
    for key, value in graph.to_dict().items():
        ends = _ends(key)
        name, _, level = key.rpartition("_")
        if ends is not None:
            here = torch.stack([local[end][row] for end, row in zip(ends, value)])
            part[key] = here[:, (here[1] >= 0) & (here[1] < own[ends[1]])]
        elif name in ("nodes", "volume") and level.isdecimal():
            values = value[rows[int(level)]]
            part[key] = local[0][values] if name == "nodes" else values
        elif isinstance(value, Tensor) and value.shape[:1] == (nodes,):
            part[key] = value[rows[0]]
    return part


def _ends(key: str) -> tuple[int, int] | None:
    """Levels of the sources and of the targets of edges; ``None`` for anything else."""
    name, _, level = key.rpartition("_")
    if key == "edge_index":
        return 0, 0
    if name not in _STEPS or not level.isdecimal():
        return None
    source, target = _STEPS[name]
    return int(level) + source, int(level) + target


def _swapped(rows: Tensor, sent: list[int], received: list[int]) -> Tensor:
    result = rows.new_empty(sum(received), *rows.shape[1:])
    dist.all_to_all_single(result, rows.contiguous(), received, sent)
    return result
