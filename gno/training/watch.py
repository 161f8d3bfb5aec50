"""What goes wrong in a run: numbers that are not finite, a loss that runs away, weights that stand still."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import nn

RUNAWAY = 100.0
"""A loss so many times the best one of an epoch has run away."""


def culprit(module: nn.Module) -> str:
    """Which parameter is not finite, or has a gradient that is not; else the largest weight.

    Args:
        module: after a step that failed.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> _ = nn.init.constant_(layer.weight, 3.0), nn.init.constant_(layer.bias, math.inf)
        >>> culprit(layer)
        'parameter bias is not finite'
    """
    named = [(name, p) for name, p in module.named_parameters() if p.numel()]
    for name, parameter in named:
        if not bool(torch.isfinite(parameter.detach()).all()):
            return f"parameter {name} is not finite"
    for name, parameter in named:
        if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all()):
            return f"the gradient of {name} is not finite"
    if not named:
        return "there are no parameters"
    largest, name = max((float(p.detach().abs().max()), name) for name, p in named)
    return f"all weights are finite, the largest is {largest:.3g} in {name}"


def warn_of_epoch(rows: Sequence[Mapping[str, float | int]], loss: float, module: nn.Module) -> None:
    """Warn of a loss that runs away and of gradients that are all zero, once each.

    Args:
        rows: of the epochs before.
        loss: mean of this one.
        module: after its last step.

    Example:
        >>> warn_of_epoch([{"train_loss": 1.0}], 0.9, nn.Linear(1, 1))
    """
    losses = [float(row["train_loss"]) for row in rows]
    best = min(losses, default=math.inf)
    if loss > RUNAWAY * best >= max(losses):
        warnings.warn(
            f"the loss is {loss:.3g} and was {best:.3g}: training diverges; lower optimization.learning_rate",
            stacklevel=2,
        )
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    if not rows and gradients and not any(bool(g.any()) for g in gradients):
        warnings.warn("all gradients are zero: the network does not learn; is the target constant?", stacklevel=2)
