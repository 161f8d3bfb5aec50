"""What training makes small: one number from the fields of a batch."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor

from gno.training.metrics import relative_l2

Field = Float[Tensor, "nodes *components"]
Loss = Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor]
"""``(prediction, target, weight, batch, num) -> (graphs,)``, one number a graph, for one field."""


def relative_l2_loss(
    prediction: Field, target: Field, weight: Float[Tensor, " nodes"], batch: Int[Tensor, " nodes"], num: int
) -> Float[Tensor, " graphs"]:
    """The relative error in L2 of each graph; see ``gno.training.metrics.relative_l2``.

    Example:
        >>> import torch
        >>> one, graph = torch.ones(2), torch.zeros(2, dtype=torch.int64)
        >>> relative_l2_loss(1.5 * one, one, one, graph, 1)
        tensor([0.5000])
    """
    return relative_l2(prediction, target, weight, batch, num)


def squared_l2_loss(
    prediction: Field, target: Field, weight: Float[Tensor, " nodes"], batch: Int[Tensor, " nodes"], num: int
) -> Float[Tensor, " graphs"]:
    """The square of the relative error in L2: fewer cares for samples that are fitted already.

    Example:
        >>> import torch
        >>> one, graph = torch.ones(2), torch.zeros(2, dtype=torch.int64)
        >>> squared_l2_loss(1.5 * one, one, one, graph, 1)
        tensor([0.2500])
    """
    return relative_l2(prediction, target, weight, batch, num).square()


LOSSES: dict[str, Loss] = {"relative_l2": relative_l2_loss, "squared_l2": squared_l2_loss}
"""Losses by the name that a recipe gives them."""
