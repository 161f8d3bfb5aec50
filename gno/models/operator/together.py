"""One mesh computed by several processes, each of which has its part of the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.graph.halo import gathered, part_of
from gno.graph.parts import partition

if TYPE_CHECKING:
    from gno.graph.multilevel import MultilevelData
    from gno.models.operator.operator import Operator


def own_part(operator: Operator, graph: MultilevelData) -> MultilevelData:
    """The part of a graph that this process computes, as of ``gno.graph.part_of``.

    Args:
        operator: whose network is to take it.
        graph: the same on every process.

    Raises:
        ConfigError: a network that does not bring the values of halos.
    """
    if not getattr(operator.network, "brings_halos", False):
        raise ConfigError(
            f"{type(operator.network).__name__} on a mesh that processes share",
            why="it does not ask others for the values next to its part",
            fix="use MGKN, GKN or MeshGraphNet",
        )
    edges = graph.edge_index if "edge_index" in graph else graph.intra_0
    size = dist.get_world_size()
    owner = partition(graph.pos.numpy(), size, edges=edges)
    return part_of(graph, torch.from_numpy(owner), dist.get_rank(), size)


def encoded_together(operator: Operator, part: Any, number: int) -> Float[Tensor, "nodes c_out"]:
    """Encoded targets at all nodes, each computed by the process that has it; equal on all processes.

    The gradient of one loss on all processes is, in each, the part of it that came through its own nodes: added up over
    the processes, it is the gradient on the whole mesh.

    Args:
        operator: with the same weights everywhere.
        part: of this process, from ``own_part``, on the device of the operator.
        number: of nodes of the whole graph.
    """
    return gathered(operator(part)[: len(part.own)], part.own, number)
