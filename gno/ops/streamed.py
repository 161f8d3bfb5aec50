"""The kernel contraction tile by tile: nothing as long as the edges is formed, and backward makes it all anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gno.ops.edge_plan import EdgePlan
from gno.ops.features import FeatureGradient, Features, check_width, zeros_to_sum
from gno.ops.plain import contract_plain
from gno.ops.precision import autocast_type, sum_type
from gno.ops.tiles import Group, Tile, group_rows, groups, tile_slots


class Layout(NamedTuple):
    """What has no gradient: the plan, and the features without their values.

    Args:
        plan: layout of the slots.
        edge: as of ``Features``.
        kernel: as of ``Features``.
        autocast: as of ``Features``.
    """

    plan: EdgePlan
    edge: Tensor | None
    kernel: nn.Module | None
    autocast: torch.dtype | None

    def features(self, values: Tensor) -> Features:
        """The features.

        Args:
            values: as of ``Features``.
        """
        return Features(values, self.edge, self.kernel, self.autocast)


def contract_streamed(
    features: Features, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan
) -> Tensor:
    """The contraction, in memory that does not grow with the number of edges; the same result as the plain one.

    Backward recomputes each tile. A second derivative goes through the plain contraction. In half precision, and under
    autocast, the products are taken in it and what tiles contribute is added up in float32.

    Args:
        features: of the slots.
        share: weight of each slot.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: layout of the slots.
    """
    layout = Layout(plan, features.edge, features.kernel, autocast_type(v))
    with torch.autocast(v.device.type, enabled=False):
        return _Streamed.apply(layout, features.values, share, v, weight, bias, *features.parameters)


def stream(features: Features, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan) -> Tensor:
    """The contraction tile by tile, without a gradient; arguments as of ``contract_streamed``."""
    sweep = _Sweep.of(plan, features, share, weight, bias)
    return sweep.gather(v) if plan.by == "target" else sweep.scatter(v)


def stream_gradients(
    features: Features,
    share: Tensor,
    v: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    plan: EdgePlan,
    gradient: Tensor,
    needed: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Gradients by the values of the features, ``share``, ``v``, ``weight``, ``bias`` and the kernel's parameters.

    Args:
        features: as of ``contract_streamed``, and so on to ``plan``.
        share: weight of each slot.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: layout of the slots.
        gradient: by the result.
        needed: which of them; the others are ``None``.
    """
    sweep = _Sweep.of(plan, features, share, weight, bias)
    x, y = (v, gradient) if plan.by == "target" else (gradient, v)
    backward = _Backward(sweep, x, y, needed)
    for group in sweep.groups:
        backward.add(group)
    return backward.result()


class _Streamed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, layout: Layout, *tensors: Any) -> Tensor:
        ctx.layout = layout
        ctx.save_for_backward(*tensors)
        values, share, v, weight, bias, *_ = tensors
        return stream(layout.features(values), share, v, weight, bias, layout.plan)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        (gradient,) = gradients
        needed = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled():
            return None, *plain_backward(ctx.layout, ctx.saved_tensors, needed, gradient)
        values, share, v, weight, bias, *_ = ctx.saved_tensors
        features = ctx.layout.features(values)
        with torch.autocast(v.device.type, enabled=False):
            parts = stream_gradients(features, share, v, weight, bias, ctx.layout.plan, gradient, needed)
        return None, *parts


def plain_backward(layout: Layout, saved: tuple[Any, ...], needed: tuple[bool, ...], gradient: Tensor) -> list[Any]:
    """Gradients of a contraction that can be differentiated once more.

    Args:
        layout: what has no gradient.
        saved: ``values``, ``share``, ``v``, ``weight``, ``bias`` and the parameters of the kernel.
        needed: which of their gradients are.
        gradient: by the result.
    """
    # Aliases: one argument may depend on another, and that path belongs to the graph outside.
    aliases: list[Any] = [None if t is None else t.view_as(t) for t in saved]
    values, share, v, weight, bias, *parameters = aliases
    features = layout.features(values)
    with features.precision():
        hidden = features.weighted(layout.plan, share, tuple(parameters))
        out = contract_plain(hidden, share, v, weight, bias, layout.plan)
    wanted = [t for t, n in zip(aliases, needed) if n]
    parts = iter(torch.autograd.grad(out, wanted, gradient, create_graph=True, allow_unused=True))
    return [next(parts) if n else None for n in needed]


