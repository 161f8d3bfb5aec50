"""The kernel contraction tile by tile: nothing as long as the edges is formed, and backward makes it all anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gno.ops.edge_plan import EdgePlan
from gno.ops.features import FeatureGradient, Features
from gno.ops.plain import contract_plain
from gno.ops.tiles import Group, Tile, group_rows, groups, tile_slots

_Layout = tuple[EdgePlan, Tensor | None, nn.Module | None]  # the plan, and ``edge`` and ``kernel`` of the features


def contract_streamed(
    features: Features, share: Tensor, v: Tensor, weight: Tensor, bias: Tensor | None, plan: EdgePlan
) -> Tensor:
    """The contraction, in memory that does not grow with the number of edges; the same result as the plain one.

    Backward recomputes each tile. A second derivative goes through the plain contraction.

    Args:
        features: of the slots.
        share: weight of each slot.
        v: values at the sources.
        weight: matrices that the features combine.
        bias: matrix added to the kernel of every edge.
        plan: layout of the slots.
    """
    values, edge, kernel = features
    return _Streamed.apply((plan, edge, kernel), values, share, v, weight, bias, *features.parameters)


class _Streamed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, layout: _Layout, *tensors: Any) -> Tensor:
        plan, edge, kernel = ctx.layout = layout
        ctx.save_for_backward(*tensors)
        values, share, v, weight, bias, *_ = tensors
        sweep = _Sweep.of(plan, Features(values, edge, kernel), share, weight, bias)
        return sweep.gather(v) if plan.by == "target" else sweep.scatter(v)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        (gradient,) = gradients
        needed = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled():
            return None, *plain_backward(ctx.layout, ctx.saved_tensors, needed, gradient)
        plan, edge, kernel = ctx.layout
        values, share, v, weight, bias, *_ = ctx.saved_tensors
        sweep = _Sweep.of(plan, Features(values, edge, kernel), share, weight, bias)
        x, y = (v, gradient) if plan.by == "target" else (gradient, v)
        backward = _Backward(sweep, x, y, needed)
        for group in sweep.groups:
            backward.add(group)
        return None, *backward.result()


def plain_backward(layout: _Layout, saved: tuple[Any, ...], needed: tuple[bool, ...], gradient: Tensor) -> list[Any]:
    """Gradients of a contraction that can be differentiated once more.

    Args:
        layout: the plan, and ``edge`` and ``kernel`` of the features.
        saved: ``values``, ``share``, ``v``, ``weight``, ``bias`` and the parameters of the kernel.
        needed: which of their gradients are.
        gradient: by the result.
    """
    plan, edge, kernel = layout
    # Aliases: one argument may depend on another, and that path belongs to the graph outside.
    aliases: list[Any] = [None if t is None else t.view_as(t) for t in saved]
    values, share, v, weight, bias, *parameters = aliases
    hidden = Features(values, edge, kernel).weighted(plan, share, tuple(parameters))
    out = contract_plain(hidden, share, v, weight, bias, plan)
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
        by_target = plan.by == "target"
        A = weight.contiguous() if by_target else weight.mT.contiguous()
        B = bias if by_target or bias is None else bias.T
        rows = group_rows(A[..., 0].numel(), A.element_size())
        parts = groups(plan, tile_slots(len(A), A.element_size()), rows)
        buffer = A.new_empty(min(rows, len(plan.node)), *A.shape[:2])
        return cls(plan, features, share, A, B, parts, buffer)

    def gather(self, x: Tensor) -> Tensor:
        y = x.new_zeros(self._num_rows, self.A.shape[2])
        sums = self.buffer.new_empty(self.buffer.shape[0], self.A.shape[1])
        for group in self.groups:
            for tile in group.tiles:
                near, weighed = self.near(x, tile)
                hidden = self.features.at(tile.slots).reshape(*tile.shape, -1)
                torch.bmm(hidden.mT, near, out=self.buffer[tile.rows])
                if self.B is not None:
                    torch.sum(weighed, 1, out=sums[tile.rows])
            y.index_copy_(0, self.plan.node[group.rows], self.product(group, sums))
        return y

    def scatter(self, y: Tensor) -> Tensor:
        x = y.new_zeros(self._num_far, self.A.shape[1])
        for group in self.groups:
            constant = self.project(y.index_select(0, self.plan.node[group.rows]))
            for tile in group.tiles:
                hidden = self.features.at(tile.slots).reshape(*tile.shape, -1)
                message = torch.bmm(hidden, self.buffer[tile.rows])
                x.index_add_(0, self.plan.far[tile.slots], self.message(message, constant, tile))
        return x

    def near(self, x: Tensor, tile: Tile) -> tuple[Tensor, Tensor]:
        """Values at the far ends of a tile, as the features need them and times the weights."""
        near = x.index_select(0, self.plan.far[tile.slots])
        if self.features.edge is None and self.B is None:
            return (near.view(*tile.shape, -1),) * 2
        weighed = (near * self.share[tile.slots]).view(*tile.shape, -1)
        return (near.view_as(weighed) if self.features.edge is None else weighed), weighed

    def product(self, group: Group, sums: Tensor) -> Tensor:
        """``S A + s B`` of the rows of a group, from the buffer."""
        rows = len(self.plan.node[group.rows])
        y = self.buffer[:rows].flatten(1) @ self.A.flatten(0, 1)
        return y if self.B is None else y.addmm_(sums[:rows], self.B)

    def project(self, y: Tensor) -> Tensor | None:
        """``A y`` of the rows of a group, into the buffer; and ``B y``."""
        torch.mm(y, self.A.flatten(0, 1).T, out=self.buffer[: len(y)].flatten(1))
        return None if self.B is None else (y @ self.B.T).unsqueeze(1)

    def message(self, message: Tensor, constant: Tensor | None, tile: Tile) -> Tensor:
        """``w (h A + B) y`` of a tile from ``h A y`` and ``B y``."""
        share = self.share[tile.slots]
        if self.features.edge is not None:
            message = message if constant is None else message.add_(constant[tile.rows])
            return message.flatten(0, 1).mul_(share)
        if constant is not None:
            message.add_(constant[tile.rows] * share.view(*tile.shape, 1))
        return message.flatten(0, 1)

    @property
    def _num_rows(self) -> int:
        return self.plan.num_targets if self.plan.by == "target" else self.plan.num_sources

    @property
    def _num_far(self) -> int:
        return self.plan.num_sources if self.plan.by == "target" else self.plan.num_targets


class _Backward:
    """Gradients of the trilinear form, summed group by group."""

    def __init__(self, sweep: _Sweep, x: Tensor, y: Tensor, needed: tuple[bool, ...]) -> None:
        values, share, v, weight, bias, *parameters = needed
        by_target = sweep.plan.by == "target"
        self.sweep, self.x, self.y = sweep, x, y
        self.features = FeatureGradient(sweep.features, (values, *parameters))
        self.dshare = torch.zeros_like(sweep.share) if share else None
        self.dx = torch.zeros_like(x) if v and by_target else None
        self.dy = torch.zeros_like(y) if v and not by_target else None
        self.dA = torch.zeros_like(sweep.A) if weight else None
        self.dB = torch.zeros_like(sweep.B) if bias and sweep.B is not None else None
        self.sums = x.new_empty(sweep.buffer.shape[0], x.shape[1])

    def add(self, group: Group) -> None:
        sweep = self.sweep
        node = sweep.plan.node[group.rows]
        y = self.y.index_select(0, node)
        constant = sweep.project(y)
        for tile in group.tiles:
            self._tile(tile, constant)
        # The buffer holds S now.
        if self.dA is not None:
            self.dA.flatten(0, 1).addmm_(sweep.buffer[: len(y)].flatten(1).T, y)
        if self.dB is not None:
            self.dB.addmm_(self.sums[: len(y)].T, y)
        if self.dy is not None:
            self.dy.index_copy_(0, node, sweep.product(group, self.sums))

    def _tile(self, tile: Tile, constant: Tensor | None) -> None:
        sweep, slots = self.sweep, tile.slots
        near, weighed = sweep.near(self.x, tile)
        rows, inputs = self.features.at(slots)
        hidden = rows.detach().reshape(*tile.shape, -1)
        P = sweep.buffer[tile.rows]
        gradient = torch.bmm(near, P.mT).flatten(0, 1) if self.features.needed else None
        if self.dshare is not None or self.dx is not None:
            message = torch.bmm(hidden, P)
            if self.dshare is not None:
                self.dshare[slots] = self._by_share(message, constant, tile)
            if self.dx is not None:
                self.dx.index_add_(0, sweep.plan.far[slots], sweep.message(message, constant, tile))
        # P of these rows is done with: S takes its place.
        torch.bmm(hidden.mT, near, out=P)
        if constant is not None:
            torch.sum(weighed, 1, out=self.sums[tile.rows])
        if gradient is not None:
            self.features.add(slots, rows, inputs, gradient)

    def _by_share(self, message: Tensor, constant: Tensor | None, tile: Tile) -> Tensor:
        through = torch.zeros_like(message) if self.sweep.features.edge is None else message
        through = through if constant is None else through + constant[tile.rows]
        near = self.x.index_select(0, self.sweep.plan.far[tile.slots])
        return (near * through.flatten(0, 1)).sum(1, keepdim=True)

    def result(self) -> tuple[Tensor | None, ...]:
        by_target = self.sweep.plan.by == "target"
        dA = self.dA if by_target or self.dA is None else self.dA.mT
        dB = self.dB if by_target or self.dB is None else self.dB.T
        gradient = self.features
        return gradient.values, self.dshare, self.dx if by_target else self.dy, dA, dB, *gradient.parameters
