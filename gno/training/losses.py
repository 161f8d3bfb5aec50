"""What training makes small: one number from the fields of a batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.ops.segment import segment_sum
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


def nodal_loss(
    prediction: Field, target: Field, weight: Float[Tensor, " nodes"], batch: Int[Tensor, " nodes"], num: int
) -> Float[Tensor, " graphs"]:
    r"""The squared error over the variance of the truth, with each node counting as one, however small its volume.

    .. math::
        \frac{\sum_i |v_i - u_i|^2}{\sum_i |u_i - \bar u|^2}

    For flows about a body, of which most of the volume is far away and most of the nodes are near. A truth that is
    constant is compared with its own size.

    Args:
        prediction: :math:`v`.
        target: :math:`u`.
        weight: of the nodes; those with 0 do not count.
        batch: graph of each node.
        num: number of graphs.

    Example:
        >>> import torch
        >>> truth, graph = torch.tensor([1.0, 3.0]), torch.zeros(2, dtype=torch.int64)
        >>> nodal_loss(truth + 0.5, truth, torch.tensor([1e-6, 1.0]), graph, 1)
        tensor([0.2500])
    """
    shape = [-1, *[1] * (target.ndim - 1)]
    counts = (weight > 0).to(target.dtype)
    total = segment_sum(counts, batch, num).clamp(min=1)
    mean = segment_sum(counts.view(shape) * target, batch, num) / total.view(shape)
    parts = (prediction - target, target - mean[batch], target)
    error, spread, size = (
        segment_sum(counts * part.square().reshape(len(part), -1).sum(dim=1), batch, num) for part in parts
    )
    noise = (16 * torch.finfo(target.dtype).eps) ** 2 * size
    return error / torch.where(spread > noise, spread, torch.where(size > 0, size, 1.0))


LOSSES: dict[str, Loss] = {"relative_l2": relative_l2_loss, "squared_l2": squared_l2_loss, "nodal": nodal_loss}
"""Losses by the name that a recipe gives them."""

RESIDUAL = "residual"
"""The name of the loss that compares with no labels: what the fields miss of the equations of their problem."""
