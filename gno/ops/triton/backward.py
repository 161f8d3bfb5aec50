"""The backward pass of the contraction in Triton: gradients of a trilinear form, summed group by group."""

from __future__ import annotations

import torch
from torch import Tensor

from gno.ops.features import FeatureGradient
from gno.ops.tiles import Group, Tile
from gno.ops.triton.products import Rows, spread
from gno.ops.triton.sweep import Sweep, total


class Backward:
    """Gradients by all that is in a sweep.

    With ``P = A y`` of the rows of a group, ``dh = w x P`` and ``dx = w (h P + B y)`` for each slot. Then ``S`` takes
    the place of ``P``: ``dA = S y`` and ``dy = S A + s B``.

    Args:
        sweep: the form.
        x: values at the far ends.
        y: values at the rows; one of the two is the gradient by the result.
        needed: whether that by ``values``, ``share``, ``v``, ``weight``, ``bias`` and each parameter is.
    """

    def __init__(self, sweep: Sweep, x: Tensor, y: Tensor, needed: tuple[bool, ...]) -> None:
        values, share, v, weight, bias, *parameters = needed
        by_target = sweep.plan.by == "target"
        self.sweep, self.x, self.y = sweep, x.contiguous(), y
        self.features = FeatureGradient(sweep.features, (values, *parameters))
        self.dshare = torch.zeros_like(sweep.share) if share else None
        self.dx = total(x, *x.shape) if v and by_target else None
        self.dy = total(y, *y.shape) if v and not by_target else None
        self.dA = total(x, *sweep.A.shape) if weight else None
        self.dB = total(x, *sweep.B.shape) if bias and sweep.B is not None else None
        self.S, self.s = sweep.buffers()

    def run(self) -> tuple[Tensor | None, ...]:
        """Gradients in the order of ``needed``."""
        for group in self.sweep.groups(gradient=self.features.needed):
            self._group(group)
        dv, dA, dB = self.dx, self.dA, self.dB
        if self.sweep.plan.by == "source":
            dv, dA, dB = self.dy, None if dA is None else dA.mT, None if dB is None else dB.T
        dv, dA, dB = (None if t is None else t.to(self.x.dtype) for t in (dv, dA, dB))
        return self.features.values, self.dshare, dv, dA, dB, *self.features.parameters

    def _group(self, group: Group) -> None:
        y = self.y.index_select(0, group.node)
        constant = self.sweep.project(y, self.S)
        for tile in group.tiles:
            self._tile(tile, constant)
        if self.dA is not None:
            self.dA += (self.S[: len(y)].flatten(1).T @ y).view_as(self.dA)
        if self.dB is not None:
            self.dB += self.s[: len(y)].T @ y
        if self.dy is not None:
            self.dy.index_add_(0, group.node, self.sweep.product(self.S, self.s, group).to(self.dy.dtype))

    def _tile(self, tile: Tile, constant: Tensor | None) -> None:
        sweep, P = self.sweep, self.S[tile.rows]
        made, inputs = self._made(tile)
        hidden = sweep.hidden(tile) if made is None else Rows(made.detach().contiguous())
        if self.dshare is not None:
            self.dshare[tile.slots] = self._by_share(hidden, constant, tile)
        if self.dx is not None:
            sweep.send(hidden, self.S, constant, tile, self.dx)
        if self.features.needed:
            far, share = Rows(self.x, sweep.plan.far[tile.slots]), sweep.share[tile.slots]
            gradient = spread(far, P.mT, None, share, tile, weighted=sweep.weighted, dtype=P.dtype)
            self.features.add(tile.slots, made if made is not None else gradient, inputs, gradient)
        if any(t is not None for t in (self.dA, self.dB, self.dy)):
            sweep.aggregate(hidden, self.x, tile, self.S, self.s)

    def _made(self, tile: Tile) -> tuple[Tensor | None, list[Tensor]]:
        """Hidden features with the graph that leads to the parameters of their network, if its gradient is needed."""
        wanted = self.features.needed and self.sweep.features.kernel is not None
        return self.features.at(tile.slots) if wanted else (None, [])

    def _by_share(self, hidden: Rows, constant: Tensor | None, tile: Tile) -> Tensor:
        """``x (h P + B y)``, without the first term where the features hold their weights already."""
        ones, c = torch.ones_like(self.sweep.share[tile.slots]), None if constant is None else constant[tile.rows]
        near = self.x.index_select(0, self.sweep.plan.far[tile.slots])
        if self.sweep.weighted:
            through = spread(hidden, self.S[tile.rows], c, ones, tile, weighted=False, dtype=near.dtype)
        elif c is not None:
            through = c.repeat_interleave(tile.shape[1], 0)
        else:
            return torch.zeros_like(ones)
        return (near * through).sum(1, keepdim=True)
