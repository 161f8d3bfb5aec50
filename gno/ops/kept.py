"""Plans kept with their edges: made when first asked for, and gone with the tensor."""

from __future__ import annotations

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from gno.ops.edge_plan import EdgePlan

_PLANS = WeakTensorKeyDictionary()


def kept_plan(edge_index: Tensor, num_sources: int, num_targets: int, *, by: str | None = None) -> EdgePlan:
    """The plan of edges, as of ``EdgePlan.build``; every later call with the same tensor returns the same plan.

    It is made anew where the tensor was written to since, and forgotten with the tensor.

    Args:
        edge_index: ``[source; target]`` ``(2, edges)``.
        num_sources: number of source nodes.
        num_targets: number of target nodes.
        by: as of ``EdgePlan.build``.

    Raises:
        DataError: an index that is out of range, or of another shape.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 1, 2], [0, 0, 1]])
        >>> kept_plan(edge_index, 3, 2) is kept_plan(edge_index, 3, 2)
        True
    """
    if edge_index.is_inference():  # such a tensor does not count the writes to it
        return EdgePlan.build(edge_index, num_sources, num_targets, by=by)
    state = (edge_index._version, edge_index.data_ptr(), edge_index.shape)
    before, plans = _PLANS.get(edge_index, (None, {}))
    if before != state:
        plans = {}
        _PLANS[edge_index] = (state, plans)
    key = (num_sources, num_targets, by)
    if key not in plans:
        plans[key] = EdgePlan.build(edge_index, num_sources, num_targets, by=by)
    return plans[key]
