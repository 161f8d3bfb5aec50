"""One step: the loss of a batch, and the update of the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Batch

from gno.errors import SolverError
from gno.models.hybrids.learned_mesh import learned_meshes
from gno.training.losses import Loss

Fields = Mapping[str, Tensor]
SHARE = "rate_share"
"""Of the learning rate, what a group of parameters has."""


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


def add_barrier(module: nn.Module) -> None:
    """Add the gradient of what keeps the cells of learned meshes from turning over; it is no part of the loss told.

    Args:
        module: with the meshes; nothing is done without any.

    Example:
        >>> add_barrier(nn.Linear(1, 1))
    """
    for mesh in learned_meshes(module):
        mesh.penalty().backward()


def take_step(value: float, module: nn.Module, optimizer: torch.optim.Optimizer, *, rate: float, clip: float) -> None:
    """Change the weights of a module against its gradient; cells of learned meshes stay valid.

    Args:
        value: of the loss whose gradient it is.
        module: whose weights are changed.
        optimizer: of its parameters.
        rate: learning rate of this step.
        clip: largest norm of the gradient; 0 leaves it alone.

    Raises:
        SolverError: the loss or the gradient is not finite; the weights are left as they were.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> optimizer = torch.optim.SGD(layer.parameters())
        >>> loss = layer(torch.ones(1, 1)).sum()
        >>> loss.backward()
        >>> take_step(float(loss.detach()), layer, optimizer, rate=0.5, clip=0.0)
        >>> round(float(layer(torch.ones(1, 1)).detach() - loss.detach()), 6)
        -1.0
    """
    if not math.isfinite(value):
        raise SolverError(f"the loss is {value}")
    norm = float(nn.utils.clip_grad_norm_(module.parameters(), clip or math.inf))
    if not math.isfinite(norm):
        raise SolverError(f"the gradient has the norm {norm}", why=f"the loss is {value:.4g}")
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get(SHARE, 1.0)
    meshes = learned_meshes(module)
    before = [mesh.displacement.detach().clone() for mesh in meshes]
    optimizer.step()
    for mesh, displacement in zip(meshes, before):
        mesh.settle(displacement)
