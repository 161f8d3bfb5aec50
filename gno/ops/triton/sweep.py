"""A pass over the rows of a plan, group by group, with the products of its tiles in Triton."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gno.ops.edge_plan import EdgePlan
from gno.ops.features import Features, check_width
from gno.ops.tiles import Group, Tile, groups
from gno.ops.triton.layers import Layer, layers_of
from gno.ops.triton.products import Rows, aggregate, spread

GROUP_BYTES = 2**26
"""Aggregated features of a group: about a thousand rows of 256 features by 64 channels, programs enough for any GPU."""

GROUP_ROWS = 128
"""Least rows of a group: the matrices of the kernel are read once for so many rows."""

TILE_BYTES = 2**25
"""What is written for the slots of a tile: hidden features by torch and the gradient by them, or else messages."""


@dataclass(frozen=True)
class Sweep:
    r"""The trilinear form :math:`\sum_s w_s\, x_{f(s)} (\sum_k h_{sk} A_k + B)\, y_{r(s)}` over the slots of a plan.

    ``x`` lives at the far ends of the edges, ``y`` at the rows. ``gather`` is its derivative by ``y``, ``scatter``
    that by ``x``: grouped by target, the contraction gathers; grouped by source, it scatters.

    Args:
        plan: layout of the slots.
        features: ``h``.
        layers: those of the network that makes ``h``, if they fit into registers.
        share: ``w``.
        A: ``(h, far channels, row channels)``.
        B: ``(far channels, row channels)``, if there is one.
        rows: of a group.
    """

    plan: EdgePlan
    features: Features
    layers: tuple[Layer, ...] | None
    share: Tensor
    A: Tensor
    B: Tensor | None
    rows: int

    @classmethod
    def of(cls, plan: EdgePlan, features: Features, share: Tensor, weight: Tensor, bias: Tensor | None) -> Sweep:
        """A sweep of the arguments of a contraction."""
        by_target = plan.by == "target"
        A = (weight if by_target else weight.mT).contiguous()
        B = bias if by_target or bias is None else bias.T
        rows = max(GROUP_ROWS, GROUP_BYTES // (A[..., 0].numel() * A.element_size()))
        made = features._replace(values=features.values.contiguous())
        layers = None if features.kernel is None else layers_of(features.kernel)
        if layers is not None:
            check_width(layers[-1].weight.T, A)
        elif features.kernel is None:
            check_width(features.values, A)
        return cls(plan, made, layers, share.contiguous(), A, B, min(rows, max(GROUP_ROWS, len(plan.node))))

    def gather(self, x: Tensor) -> Tensor:
        """``sum of w (h A + B)^T x`` at the rows."""
        x, (S, s) = x.contiguous(), self.buffers()
        y = total(x, self.plan.num_near, self.A.shape[2])
        for group in self.groups():
            for tile in group.tiles:
                self.aggregate(self.hidden(tile), x, tile, S, s)
            y.index_add_(0, group.node, self.product(S, s, group).to(y.dtype))
        return y.to(x.dtype)

    def scatter(self, y: Tensor) -> Tensor:
        """``sum of w (h A + B) y`` at the far ends."""
        S, _ = self.buffers()
        x = total(y, self.plan.num_far, self.A.shape[1])
        for group in self.groups():
            constant = self.project(y.index_select(0, group.node), S)
            for tile in group.tiles:
                self.send(self.hidden(tile), S, constant, tile, x)
        return x.to(y.dtype)

    def groups(self, *, gradient: bool = False) -> list[Group]:
        """Groups of rows, in tiles.

        Args:
            gradient: whether that by the hidden features is written, too.
        """
        h, c, _ = self.A.shape
        written = gradient or (self.features.kernel is not None and self.layers is None)
        slots = TILE_BYTES // ((h if written else c) * self.A.element_size())
        return groups(self.plan, max(1, slots), self.rows)

    def buffers(self) -> tuple[Tensor, Tensor]:
        """Room for the sums of a group: with the features, and without."""
        h, c, _ = self.A.shape
        return self.A.new_empty(self.rows, h, c), self.A.new_empty(self.rows, c)

    def hidden(self, tile: Tile) -> Rows:
        """Hidden features of a tile."""
        values, edge, kernel, _ = self.features
        if kernel is not None and self.layers is None:
            return Rows(check_width(self.features.at(tile.slots), self.A).contiguous())
        layers = self.layers or ()
        return Rows(values[tile.slots], None, layers) if edge is None else Rows(values, edge[tile.slots], layers)

    def aggregate(self, hidden: Rows, x: Tensor, tile: Tile, S: Tensor, s: Tensor) -> None:
        """``S = sum of w h x`` and ``s = sum of w x`` of the rows of a tile."""
        far = Rows(x, self.plan.far[tile.slots])
        sums = None if self.B is None else s[tile.rows]
        aggregate(hidden, far, self.share[tile.slots], tile, weighted=self.weighted, out=S[tile.rows], sums=sums)

    def product(self, S: Tensor, s: Tensor, group: Group) -> Tensor:
        """``S A + s B`` of a group."""
        y = S[: group.num_rows].flatten(1) @ self.A.flatten(0, 1)
        return y if self.B is None else y.addmm_(s[: group.num_rows], self.B)

    def project(self, y: Tensor, P: Tensor) -> Tensor | None:
        """``P = A y`` of the rows of a group; ``B y`` is returned."""
        torch.mm(y, self.A.flatten(0, 1).T, out=P[: len(y)].flatten(1))
        return None if self.B is None else y @ self.B.T

    def send(self, hidden: Rows, P: Tensor, constant: Tensor | None, tile: Tile, x: Tensor) -> None:
        """Add ``w (h P + constant)`` of a tile at the far ends.

        Messages are written, then added by torch: it adds in a fixed order where the user asks for that.
        """
        c, share = None if constant is None else constant[tile.rows], self.share[tile.slots]
        message = spread(hidden, P[tile.rows], c, share, tile, weighted=self.weighted, dtype=x.dtype)
        x.index_add_(0, self.plan.far[tile.slots], message)

    @property
    def weighted(self) -> bool:
        """Whether the hidden features are still to be weighted: those that lie in the slots already are."""
        return self.features.edge is not None


def total(like: Tensor, *shape: int) -> Tensor:
    """Zeros to sum many terms in: float32 at least.

    Args:
        like: terms.
        shape: of a term.

    Example:
        >>> total(torch.ones(2, dtype=torch.bfloat16), 2).dtype
        torch.float32
    """
    return like.new_zeros(shape, dtype=torch.promote_types(like.dtype, torch.float32))
