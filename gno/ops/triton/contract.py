"""The kernel contraction in Triton: forward, backward, and the second derivative in plain operations."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gno.ops.edge_plan import EdgePlan
from gno.ops.features import Features
from gno.ops.precision import autocast_type
from gno.ops.streamed import Layout, plain_backward
from gno.ops.triton.backward import Backward
from gno.ops.triton.sweep import Sweep


def contract_triton(
    features: Features, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan
) -> Tensor:
    """The contraction on a GPU, in memory that does not grow with the number of edges; equal to the plain one.

    Hidden features are read where they are at hand; those of a network of one or two layers are made in registers. A
    larger network is evaluated by torch, a tile of slots at a time, and so is every network in backward, for its own
    gradient. ``S W`` of a group of rows is one product of matrices by torch. A second derivative goes through the
    plain contraction.

    Args:
        features: of the slots.
        share: weight of each slot.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: layout of the slots.
    """
    layout = Layout(plan, features.edge, features.kernel, None)
    tensors: tuple[Tensor | None, ...] = (features.values, share, v, weight, bias)
    kind = autocast_type(v)
    if kind is not None:
        tensors = tuple(None if t is None else t.to(kind) for t in tensors)
    with torch.autocast(v.device.type, enabled=False):
        return _Contraction.apply(layout, *tensors, *features.parameters)


class _Contraction(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, layout: Layout, *tensors: Any) -> Tensor:
        ctx.layout = layout
        ctx.save_for_backward(*tensors)
        values, share, v, weight, bias, *_ = tensors
        sweep = Sweep.of(layout.plan, layout.features(values), share, weight, bias)
        return sweep.gather(v) if layout.plan.by == "target" else sweep.scatter(v)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        (gradient,) = gradients
        needed = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled():
            return None, *plain_backward(ctx.layout, ctx.saved_tensors, needed, gradient)
        values, share, v, weight, bias, *_ = ctx.saved_tensors
        with torch.autocast(v.device.type, enabled=False):
            sweep = Sweep.of(ctx.layout.plan, ctx.layout.features(values), share, weight, bias)
            x, y = (v, gradient) if ctx.layout.plan.by == "target" else (gradient, v)
            return None, *Backward(sweep, x, y, needed).run()
