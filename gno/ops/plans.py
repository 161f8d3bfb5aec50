"""The plan of edges: kept with them, or, where a compiler watches, one that symbols can describe."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from gno.ops.cost import cheaper_end
from gno.ops.edge_plan import EdgePlan
from gno.ops.kept import kept_plan
from gno.ops.traced import TracedPlan, one_bucket

Plan = EdgePlan | TracedPlan
"""What the contraction takes as a plan."""


def edge_plan(
    edge_index: Int[Tensor, "2 edges"], num_sources: int, num_targets: int, *, shape: Sequence[int] | None = None
) -> Plan:
    """The plan of edges: one for every layer and iteration on them.

    It is kept with the tensor ``edge_index`` as long as that lives and is not written to. In a function that
    ``torch.compile`` or ``torch.export`` traces, the plan is made when the compiled function runs.

    Args:
        edge_index: ``[source; target]`` ``(2, edges)``.
        num_sources: number of source nodes.
        num_targets: number of target nodes.
        shape: ``(h, c_in, c_out)`` of the matrices of the contraction, to group the edges by the cheaper end; without
            it by the end with fewer nodes.

    Raises:
        DataError: an index that is out of range, or of another shape.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 2], [0, 0, 1]])
        >>> edge_plan(edge_index, 3, 2) is edge_plan(edge_index, 3, 2)
        True
    """
    if not torch.compiler.is_compiling():
        by = None if shape is None else cheaper_end(edge_index.shape[1], (num_sources, num_targets), shape)
        return kept_plan(edge_index, num_sources, num_targets, by=by)
    if torch.compiler.is_dynamo_compiling():
        return TracedPlan(edge_index, num_sources, num_targets)
    return one_bucket(edge_index, num_sources, num_targets)