@dataclass(frozen=True)
class _Sweep:
    r"""The trilinear form :math:`\sum_s w_s\, x_{f(s)} (\sum_k h_{sk} A_k + B)\, y_{r(s)}` over the slots of a plan.

    ``x`` lives at the far ends of the edges, ``y`` at the rows. ``gather`` is its derivative by ``y``, ``scatter``
    that by ``x``: grouped by target, the contraction gathers; grouped by source, it scatters.
    """

    plan: EdgePlan
    features: Features
    share: Tensor
    A: Tensor  # (h, far channels, row channels)
    B: Tensor | None
    groups: list[Group]
    buffer: Tensor

    @classmethod
    def of(cls, plan: EdgePlan, features: Features, share: Tensor, weight: Tensor, bias: Tensor | None) -> _Sweep:
        A = features.cast(weight)
        B = None if bias is None else bias.to(sum_type(A.dtype))
        if plan.by == "source":
            A, B = A.mT, None if B is None else B.T
        rows = group_rows(A[..., 0].numel(), A.element_size())
        parts = groups(plan, tile_slots(len(A), A.element_size(), A.device), rows)
        buffer = A.new_empty(max((group.num_rows for group in parts), default=0), *A.shape[:2])
        return cls(plan, features, share, A.contiguous(), B, parts, buffer)

    def gather(self, x: Tensor) -> Tensor:
        y = x.new_zeros(self.plan.num_near, self.A.shape[2], dtype=sum_type(self.A.dtype))
        sums = y.new_empty(len(self.buffer), self.A.shape[1])
        for group in self.groups:
            for tile in group.tiles:
                near, weighed = self.near(x, tile)
                hidden = check_width(self.features.at(tile.slots), self.A).reshape(*tile.shape, -1)
                torch.bmm(hidden.mT, near, out=self.buffer[tile.rows])
                if self.B is not None:
                    torch.sum(weighed, 1, dtype=sums.dtype, out=sums[tile.rows])
            y.index_add_(0, group.node, self.product(group, sums))
        return y.to(self.A.dtype)

    def scatter(self, y: Tensor) -> Tensor:
        x = y.new_zeros(self.plan.num_far, self.A.shape[1], dtype=sum_type(self.A.dtype))
        for group in self.groups:
            constant = self.project(y.index_select(0, group.node))
            for tile in group.tiles:
                hidden = check_width(self.features.at(tile.slots), self.A).reshape(*tile.shape, -1)
                message = torch.bmm(hidden, self.buffer[tile.rows]).to(x.dtype)
                x.index_add_(0, self.plan.far[tile.slots], self.message(message, constant, tile))
        return x.to(self.A.dtype)

    def near(self, x: Tensor, tile: Tile) -> tuple[Tensor, Tensor]:
        """Values at the far ends of a tile, as the features need them and times the weights."""
        near = x.index_select(0, self.plan.far[tile.slots])
        if self.features.edge is None and self.B is None:
            return (self.features.cast(near).view(*tile.shape, -1),) * 2
        weighed = (near * self.share[tile.slots]).view(*tile.shape, -1)
        return self.features.cast(near.view_as(weighed) if self.features.edge is None else weighed), weighed

    def product(self, group: Group, sums: Tensor) -> Tensor:
        """``S A + s B`` of the rows of a group, from the buffer."""
        y = (self.buffer[: group.num_rows].flatten(1) @ self.A.flatten(0, 1)).to(sums.dtype)
        return y if self.B is None else y.addmm_(sums[: group.num_rows], self.B)

    def project(self, y: Tensor) -> Tensor | None:
        """``A y`` of the rows of a group, into the buffer; and ``B y``."""
        torch.mm(self.features.cast(y), self.A.flatten(0, 1).T, out=self.buffer[: len(y)].flatten(1))
        return None if self.B is None else (y.to(self.B.dtype) @ self.B.T).unsqueeze(1)

    def message(self, message: Tensor, constant: Tensor | None, tile: Tile) -> Tensor:
        """``w (h A + B) y`` of a tile from ``h A y`` and ``B y``."""
        share = self.share[tile.slots]
        if self.features.edge is not None:
            message = message if constant is None else message.add_(constant[tile.rows])
            return message.flatten(0, 1).mul_(share)
        if constant is not None:
            message.add_(constant[tile.rows] * share.view(*tile.shape, 1))
        return message.flatten(0, 1)


