"""One step: forward, loss, backward, clip, update."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Batch

from gno.errors import SolverError
from gno.training.losses import Loss

Fields = Mapping[str, Tensor]


def batch_loss(prediction: Fields, target: Fields, batch: Batch, loss: Loss) -> Float[Tensor, ""]:
    """The loss of a batch: the mean over its graphs and over the fields.

    Args:
        prediction: field to values ``(nodes,)`` or ``(nodes, components)``.
        target: the same of the true fields.
        batch: with ``node_volume`` and ``batch``.
        loss: of one field.
    """
    parts = [
        loss(prediction[n], target[n], batch.node_volume, batch.batch, batch.num_graphs).mean() for n in prediction
    ]
    return torch.stack(parts).mean()


def take_step(loss: Tensor, module: nn.Module, optimizer: torch.optim.Optimizer, *, rate: float, clip: float) -> float:
    """Change the weights of a module against the gradient of a loss.

    Args:
        loss: one number, with its graph.
        module: whose weights are changed.
        optimizer: of its parameters.
        rate: learning rate of this step.
        clip: largest norm of the gradient; 0 leaves it alone.

    Returns:
        The loss.

    Raises:
        SolverError: the loss or the gradient is not finite; the weights are left as they were.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> optimizer = torch.optim.SGD(layer.parameters())
        >>> take_step(layer(torch.ones(1, 1)).square().sum() * 0 + 2, layer, optimizer, rate=0.1, clip=1.0)
        2.0
    """
    value = float(loss.detach())
    if not math.isfinite(value):
        raise SolverError(f"the loss is {value}")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = float(nn.utils.clip_grad_norm_(module.parameters(), clip or math.inf))
    if not math.isfinite(norm):
        raise SolverError(f"the gradient has the norm {norm}", why=f"the loss is {value:.4g}")
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    return value
