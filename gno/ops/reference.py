"""The kernel contraction as it is defined, a matrix an edge: what every other way of computing it is held equal to."""

from __future__ import annotations

import torch
from torch import Tensor

from gno.ops.edge_plan import EdgePlan
from gno.ops.features import Features


def contract_reference(
    features: Features, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan
) -> Tensor:
    r"""The contraction by the matrices :math:`\kappa` of all edges, formed, applied, and their products summed.

    Source: Gilmer et al. 2017, arXiv 1704.01212, and PyG's ``NNConv``. Cost: ``E h c_in c_out`` products and a
    matrix an edge to remember, so for checks and comparisons only.

    Args:
        features: of the slots, or of the edges.
        share: weight of each slot, 0 for padding.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: layout of the slots.

    Example:
        >>> plan = EdgePlan.build(torch.tensor([[0, 1], [1, 1]]), 2, 2)
        >>> one = torch.ones(2, 1)
        >>> contract_reference(Features(one), one, torch.tensor([[2.0], [3.0]]), torch.ones(1, 1, 1), None, plan)
        tensor([[0.],
                [5.]])
    """
    source, target = plan.ends
    kappa = torch.einsum("sk,kio->sio", features.weighted(plan, share), weight)
    if bias is not None:
        kappa = kappa + share[:, :, None] * bias
    messages = torch.einsum("si,sio->so", v.index_select(0, source), kappa)
    return messages.new_zeros(plan.num_targets, weight.shape[2]).index_add(0, target, messages)
