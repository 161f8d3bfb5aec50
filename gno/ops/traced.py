"""The kernel contraction where a compiler watches: numbers of nodes and edges are symbols, so no buckets can be made.

``torch.compile`` sees one operation, ``gno::contract``, which makes its plan when it runs and goes tile by tile forward
and backward. ``torch.export`` sees a plan of one bucket in operations of torch alone, as its program has to run where
this library is not installed; the width of the bucket, the greatest degree, is found when the program runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.ops.edge_plan import EdgePlan
from gno.ops.operation import contract_operation
from gno.ops.precision import autocast_type


@dataclass(frozen=True, eq=False)
class TracedPlan:
    """What stands for an edge plan in a function that is compiled: the edges themselves, one slot each.

    Args:
        edge_index: ``[source; target]``.
        num_sources: number of source nodes.
        num_targets: number of target nodes.
    """

    edge_index: Int[Tensor, "2 edges"]
    num_sources: int
    num_targets: int

    @property
    def num_edges(self) -> int:
        """Number of edges."""
        return self.edge_index.shape[1]

    def weighted(self, hidden: Float[Tensor, "edges h"], _share: Float[Tensor, "edges 1"]) -> Float[Tensor, "edges h"]:
        """The features as they are: the operation lays them out and weighs them itself."""
        return hidden

    def slot_weight(
        self, weight: Float[Tensor, " edges"] | None, like: Float[Tensor, "..."]
    ) -> Float[Tensor, "edges 1"]:
        """Weight of each edge, 1 without ``weight``."""
        if weight is None:
            return like.new_ones(self.edge_index.shape[1], 1)
        return weight[:, None]


def one_bucket(edge_index: Tensor, num_sources: int, num_targets: int) -> EdgePlan:
    """A plan by target whose only bucket has as many slots a row as the greatest degree; every node is a row.

    Args:
        edge_index: ``[source; target]``.
        num_sources: number of source nodes.
        num_targets: number of target nodes.
    """
    source, target = edge_index[0], edge_index[1]
    order = torch.argsort(target, stable=True)
    target = target[order]
    degree = torch.zeros(num_targets, dtype=torch.int64, device=target.device).index_add(
        0, target, torch.ones_like(target)
    )
    width: Any = degree.max().item()  # a symbol
    torch._check(width >= 0)
    first = degree.cumsum(0) - degree
    slot = target * width + torch.arange(target.shape[0], device=target.device) - first[target]
    edge = torch.zeros(num_targets * width, dtype=torch.int64, device=target.device).index_copy(0, slot, order)
    real = torch.zeros_like(edge).index_copy(0, slot, torch.ones_like(order)) > 0
    node = torch.arange(num_targets, device=target.device)
    sizes = (num_sources, num_targets, edge_index.shape[1])
    return EdgePlan("target", *sizes, node, edge, source[edge], real, ((num_targets, width),))


def contract_traced(
    hidden: Tensor, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: TracedPlan
) -> Tensor:
    """The contraction as one operation of the compiled graph.

    Args:
        hidden: features of each edge.
        share: weight of each edge.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: the edges.
    """
    # A compiler casts what goes into operations of torch, but not into ours.
    kind = autocast_type(v) or v.dtype
    hidden, share, v, weight = (t.to(kind) for t in (hidden, share, v, weight))
    bias = None if bias is None else bias.to(kind)
    return contract_operation(hidden, share, v, weight, bias, plan.edge_index, plan.num_targets)
