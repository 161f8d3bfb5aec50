"""The kernel contraction: a matrix kernel per edge applied to the source's values and summed, without the matrices."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import DataError
from gno.ops.edge_plan import EdgePlan


def kernel_contraction(
    hidden: Float[Tensor, "edges h"],
    v: Float[Tensor, "sources c_in"],
    edge_index: Int[Tensor, "2 edges"],
    weight: Float[Tensor, "h c_in c_out"],
    bias: Float[Tensor, "c_in c_out"] | None = None,
    *,
    num_targets: int,
    edge_weight: Float[Tensor, " edges"] | None = None,
    plan: EdgePlan | None = None,
) -> Float[Tensor, "targets c_out"]:
    r"""Sum over the edges of a node of a kernel matrix times the values at the other end.

    .. math::
        v'_i = \sum_j w_{ij}\, \kappa_{ij} v_j, \qquad \kappa_{ij} = \sum_k h_{ijk} W_k + B

    Linear in ``h``, so the sum over the edges comes first and no kernel matrix is ever formed:

    .. math::
        v'_i = \sum_k S_{ik} W_k + s_i B, \qquad S_{ik} = \sum_j w_{ij} h_{ijk} v_j, \quad s_i = \sum_j w_{ij} v_j

    Where sources are fewer than targets, ``W`` is applied to the sources first instead; the result is the same.
    Cost in multiplications: ``E h c_in + N h c_in c_out`` with ``N`` the smaller of the two counts of nodes; the
    matrices themselves would cost ``E h c_in c_out``.

    Args:
        hidden: features ``h`` of each edge.
        v: values at the sources.
        edge_index: ``[source; target]`` ``(2, edges)``, in any order; sorted by target is fastest.
        weight: matrices ``W`` that the features combine.
        bias: matrix ``B`` added to the kernel of every edge.
        num_targets: number of target nodes; one without edges gets 0.
        edge_weight: ``w``; 1 without it.
        plan: that of ``edge_index``, if it is at hand.

    Raises:
        DataError: shapes that do not fit, or an index that is out of range.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [2, 2]])
        >>> kernel_contraction(torch.ones(2, 1), torch.eye(3), edge_index, torch.eye(3)[None], num_targets=3)
        tensor([[0., 0., 0.],
                [0., 0., 0.],
                [1., 1., 0.]])
    """
    _check(hidden, v, edge_index, weight)
    if plan is None:
        plan = EdgePlan.build(edge_index, len(v), num_targets)
    elif (plan.num_edges, plan.num_sources, plan.num_targets) != (len(hidden), len(v), num_targets):
        raise DataError(f"plan is for {plan.num_edges} edges, {plan.num_sources} sources, {plan.num_targets} targets")
    share = plan.slot_weight(edge_weight, hidden)
    return contract(hidden.index_select(0, plan.edge) * share, share, v, weight, bias, plan=plan)


def contract(
    hidden: Float[Tensor, "slots h"],
    share: Float[Tensor, "slots 1"],
    v: Float[Tensor, "sources c_in"],
    weight: Float[Tensor, "h c_in c_out"],
    bias: Float[Tensor, "c_in c_out"] | None = None,
    *,
    plan: EdgePlan,
) -> Float[Tensor, "targets c_out"]:
    """The contraction of features that lie in the slots of a plan already, times the weight of their slot.

    Args:
        hidden: features of each slot, times ``share``.
        share: weight of each slot, 0 for padding.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: the layout of the slots.
    """
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
    return v.new_zeros(plan.num_targets, weight.shape[2]).index_copy(0, plan.node, rows)


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
    return v.new_zeros(plan.num_targets, c_out).index_add(0, plan.far, messages)


def _views(values: Tensor, plan: EdgePlan) -> list[Tensor]:
    """Each bucket's rows as ``(rows, slots per row, channels)``."""
    parts = values.split([n * d for n, d in plan.buckets])
    return [part.view(n, d, values.shape[1]) for part, (n, d) in zip(parts, plan.buckets)]


def _cat(parts: list[Tensor], like: Tensor, width: int) -> Tensor:
    return torch.cat(parts) if parts else like.new_zeros(0, width)


def _check(hidden: Tensor, v: Tensor, edge_index: Tensor, weight: Tensor) -> None:
    h, c_in, _ = weight.shape
    if hidden.shape[1] != h:
        raise DataError(f"hidden has {hidden.shape[1]} features per edge", why=f"weight combines {h}")
    if v.shape[1] != c_in:
        raise DataError(f"v has {v.shape[1]} channels", why=f"weight takes {c_in}")
    if len(hidden) != edge_index.shape[1]:
        raise DataError(f"hidden has {len(hidden)} rows for {edge_index.shape[1]} edges", why="each edge needs one")
