"""States of coarse solves, to start from when the same condition, or one near to it, is solved again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


class CoarseStates:
    """The last state of every condition that was solved.

    While it is open, solves are remembered; closed, it only gives. A checkpoint holds it, so that a run that was
    stopped starts its solves from where one that was not does.

    Args:
        is_open: whether solves are remembered.

    Example:
        >>> states = CoarseStates(is_open=True)
        >>> states.remember(torch.tensor([[0.3], [0.5]]), torch.tensor([[1.0], [2.0]]))
        >>> states.nearest(torch.tensor([[0.31], [0.5], [0.9]])).flatten().tolist()
        [1.0, 2.0, 2.0]
    """

    def __init__(self, *, is_open: bool = False) -> None:
        self.is_open = is_open
        self._kept: dict[tuple[float, ...], Tensor] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def remember(self, conditions: Float[Tensor, "samples numbers"], states: Float[Tensor, "samples ..."]) -> None:
        """Keep the states, if open.

        Args:
            conditions: what was solved.
            states: what came out.
        """
        if self.is_open:
            for condition, state in zip(conditions.tolist(), states):
                self._kept[tuple(condition)] = state.detach().clone()

    def nearest(self, conditions: Float[Tensor, "samples numbers"]) -> Float[Tensor, "samples ..."] | None:
        """The state of each condition, or of the nearest one in units of the range of all; ``None`` without any.

        Args:
            conditions: what is to be solved.
        """
        if not self._kept:
            return None
        known = torch.tensor(list(self._kept), dtype=torch.float64).reshape(len(self._kept), -1)
        span = known.amax(0) - known.amin(0)
        span = torch.where(span > 0, span, 1.0)
        away = (conditions.double().cpu()[:, None] - known) / span
        states = list(self._kept.values())
        return torch.stack([states[i] for i in away.square().sum(dim=2).argmin(dim=1).tolist()])

    def to_dict(self) -> dict[str, Any]:
        """What a checkpoint can hold."""
        if not self._kept:
            return {}
        return {"conditions": [list(key) for key in self._kept], "states": torch.stack([*self._kept.values()])}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """The inverse of ``to_dict``.

        Args:
            kept: what a checkpoint held.
        """
        rows = zip(kept.get("conditions", ()), kept.get("states", ()))
        self._kept = {tuple(map(float, condition)): state.clone() for condition, state in rows}


def coarse_states(module: nn.Module) -> list[CoarseStates]:
    """The states that a module keeps of coarse solves.

    Args:
        module: any module.

    Example:
        >>> coarse_states(nn.Linear(1, 1))
        []
    """
    found = (getattr(part, "states", None) for part in module.modules())
    return [states for states in found if isinstance(states, CoarseStates)]
