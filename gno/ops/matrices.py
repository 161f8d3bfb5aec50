"""Kernel matrices of edges, formed once and applied many times: quickest for iterations on few edges a node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gno.ops.edge_plan import EdgePlan
from gno.ops.features import Features
from gno.ops.tiles import group_rows


class _Ends(NamedTuple):
    """Source and target of each edge, and numbers of both."""

    source: Tensor
    target: Tensor
    num_sources: int
    num_targets: int


@dataclass(eq=False)
class KernelMatrices:
    r"""A matrix for each edge, with its weight.

    .. math::
        v'_i = \sum_j \kappa_{ij} v_j, \qquad \kappa_{ij} = w_{ij} \big(\sum_k h_{ijk} W_k + B\big)

    Cost: ``E h c_in c_out`` products to form, ``E c_in c_out`` numbers to keep, and to read at each application. The
    gradient by the matrices is never stored: it is a sum over the applications of outer products of what went in and
    the gradient of what came out, made a tile of edges at a time when all of them are known. That takes an application
    to be among the ``times`` that were announced; any further one, and a second derivative, stores a gradient as large
    as the matrices.

    Args:
        values: the matrices.
        weight: ``W`` that they were formed from.
        ends: of the edges.
        tapes: for each application to come, what takes its input and its gradient back to where the matrices were
            formed.

    Example:
        >>> plan, one = EdgePlan.build(torch.tensor([[0, 1], [1, 1]]), 2, 2), torch.ones(2, 1)
        >>> kernel_matrices(Features(one), one, torch.ones(1, 1, 1), None, plan).apply(torch.tensor([[2.0], [3.0]]))
        tensor([[0.],
                [5.]])
    """

    values: Float[Tensor, "edges c_in c_out"]
    weight: Float[Tensor, "h c_in c_out"]
    ends: _Ends
    tapes: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def apply(self, v: Float[Tensor, "sources c_in"]) -> Float[Tensor, "targets c_out"]:
        """The sum over the edges of each target of a matrix times the values at the source.

        Args:
            v: values at the sources.
        """
        tapes = self.tapes.pop() if self.tapes else ()
        return _Apply.apply(self.ends, self.values, v.to(self.values.dtype), *tapes)


def kernel_matrices(
    features: Features, share: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan, *, times: int = 1
) -> KernelMatrices:
    """Form the matrices of the edges of a plan.

    Args:
        features: of the slots, or of the edges.
        share: weight of each slot, 0 for padding.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: layout of the slots.
        times: how often the matrices will be applied.
    """
    hidden, W = features.weighted(plan, share), weight
    if bias is not None:
        hidden, W = torch.cat([hidden, share], 1), torch.cat([weight, bias[None]])
    slots = plan.real.nonzero().flatten()
    source, target = (end.index_select(0, slots) for end in plan.ends)
    ends = _Ends(source, target, plan.num_sources, plan.num_targets)
    times = times if torch.is_grad_enabled() else 0
    values, *tapes = _Form.apply(ends, times, *_cast(hidden.index_select(0, slots), W))
    return KernelMatrices(values, weight, ends, list(zip(tapes[::2], tapes[1::2])))


def contract_cached(
    features: Features, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan
) -> Tensor:
    """The contraction by matrices formed for it alone.

    Args:
        features: of the slots, or of the edges.
        share: weight of each slot, 0 for padding.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: layout of the slots.
    """
    return kernel_matrices(features, share, weight, bias, plan).apply(v)


def _cast(*tensors: Tensor) -> list[Tensor]:
    """Under autocast what it would compute in: outside of it, as in backward, products take one type alone."""
    device = tensors[0].device.type
    if not torch.is_autocast_enabled(device):
        return list(tensors)
    return [t.to(torch.get_autocast_dtype(device)) for t in tensors]


class _Form(torch.autograd.Function):
    r"""The matrices :math:`\kappa_e = \sum_k h_{ek} W_k`, and two tapes for each time they will be applied.

    A tape is a tensor of zeros that takes no memory; as its gradient the application hands back its input, or the
    gradient of its output. From both of all applications comes
    :math:`\partial \kappa_e = \sum_t v_{t,j} \otimes \partial v'_{t,i}`.
    """

    @staticmethod
    def forward(ctx: Any, ends: _Ends, times: int, hidden: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
        ctx.ends = ends
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(hidden, weight)
        kappa = (hidden @ weight.flatten(1)).view(-1, *weight.shape[1:])
        shapes = ((ends.num_sources, weight.shape[1]), (ends.num_targets, weight.shape[2])) * times
        return kappa, *(kappa.new_zeros(()).expand(shape) for shape in shapes)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        dense, *tapes = gradients
        hidden, weight = ctx.saved_tensors
        dhidden, dweight = None, None
        if dense is not None:
            flat = dense.flatten(1)
            dhidden, dweight = flat @ weight.flatten(1).T, (hidden.T @ flat).view_as(weight)
        v, dv = ([tape for tape in side if tape is not None] for side in (tapes[::2], tapes[1::2]))
        if v:
            dhidden, dweight = _add_outer(ctx.ends, (v, dv), (hidden, weight), (dhidden, dweight))
        return None, None, dhidden, dweight


def _add_outer(
    ends: _Ends,
    pairs: tuple[list[Tensor], list[Tensor]],
    factors: tuple[Tensor, Tensor],
    totals: tuple[Tensor | None, Tensor | None],
) -> tuple[Tensor, Tensor]:
    """Gradients by both factors of the matrices through the sum of outer products, a tile of edges at a time."""
    hidden, weight = factors
    dhidden, dweight = (f.new_zeros(f.shape) if t is None else t for f, t in zip(factors, totals))
    v, dv = (torch.stack(side, 1) for side in pairs)  # (nodes, applications, channels)
    W, dW = weight.flatten(1), dweight.flatten(1)
    rows = group_rows(W.shape[1], W.element_size())
    buffer = W.new_empty(min(rows, len(hidden)), *weight.shape[1:])
    for first in range(0, len(hidden), rows):
        tile = slice(first, first + rows)
        before, after = v.index_select(0, ends.source[tile]), dv.index_select(0, ends.target[tile])
        dkappa = torch.bmm(before.mT, after, out=buffer[: len(before)]).flatten(1)
        dhidden[tile].addmm_(dkappa, W.T)
        dW.addmm_(hidden[tile].T, dkappa)
    return dhidden, dweight


class _Apply(torch.autograd.Function):
    r"""The sum :math:`v'_i = \sum_j v_j \kappa_{ij}`."""

    @staticmethod
    def forward(ctx: Any, ends: _Ends, kappa: Tensor, v: Tensor, *tapes: Tensor) -> Tensor:
        ctx.ends, ctx.taped = ends, bool(tapes)
        ctx.save_for_backward(kappa, v)
        messages = torch.bmm(v.index_select(0, ends.source).unsqueeze(1), kappa).squeeze(1)
        return messages.new_zeros(ends.num_targets, kappa.shape[2]).index_add_(0, ends.target, messages)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        ends: _Ends = ctx.ends
        kappa, v = ctx.saved_tensors
        near = gradient.index_select(0, ends.target).unsqueeze(1)
        dv = v.new_zeros(v.shape).index_add(0, ends.source, torch.bmm(near, kappa.mT).squeeze(1))
        if ctx.taped and not torch.is_grad_enabled():
            return None, None, dv, v, gradient
        dkappa = v.index_select(0, ends.source).unsqueeze(2) * near if ctx.needs_input_grad[1] else None
        return None, dkappa, dv, *(None for _ in ctx.needs_input_grad[3:])
