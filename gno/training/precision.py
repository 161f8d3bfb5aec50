"""Mixed precision: the forward pass in half of the digits, weights and loss in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_FIRST = 2.0**16
_PATIENCE = 2000  # steps without an overflow after which the factor is doubled


class Precision:
    """Autocast by name, and the factor that keeps gradients in float16 from vanishing.

    The loss is multiplied by the factor and the gradient divided by it; a step whose gradient overflows is left out and
    halves it. Source: Micikevicius et al. 2018, arXiv 1710.03740.

    Args:
        name: ``float32`` (all as it is), ``bfloat16`` or ``float16``.
        device: where the network is computed.

    Example:
        >>> Precision("bfloat16", torch.device("cpu")).factor
        1.0
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self.name, self.device = name, device
        self.factor, self.good = (_FIRST, 0) if name == "float16" else (1.0, 0)

    def autocast(self) -> torch.autocast:
        """The context of a forward pass."""
        half = _TYPES.get(self.name)
        return torch.autocast(self.device.type, dtype=half or torch.bfloat16, enabled=half is not None)

    def take_back(self, module: nn.Module) -> bool:
        """Divide the gradients of a module by the factor; returns whether they can be used.

        Args:
            module: after a backward pass of the loss times the factor.
        """
        if self.name != "float16":
            return True
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        used = self.factor
        usable = all(bool(torch.isfinite(g).all()) for g in gradients)
        if not usable and self.factor > 1:
            self.factor, self.good = self.factor / 2, 0
            return False
        for gradient in gradients:
            gradient /= used
        self.good += 1
        if self.good >= _PATIENCE:
            self.factor, self.good = self.factor * 2, 0
        return True

    def state(self) -> dict[str, float | int]:
        """What a checkpoint holds."""
        return {"factor": self.factor, "good": self.good}

    def restore(self, state: Mapping[str, Any]) -> None:
        """The inverse of ``state``."""
        self.factor, self.good = float(state["factor"]), int(state["good"])
