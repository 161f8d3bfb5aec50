"""The kernel integral: the layer of graph kernel networks."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.nn.rowwise import rowwise
from gno.ops.contraction import contract
from gno.ops.index import check_edges
from gno.ops.plans import Plan, edge_plan
from gno.ops.precision import sum_type
from gno.ops.segment import segment_sum

AGGREGATIONS = ("mean", "sum", "quadrature")
"""How the neighbors of a node are weighed."""


class KernelIntegral(nn.Module):
    r"""Kernel integral operator: mean over neighbors of a learned matrix kernel.

    .. math::
        v'_i = \sum_{j \in \mathcal{N}(i)} w_{ij}\, \kappa_\phi(e_{ij})\, v_j \;[+ R\, v_i]\; [+ b],
        \qquad \kappa_\phi(e) = \sum_k h_k(e)\, W_k + B

    ===============  ===================================================  ==============================
    aggregation      :math:`w_{ij}`                                       approximates
    ===============  ===================================================  ==============================
    ``mean``         :math:`1 / |\mathcal{N}(i)|`                         a mean over the samples
    ``sum``          1
    ``quadrature``   :math:`q_j / \sum_{k \in \mathcal{N}(i)} q_k`        the mean over the neighborhood
    ===============  ===================================================  ==============================

    The features ``h`` come from ``kernel``, the matrices ``W`` and ``B`` belong to the layer, and the sum over the
    neighbors is taken before the matrices are applied (``gno.ops.contraction``): equal to one matrix an edge, without
    the matrices.

    Source: Li et al. 2020, arXiv 2003.03485, equation 9.

    Args:
        in_channels: width of ``v``; two widths, of sources and of targets, where they differ and ``root`` is used.
        out_channels: width of the result.
        kernel: maps edge features ``(edges, d)`` to hidden features ``(edges, h)``; the last, linear layer is ours.
        hidden: ``h``; read off the kernel where its last layer tells.
        aggregation: ``mean``, ``sum`` or ``quadrature``.
        root: add a linear map ``R`` of the node's own value.
        bias: add a vector ``b``.
        kernel_bias: let the kernel have the constant part ``B``, as a last linear layer with a bias does.

    Raises:
        ConfigError: an unknown aggregation, a width below 1, or ``hidden`` that is not given and cannot be read off the
            kernel.

    Shapes:
        - input: ``v (nodes, in)`` or ``((sources, in), (targets, in))``, ``edge_index (2, edges)``,
          ``edge_attr (edges, d)``
        - output: ``(targets, out)``; zero at nodes without incoming edges, apart from root and bias

    Example:
        >>> layer = KernelIntegral(4, 4, kernel=nn.Linear(2, 16))
        >>> edge_index = torch.tensor([[0, 1], [2, 2]])  # 0 -> 2, 1 -> 2
        >>> layer(torch.ones(3, 4), edge_index, torch.zeros(2, 2)).shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        in_channels: int | tuple[int, int],
        out_channels: int,
        kernel: nn.Module,
        *,
        hidden: int | None = None,
        aggregation: str = "mean",
        root: bool = False,
        bias: bool = False,
        kernel_bias: bool = True,
    ) -> None:
        super().__init__()
        if aggregation not in AGGREGATIONS:
            raise ConfigError(f"aggregation {aggregation!r} is unknown", why=f"known: {', '.join(AGGREGATIONS)}")
        source, target = (in_channels, in_channels) if isinstance(in_channels, int) else in_channels
        if min(source, target, out_channels) < 1:
            raise ConfigError(f"channels are {in_channels} and {out_channels}", why="each width is at least 1")
        self.in_channels, self.root_channels, self.out_channels = source, target, out_channels
        self.kernel = kernel
        self.hidden = _width(kernel) if hidden is None else hidden
        self.aggregation = aggregation
        self.weight = nn.Parameter(torch.empty(self.hidden, source, out_channels))
        self.kernel_bias = nn.Parameter(torch.empty(source, out_channels)) if kernel_bias else None
        self.root = nn.Linear(target, out_channels, bias=False) if root else None
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the layer's own parameters anew, so that a result is about as large as ``v``; not the kernel's."""
        bound = math.sqrt(3 / (self.in_channels * (self.hidden + 1)))
        nn.init.uniform_(self.weight, -bound, bound)
        if self.kernel_bias is not None:
            nn.init.uniform_(self.kernel_bias, -bound, bound)
        if self.root is not None:
            self.root.reset_parameters()
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(
        self,
        v: Float[Tensor, "nodes c_in"] | tuple[Float[Tensor, "sources c_in"], Float[Tensor, "targets c_root"] | int],
        edge_index: Int[Tensor, "2 edges"],
        edge_attr: Float[Tensor, "edges d"],
        weight: Float[Tensor, " sources"] | None = None,
        *,
        plan: Plan | None = None,
    ) -> Float[Tensor, "targets c_out"]:
        """Apply the operator.

        A kernel of linear layers, norms of a row and activations is evaluated a part of the edges at a time, and again
        in backward: memory does not grow with the edges. Any other is evaluated once, on all of them.

        Args:
            v: values at the nodes; for a bipartite graph those of sources and targets, or, without ``root``, of
                sources and the number of targets.
            edge_index: ``[source; target]``, in any order; sorted by target is fastest.
            edge_attr: features of the edges.
            weight: quadrature weights ``q`` of the sources, with ``aggregation="quadrature"``.
            plan: that of ``edge_index``; without it ``gno.ops.edge_plan``, which is kept with ``edge_index``.

        Raises:
            DataError: a wrong width, a wrong number of rows, an index out of range, or quadrature weights that are
                missing or not wanted.
        """
        source, target = v if isinstance(v, tuple) else (v, v)
        if source.ndim != 2:
            raise DataError(f"v has shape {tuple(source.shape)}", why="it is (nodes, channels)")
        check_edges(edge_index, source.device)
        self._check_type("v", source)
        num_targets = target.shape[0] if isinstance(target, Tensor) else target
        if plan is None:
            plan = edge_plan(edge_index, source.shape[0], num_targets, shape=self.weight.shape)
        if rowwise(self.kernel):
            self._check(edge_index, edge_attr)
            share = edge_share(edge_index, plan, self.aggregation, weight, source)
            out = self.contract(source, (self.kernel, edge_attr), share, plan)
        else:
            out = self.contract(source, *self.features(edge_index, edge_attr, plan, weight), plan)
        if self.root is not None:
            if not isinstance(target, Tensor):
                raise DataError("v has no values at the targets", why="root maps the target's own values")
            if target.shape[1] != self.root_channels:
                raise DataError(f"v has {target.shape[1]} channels at targets", why=f"root takes {self.root_channels}")
            out = out + self.root(target)
        return out if self.bias is None else out + self.bias

    def features(
        self,
        edge_index: Int[Tensor, "2 edges"],
        edge_attr: Float[Tensor, "edges d"],
        plan: Plan,
        weight: Float[Tensor, " sources"] | None = None,
    ) -> tuple[Float[Tensor, "slots h"], Float[Tensor, "slots 1"]]:
        """Hidden features of the edges, weighted and laid out for ``contract``; iterations may share them.

        Args:
            edge_index: ``[source; target]``.
            edge_attr: features of the edges.
            plan: that of ``edge_index``.
            weight: quadrature weights of the sources.
        """
        self._check(edge_index, edge_attr)
        return kernel_features(self.kernel(edge_attr), edge_index, plan, self.aggregation, weight)

    def contract(
        self,
        v: Float[Tensor, "sources c_in"],
        hidden: Float[Tensor, "slots h"] | tuple[nn.Module, Float[Tensor, "edges d"]],
        share: Float[Tensor, "slots 1"],
        plan: Plan,
    ) -> Float[Tensor, "targets c_out"]:
        """The sum over neighbors alone, of features that ``features`` made.

        Args:
            v: values at the sources.
            hidden: features of the slots; or a kernel, with its input for each edge.
            share: weights of the slots.
            plan: layout of the slots.
        """
        if v.shape[1] != self.in_channels:
            raise DataError(f"v has {v.shape[1]} channels", why=f"the layer takes {self.in_channels}")
        return contract(hidden, share, v, self.weight, self.kernel_bias, plan=plan)

    def _check(self, edge_index: Tensor, edge_attr: Tensor) -> None:
        if edge_attr.shape[0] != edge_index.shape[1]:
            raise DataError(f"edge_attr has {edge_attr.shape[0]} rows for {edge_index.shape[1]} edges")
        self._check_type("edge_attr", edge_attr)
        needed = getattr(self.kernel, "in_channels", getattr(self.kernel, "in_features", None))
        if isinstance(needed, int) and edge_attr.shape[1] != needed:
            raise DataError(f"edge_attr has {edge_attr.shape[1]} features per edge", why=f"the kernel takes {needed}")

    def _check_type(self, name: str, values: Tensor) -> None:
        own = self.weight
        if values.device != own.device:
            raise DataError(f"{name} is on {values.device}, the layer on {own.device}", why="all must be on one device")
        if values.dtype != own.dtype and not torch.is_autocast_enabled(own.device.type):
            fix = f"{name}.to({own.dtype}), or layer.to({values.dtype})"
            raise DataError(
                f"{name} has type {values.dtype}, the layer {own.dtype}", why="all must have one type", fix=fix
            )

    @classmethod
    def from_nnconv(cls, conv: Any) -> KernelIntegral:
        """The same operator with the parameters of PyG's ``NNConv``, copied.

        Args:
            conv: a ``torch_geometric.nn.NNConv`` with ``aggr`` ``"mean"`` or ``"add"`` whose ``nn`` is a linear layer,
                or a ``Sequential`` that ends in one.

        Raises:
            ConfigError: another aggregation, messages against the edges, or another end of ``nn``.
        """
        from gno.nn.nnconv import convert  # a circle otherwise: the conversion makes this layer

        return convert(conv)

    def __repr__(self) -> str:
        return f"KernelIntegral({self.in_channels}, {self.out_channels}, hidden={self.hidden}, {self.aggregation})"


def kernel_features(
    hidden: Float[Tensor, "edges h"],
    edge_index: Int[Tensor, "2 edges"],
    plan: Plan,
    aggregation: str = "mean",
    weight: Float[Tensor, " sources"] | None = None,
) -> tuple[Float[Tensor, "slots h"], Float[Tensor, "slots 1"]]:
    """Features of the edges times the weights of the aggregation, laid out in the slots of a plan; and the weights.

    Args:
        hidden: features of the edges.
        edge_index: ``[source; target]``.
        plan: that of ``edge_index``.
        aggregation: ``mean``, ``sum`` or ``quadrature``.
        weight: quadrature weights of the sources, with ``quadrature``.

    Raises:
        DataError: quadrature weights that are missing, not wanted, or not one a source.
    """
    share = edge_share(edge_index, plan, aggregation, weight, hidden)
    return plan.weighted(hidden, share), share


def edge_share(
    edge_index: Int[Tensor, "2 edges"],
    plan: Plan,
    aggregation: str,
    weight: Float[Tensor, " sources"] | None,
    like: Float[Tensor, "..."],
) -> Float[Tensor, "slots 1"]:
    """Weights of the aggregation, laid out in the slots of a plan.

    Args:
        edge_index: ``[source; target]``.
        plan: that of ``edge_index``.
        aggregation: ``mean``, ``sum`` or ``quadrature``.
        weight: quadrature weights of the sources, with ``quadrature``.
        like: a tensor of the wanted type.

    Raises:
        DataError: quadrature weights that are missing, not wanted, or not one a source.
    """
    return plan.slot_weight(_edge_weight(edge_index, plan, aggregation, weight, like), like)


def _edge_weight(
    edge_index: Tensor, plan: Plan, aggregation: str, weight: Tensor | None, like: Tensor
) -> Tensor | None:
    if (weight is not None) != (aggregation == "quadrature"):
        raise DataError(
            f"quadrature weights {'missing' if weight is None else 'given'} with aggregation {aggregation!r}",
            why="aggregation 'quadrature' needs them, and no other takes them",
        )
    if aggregation == "sum":
        return None
    source, target = edge_index
    if weight is None:
        q = like.new_ones(edge_index.shape[1], dtype=sum_type(like.dtype))
    else:
        if weight.shape[0] != plan.num_sources:
            raise DataError(f"{weight.shape[0]} quadrature weights for {plan.num_sources} sources")
        q = weight.to(sum_type(like.dtype))[source]
    total = segment_sum(q, target, plan.num_targets)
    return (q / total.clamp(min=torch.finfo(q.dtype).tiny)[target]).to(like.dtype)


def _width(kernel: nn.Module) -> int:
    layers = [kernel, *reversed(list(kernel.modules()))]
    for layer in layers:
        width = getattr(layer, "out_channels", getattr(layer, "out_features", None))
        if isinstance(width, int):
            return width
    raise ConfigError("the kernel does not tell how many features it makes", fix="give hidden=...")
