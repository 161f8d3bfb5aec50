"""The kernel contraction in plain differentiable operations: quickest while small, and differentiable again."""

from __future__ import annotations

import torch
from torch import Tensor

from gno.ops.edge_plan import EdgePlan
from gno.ops.features import check_width
from gno.ops.precision import sum_type


def contract_plain(
    hidden: Tensor, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan
) -> Tensor:
    """The contraction of features that lie in the slots of a plan, times the weight of their slot.

    Args:
        hidden: features of each slot, times ``share``.
        share: weight of each slot, 0 for padding.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: layout of the slots.
    """
    check_width(hidden, weight)
    if plan.by == "source":
        return _project_first(hidden, share, v, weight, bias, plan)
    return _aggregate_first(hidden, share, v, weight, bias, plan)


def _aggregate_first(
    hidden: Tensor, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan
) -> Tensor:
    near = v.index_select(0, plan.far)
    S = [(h.mT @ u).flatten(1) for h, u in zip(_views(hidden, plan), _views(near, plan))]
    rows = _cat(S, v, weight[..., 0].numel()) @ weight.flatten(0, 1)
    if bias is not None:
        s = [(w.mT @ u).squeeze(1) for w, u in zip(_views(share, plan), _views(near, plan))]
        rows = rows + _cat(s, v, v.shape[1]) @ bias
    return rows.new_zeros(plan.num_targets, weight.shape[2]).index_copy(0, plan.node, rows)


def _project_first(
    hidden: Tensor, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan
) -> Tensor:
    h, c_in, c_out = weight.shape
    near = v.index_select(0, plan.node)
    projected = (near @ weight.transpose(0, 1).reshape(c_in, h * c_out)).view(-1, h, c_out)
    rows = projected.split([n for n, _ in plan.buckets])
    messages = _cat([(a @ p).flatten(0, 1) for a, p in zip(_views(hidden, plan), rows)], v, c_out)
    if bias is not None:
        plain = (near @ bias).unsqueeze(1).split([n for n, _ in plan.buckets])
        messages = messages + _cat([(w * p).flatten(0, 1) for w, p in zip(_views(share, plan), plain)], v, c_out)
    wide = messages.to(sum_type(messages.dtype))
    return wide.new_zeros(plan.num_targets, c_out).index_add(0, plan.far, wide).to(projected.dtype)


def _views(values: Tensor, plan: EdgePlan) -> list[Tensor]:
    """Each bucket's rows as ``(rows, slots per row, channels)``."""
    parts = values.split([n * d for n, d in plan.buckets])
    return [part.view(n, d, values.shape[1]) for part, (n, d) in zip(parts, plan.buckets)]


def _cat(parts: list[Tensor], like: Tensor, width: int) -> Tensor:
    return torch.cat(parts) if parts else like.new_zeros(0, width)