class _Backward:
    """Gradients of the trilinear form, summed group by group."""

    def __init__(self, sweep: _Sweep, x: Tensor, y: Tensor, needed: Sequence[bool]) -> None:
        values, share, v, weight, bias, *parameters = needed
        by_target = sweep.plan.by == "target"
        self.sweep, self.x, self.y = sweep, x, y
        self.features = FeatureGradient(sweep.features, (values, *parameters))
        self.dshare = torch.zeros_like(sweep.share) if share else None
        self.dx = zeros_to_sum(x) if v and by_target else None
        self.dy = zeros_to_sum(y) if v and not by_target else None
        self.dA = zeros_to_sum(sweep.A) if weight else None
        self.dB = zeros_to_sum(sweep.B) if bias and sweep.B is not None else None
        self.sums = x.new_empty(len(sweep.buffer), x.shape[1], dtype=sum_type(sweep.A.dtype))

    def add(self, group: Group) -> None:
        sweep = self.sweep
        y = self.y.index_select(0, group.node)
        constant = sweep.project(y)
        for tile in group.tiles:
            self._tile(tile, constant)
        # The buffer holds S now.
        if self.dA is not None:
            _add_product(self.dA.flatten(0, 1), sweep.buffer[: len(y)].flatten(1).T, sweep.features.cast(y))
        if self.dB is not None:
            self.dB.addmm_(self.sums[: len(y)].T, y.to(self.dB.dtype))
        if self.dy is not None:
            self.dy.index_add_(0, group.node, sweep.product(group, self.sums))

    def _tile(self, tile: Tile, constant: Tensor | None) -> None:
        sweep, slots = self.sweep, tile.slots
        near, weighed = sweep.near(self.x, tile)
        rows, inputs = self.features.at(slots)
        hidden = sweep.features.cast(rows.detach()).reshape(*tile.shape, -1)
        P = sweep.buffer[tile.rows]
        gradient = torch.bmm(near, P.mT).flatten(0, 1) if self.features.needed else None
        if self.dshare is not None or self.dx is not None:
            message = torch.bmm(hidden, P).to(sum_type(P.dtype))
            if self.dshare is not None:
                self.dshare[slots] = self._by_share(message, constant, tile)
            if self.dx is not None:
                self.dx.index_add_(0, sweep.plan.far[slots], sweep.message(message, constant, tile))
        # P of these rows is done with: S takes its place.
        torch.bmm(hidden.mT, near, out=P)
        if constant is not None:
            torch.sum(weighed, 1, dtype=self.sums.dtype, out=self.sums[tile.rows])
        if gradient is not None:
            self.features.add(slots, rows, inputs, gradient)

    def _by_share(self, message: Tensor, constant: Tensor | None, tile: Tile) -> Tensor:
        through = torch.zeros_like(message) if self.sweep.features.edge is None else message
        through = through if constant is None else through + constant[tile.rows]
        near = self.x.index_select(0, self.sweep.plan.far[tile.slots])
        return (near * through.flatten(0, 1)).sum(1, keepdim=True)

    def result(self) -> tuple[Tensor | None, ...]:
        """A gradient for each argument; autograd casts it to the type of the argument."""
        by_target = self.sweep.plan.by == "target"
        dA = self.dA if by_target or self.dA is None else self.dA.mT
        dB = self.dB if by_target or self.dB is None else self.dB.T
        gradient = self.features
        return gradient.values, self.dshare, self.dx if by_target else self.dy, dA, dB, *gradient.parameters


def _add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    """Add ``a b`` to a total, whose type may be wider."""
    if total.dtype == a.dtype:
        total.addmm_(a, b)
    else:
        total.add_(a @ b)
