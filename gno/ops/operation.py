"""The kernel contraction as one operation of torch, ``gno::contract``, which compilers take as it is.

It makes its plan when it runs and goes tile by tile, forward and backward; a second derivative is not defined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gno.ops.cost import cheaper_end
from gno.ops.edge_plan import EdgePlan
from gno.ops.features import Features
from gno.ops.kept import kept_plan
from gno.ops.streamed import stream, stream_gradients


def _laid_out(
    hidden: Tensor, share: Tensor, v: Tensor, weight: Tensor, edge_index: Tensor, num: int
) -> tuple[Features, Tensor, EdgePlan]:
    """Features, weights of the slots, and the plan, of edges whose sizes are numbers by now."""
    end = cheaper_end(edge_index.shape[1], (len(v), num), weight.shape)
    plan = kept_plan(edge_index, len(v), num, by=end)
    return Features(hidden, plan.edge), plan.slot_weight(share[:, 0], v), plan


@torch.library.custom_op(
    "gno::contract",
    mutates_args=(),
    schema="(Tensor hidden, Tensor share, Tensor v, Tensor weight, Tensor? bias, Tensor edge_index, SymInt num)"
    " -> Tensor",
)
def contract_operation(
    hidden: Tensor, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, edge_index: Tensor, num: int
) -> Tensor:
    """The contraction of features of the edges.

    Args:
        hidden: features of each edge.
        share: weight ``(edges, 1)`` of each edge.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        edge_index: ``[source; target]``.
        num: number of targets.
    """
    features, slots, plan = _laid_out(hidden, share, v, weight, edge_index, num)
    return stream(features, slots, v, weight, bias, plan)


@contract_operation.register_fake
def _(_hidden: Tensor, _share: Tensor, v: Tensor, weight: Tensor, _bias: Any, _edge_index: Tensor, num: int) -> Tensor:
    return v.new_empty(num, weight.shape[2])


@torch.library.custom_op(
    "gno::contract_backward",
    mutates_args=(),
    schema="(Tensor gradient, Tensor hidden, Tensor share, Tensor v, Tensor weight, Tensor? bias, Tensor edge_index,"
    " bool[] needed) -> Tensor[]",
)
def _contract_backward(
    gradient: Tensor,
    hidden: Tensor,
    share: Tensor,
    v: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    edge_index: Tensor,
    needed: Sequence[bool],
) -> list[Tensor]:
    features, slots, plan = _laid_out(hidden, share, v, weight, edge_index, len(gradient))
    parts = list(stream_gradients(features, slots, v, weight, bias, plan, gradient.contiguous(), needed))
    if parts[1] is not None:
        by_slot = parts[1] * plan.real[:, None]
        parts[1] = torch.zeros_like(share).index_add_(0, plan.edge, by_slot)
    inputs = (hidden, share, v, weight, bias)
    return [part.to(t.dtype).contiguous() for part, t in zip(parts, inputs) if part is not None and t is not None]


@_contract_backward.register_fake
def _(_gradient: Tensor, *arguments: Any) -> list[Tensor]:
    *inputs, _edge_index, needed = arguments
    return [t.new_empty(t.shape) for t, n in zip(inputs, needed) if n and t is not None]


def _save(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG001
    ctx.save_for_backward(*inputs[:6])


def _gradients(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    needed = [bool(n) for n in ctx.needs_input_grad[:5]]
    parts = iter(_contract_backward(gradient, *ctx.saved_tensors, needed))
    return *(next(parts) if n else None for n in needed), None, None


contract_operation.register_autograd(_gradients, setup_context=_save)
