"""Hidden features of edges as the contraction reads them: at hand, or made by a kernel network tile by tile."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gno.errors import DataError
from gno.ops.edge_plan import EdgePlan
from gno.ops.precision import sum_type


class Features(NamedTuple):
    """Where the hidden features of the slots of a plan come from.

    Args:
        values: features of the slots, times their weights; or, with ``edge``, of the edges, as they are.
        edge: edge of each slot, where ``values`` lie in the order of the edges.
        kernel: makes the features of an edge from its row of ``values``; ``values`` are the features without it.
        autocast: type that autocast takes products in, where it is on.
    """

    values: Tensor
    edge: Tensor | None = None
    kernel: nn.Module | None = None
    autocast: torch.dtype | None = None

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """Parameters of the kernel."""
        return () if self.kernel is None else tuple(self.kernel.parameters())

    def at(self, slots: slice) -> Tensor:
        """Features of some slots, in the type that products are taken in.

        Args:
            slots: which.
        """
        return self.cast(self.evaluate(self.rows(slots)))

    def rows(self, slots: slice) -> Tensor:
        """What there is at hand of some slots.

        Args:
            slots: which.
        """
        return self.values[slots] if self.edge is None else self.values.index_select(0, self.edge[slots])

    def evaluate(self, rows: Tensor) -> Tensor:
        """Features from what there is at hand, in the precision of the forward pass wherever this is called.

        Args:
            rows: of ``values``.
        """
        if self.kernel is None:
            return rows
        with self.precision():
            return self.kernel(rows)

    def precision(self) -> torch.autocast:
        """Autocast as it was in the forward pass."""
        # No cache: a cast of a parameter made here, without a gradient, would serve those outside who need one.
        device = self.values.device.type
        return torch.autocast(device, self.autocast, enabled=self.autocast is not None, cache_enabled=False)

    def cast(self, values: Tensor) -> Tensor:
        """Values in the type that products are taken in.

        Args:
            values: of another type, where autocast is on.
        """
        return values if self.autocast is None else values.to(self.autocast)

    def weighted(self, plan: EdgePlan, share: Tensor, parameters: tuple[Tensor, ...] | None = None) -> Tensor:
        """Features of all slots, times their weights.

        Args:
            plan: layout of the slots.
            share: weight of each slot.
            parameters: those of the kernel, where others are to be used.
        """
        values = self.values
        if self.kernel is not None and parameters is not None:
            names = [name for name, _ in self.kernel.named_parameters()]
            values = functional_call(self.kernel, dict(zip(names, parameters)), (values,))
        elif self.kernel is not None:
            values = self.kernel(values)
        return values if self.edge is None else values.index_select(0, plan.edge) * share


def zeros_to_sum(like: Tensor) -> Tensor:
    """Zeros of the shape of a tensor, of a type to sum many numbers of its type in.

    Args:
        like: the tensor.
    """
    return torch.zeros_like(like, dtype=sum_type(like.dtype))


def check_width(hidden: Tensor, weight: Tensor) -> Tensor:
    """Features, if they are as many as matrices: products into a buffer would take any number without a word.

    Args:
        hidden: features ``(..., h)``.
        weight: matrices ``(h, ...)``.

    Raises:
        DataError: another number.
    """
    if hidden.shape[-1] != weight.shape[0]:
        raise DataError(
            f"the kernel makes {hidden.shape[-1]} features an edge", why=f"weight combines {weight.shape[0]}"
        )
    return hidden


class FeatureGradient:
    """Gradient of a loss by ``values`` and by the parameters of the kernel, summed tile by tile.

    Args:
        features: whose gradient.
        needed: whether that by ``values`` is needed, and that by each parameter.
    """

    def __init__(self, features: Features, needed: tuple[bool, ...]) -> None:
        self.features, self.needed = features, any(needed)
        self.values = torch.zeros_like(features.values) if needed[0] else None
        self.parameters = [zeros_to_sum(p) if n else None for p, n in zip(features.parameters, needed[1:])]

    def at(self, slots: slice) -> tuple[Tensor, list[Tensor]]:
        """Features of some slots, and the inputs of the kernel that their gradient goes to.

        Args:
            slots: which.
        """
        if self.features.kernel is None or not self.needed:
            return self.features.at(slots), []
        with torch.enable_grad():
            rows = self.features.rows(slots).detach().requires_grad_(self.values is not None)
            hidden = self.features.evaluate(rows)
        inputs = [rows] if self.values is not None else []
        wanted = [p for p, total in zip(self.features.parameters, self.parameters) if total is not None]
        return hidden, [*inputs, *wanted]

    def add(self, slots: slice, hidden: Tensor, inputs: list[Tensor], gradient: Tensor) -> None:
        """Add what a tile contributes.

        Args:
            slots: of the tile.
            hidden: its features, from ``at``.
            inputs: from ``at``.
            gradient: by the features.
        """
        totals = [total for total in self.parameters if total is not None]
        if self.features.kernel is not None:
            parts = list(torch.autograd.grad(hidden, inputs, gradient.to(hidden.dtype), allow_unused=True))
            row_part = parts.pop(0) if self.values is not None else None
            for total, part in zip(totals, parts):
                if part is not None:
                    total.add_(part)
        else:
            row_part = gradient
        if self.values is None or row_part is None:
            return
        if self.features.edge is None:
            self.values[slots] = row_part
        else:
            self.values.index_add_(0, self.features.edge[slots], row_part.to(self.values.dtype))
