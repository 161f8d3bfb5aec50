"""The inputs of every level of a graph, as means over the finer ones."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import DataError
from gno.graph.halo import refreshed
from gno.ops.segment import segment_sum


def level_inputs(graph: Any, levels: int, channels: int) -> list[Float[Tensor, "level_nodes c"]]:
    """Inputs of each level: on a coarse one, means over the finer one, weighted by volume.

    Args:
        graph: ``gno.graph.MultilevelData`` with ``x (nodes, channels)``, or a batch of such.
        levels: that it should have.
        channels: that ``x`` should have.

    Raises:
        DataError: a graph without levels, or another number of levels or channels.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, ratio=3, num_levels=2), x=torch.ones(30, 1))
        >>> [tuple(a.shape) for a in level_inputs(graph, 2, 1)]
        [(30, 1), (10, 1)]
    """
    if not hasattr(graph, "num_levels"):
        raise DataError(
            f"the graph is of type {type(graph).__name__}",
            why="the network wants one with levels",
            fix="make it by gno.graph.multilevel_graph, or Operator.graph(mesh)",
        )
    if graph.num_levels != levels:
        raise DataError(f"the graph has {graph.num_levels} levels", why=f"the network has radii for {levels}")
    if graph.x.shape[1] != channels:
        raise DataError(f"x has {graph.x.shape[1]} channels", why=f"the network takes {channels}")
    return level_means(graph, graph.x, range(levels))


def level_means(
    graph: Any, values: Float[Tensor, "first_nodes c"], levels: range
) -> list[Float[Tensor, "level_nodes c"]]:
    """Values of a level, and on each coarser one their means over the finer one, weighted by volume.

    Args:
        graph: ``gno.graph.MultilevelData``, or a batch of such.
        values: on the first of the levels.
        levels: from that one to the coarsest that is asked for.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, ratio=3, num_levels=3))
        >>> [tuple(v.shape) for v in level_means(graph, torch.ones(10, 5), range(1, 3))]
        [(10, 5), (4, 5)]
    """
    means = [values]
    for level in levels[:-1]:
        source, target = graph[f"restrict_{level}"]
        num, q = graph[f"nodes_{level + 1}"].shape[0], graph[f"volume_{level}"].to(values.dtype)[:, None]
        total = segment_sum(q[source], target, num)
        mean = segment_sum((q * means[-1])[source], target, num) / total.clamp(min=torch.finfo(q.dtype).tiny)
        means.append(refreshed(graph, level + 1, mean))
    return means
