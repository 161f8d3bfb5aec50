"""The kernel contraction: a matrix kernel per edge applied to the source's values and summed, without the matrices."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.ops.edge_plan import EdgePlan
from gno.ops.features import Features
from gno.ops.index import check_edges
from gno.ops.matrices import contract_cached
from gno.ops.plain import contract_plain
from gno.ops.plans import Plan, edge_plan
from gno.ops.reference import contract_reference
from gno.ops.streamed import contract_streamed
from gno.ops.traced import TracedPlan, contract_traced
from gno.ops.triton import contract_triton, runs

PLAIN_BYTES = 2**24
"""What the plain contraction may keep for its backward pass; above, it goes tile by tile."""

BACKENDS: dict[str, Callable[..., Tensor]] = {
    "cached": contract_cached,
    "plain": lambda features, share, *rest: contract_plain(features.weighted(rest[-1], share), share, *rest),
    "reference": contract_reference,
    "streamed": contract_streamed,
    "triton": contract_triton,
}
"""Ways to the same numbers: a matrix an edge, kept; plain operations; a matrix an edge; tile by tile; on a GPU."""


def kernel_contraction(
    hidden: Float[Tensor, "edges h"] | tuple[nn.Module, Float[Tensor, "edges d"]],
    v: Float[Tensor, "sources c_in"],
    edge_index: Int[Tensor, "2 edges"],
    weight: Float[Tensor, "h c_in c_out"],
    bias: Float[Tensor, "c_in c_out"] | None = None,
    *,
    num_targets: int,
    edge_weight: Float[Tensor, " edges"] | None = None,
    plan: Plan | None = None,
    backend: str | None = None,
) -> Float[Tensor, "targets c_out"]:
    r"""Sum over the edges of a node of a kernel matrix times the values at the other end.

    .. math::
        v'_i = \sum_j w_{ij}\, \kappa_{ij} v_j, \qquad \kappa_{ij} = \sum_k h_{ijk} W_k + B

    Linear in ``h``, so the sum over the edges comes first and no kernel matrix is ever formed:

    .. math::
        v'_i = \sum_k S_{ik} W_k + s_i B, \qquad S_{ik} = \sum_j w_{ij} h_{ijk} v_j, \quad s_i = \sum_j w_{ij} v_j

    Where sources are much fewer than targets, ``W`` is applied to the sources first instead; the result is the same.
    Cost in multiplications: ``E h c_in + N h c_in c_out`` with ``N`` about the smaller of the two counts of nodes; the
    matrices themselves would cost ``E h c_in c_out``. From a certain size on the work is done tile by tile, forward
    and backward, in memory that does not grow with the number of edges.

    Args:
        hidden: features ``h`` of each edge; or a network that makes them, with its input for each edge. The network
            must treat each row on its own, and the same way each time: backward calls it again, on a part at a time.
        v: values at the sources.
        edge_index: ``[source; target]`` ``(2, edges)``, in any order; sorted by target is fastest.
        weight: matrices ``W`` that the features combine.
        bias: matrix ``B`` added to the kernel of every edge.
        num_targets: number of target nodes; one without edges gets 0.
        edge_weight: ``w``; 1 without it.
        plan: that of ``edge_index``; without it ``gno.ops.edge_plan``, which is kept with ``edge_index``.
        backend: one of ``BACKENDS``, where the quickest is not wanted.

    Raises:
        ConfigError: an unknown backend, or one that does not run here.
        DataError: shapes, types or devices that do not fit, or an index that is out of range.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [2, 2]])
        >>> kernel_contraction(torch.ones(2, 1), torch.eye(3), edge_index, torch.eye(3)[None], num_targets=3)
        tensor([[0., 0., 0.],
                [0., 0., 0.],
                [1., 1., 0.]])
    """
    values, kernel = _check(hidden, v, edge_index, weight)
    if backend is not None and backend not in BACKENDS:
        raise ConfigError(f"backend {backend!r} is unknown", why=f"known: {', '.join(BACKENDS)}")
    if plan is None:
        plan = edge_plan(edge_index, v.shape[0], num_targets, shape=weight.shape)
    elif isinstance(plan, EdgePlan) and (plan.num_edges, plan.num_sources, plan.num_targets) != (
        edge_index.shape[1],
        len(v),
        num_targets,
    ):
        raise DataError(f"plan is for {plan.num_edges} edges, {plan.num_sources} sources, {plan.num_targets} targets")
    share = plan.slot_weight(edge_weight, v)
    if isinstance(plan, TracedPlan):
        return contract_traced(values if kernel is None else kernel(values), share, v, weight, bias, plan)
    features = Features(values, plan.edge, kernel)
    if backend == "triton" and not runs(features, v, weight):
        raise ConfigError(
            f"backend 'triton' does not run on {v.device} in {v.dtype}",
            why="it takes float32 and bfloat16, all tensors of one type, on an NVIDIA GPU since Ampere, with Triton",
            fix="leave backend out",
        )
    return BACKENDS[backend or _quickest(features, v, weight, plan)](features, share, v, weight, bias, plan)


def contract(
    hidden: Float[Tensor, "slots h"] | tuple[nn.Module, Float[Tensor, "edges d"]],
    share: Float[Tensor, "slots 1"],
    v: Float[Tensor, "sources c_in"],
    weight: Float[Tensor, "h c_in c_out"],
    bias: Float[Tensor, "c_in c_out"] | None = None,
    *,
    plan: Plan,
) -> Float[Tensor, "targets c_out"]:
    """The contraction of features that are laid out by a plan already.

    Args:
        hidden: features of each slot, from ``plan.weighted``; or a network, as of ``kernel_contraction``, with its
            input for each edge, in the order of the edges.
        share: weight of each slot, from ``plan.slot_weight``.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: the layout of the slots.
    """
    if isinstance(plan, TracedPlan):
        values = hidden if isinstance(hidden, Tensor) else hidden[0](hidden[1])
        return contract_traced(values, share, v, weight, bias, plan)
    features = Features(hidden) if isinstance(hidden, Tensor) else Features(hidden[1], plan.edge, hidden[0])
    return BACKENDS[_quickest(features, v, weight, plan)](features, share, v, weight, bias, plan)


def _quickest(features: Features, v: Tensor, weight: Tensor, plan: EdgePlan) -> str:
    if torch.compiler.is_compiling() or _small(features, weight, plan):
        return "plain"
    return "triton" if runs(features, v, weight) else "streamed"


def _small(features: Features, weight: Tensor, plan: EdgePlan) -> bool:
    """Whether plain operations keep little: features of the slots, steps on the way to them, and what rows gather."""
    h, c_in, c_out = weight.shape
    steps = 1 if features.edge is None else 2 if features.kernel is None else 4
    numbers = len(plan.edge) * h * steps + len(plan.node) * h * (c_in if plan.by == "target" else c_out)
    return numbers * weight.element_size() <= PLAIN_BYTES


def _check(
    hidden: Tensor | tuple[nn.Module, Tensor], v: Tensor, edge_index: Tensor, weight: Tensor
) -> tuple[Tensor, nn.Module | None]:
    """What there is for each edge, and the network that makes the features of it."""
    kernel, values = (None, hidden) if isinstance(hidden, Tensor) else hidden
    check_edges(edge_index, v.device)
    name = "hidden" if kernel is None else "edge_attr"
    h, c_in, _ = weight.shape
    if kernel is None and values.shape[1] != h:
        raise DataError(f"hidden has {values.shape[1]} features per edge", why=f"weight combines {h}")
    if v.shape[1] != c_in:
        raise DataError(f"v has {v.shape[1]} channels", why=f"weight takes {c_in}")
    if values.shape[0] != edge_index.shape[1]:
        raise DataError(f"{name} has {values.shape[0]} rows for {edge_index.shape[1]} edges", why="each edge needs one")
    for other, tensor in ((name, values), ("weight", weight)):
        if tensor.device != v.device:
            raise DataError(f"{other} is on {tensor.device}, v on {v.device}", why="all must be on one device")
        if tensor.dtype != v.dtype and not torch.is_autocast_enabled(v.device.type):
            raise DataError(f"{other} has type {tensor.dtype}, v {v.dtype}", why="all must have one type")
    return values, kernel
