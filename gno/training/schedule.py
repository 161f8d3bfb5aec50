"""The learning rate as a function of the step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gno.errors import ConfigError


@dataclass(frozen=True)
class CosineSchedule:
    r"""Linear warm-up, then half a cosine down to a fraction of the peak.

    .. math::
        \eta_s = \eta \begin{cases} (s + 1) / w & s < w \\
        r + \tfrac{1 - r}{2} \left(1 + \cos \pi \tfrac{s - w}{S - w}\right) & s \ge w \end{cases}

    Source: Loshchilov & Hutter 2017, arXiv 1608.03983, equation 5, without restarts.

    Args:
        peak: largest learning rate :math:`\eta`.
        num_steps: steps of the whole run :math:`S`.
        warmup: steps of the warm-up :math:`w`.
        floor: last learning rate as a fraction of the peak :math:`r`.

    Raises:
        ConfigError: fewer steps than the warm-up, or numbers that cannot be.

    Example:
        >>> schedule = CosineSchedule(1.0, num_steps=12, warmup=2)
        >>> [round(schedule(step), 3) for step in (0, 1, 2, 7, 12)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
    """

    peak: float
    num_steps: int
    warmup: int = 0
    floor: float = 0.0

    def __post_init__(self) -> None:
        if self.peak <= 0 or not 0 <= self.floor <= 1:
            raise ConfigError(
                f"a peak of {self.peak} and a floor of {self.floor}", why="the peak is positive, the floor in [0, 1]"
            )
        if self.num_steps < 1 or not 0 <= self.warmup <= self.num_steps:
            raise ConfigError(
                f"a warm-up of {self.warmup} steps in a run of {self.num_steps}",
                why="a run has at least one step, and its warm-up is a part of it",
            )

    def __call__(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        share = min((step - self.warmup) / max(self.num_steps - self.warmup, 1), 1.0)
        return self.peak * (self.floor + (1 - self.floor) * (1 + math.cos(math.pi * share)) / 2)


@dataclass(frozen=True)
class ConstantSchedule:
    """Linear warm-up, then the same learning rate throughout.

    Args:
        peak: learning rate.
        warmup: steps of the warm-up.

    Example:
        >>> ConstantSchedule(1.0, warmup=2)(0), ConstantSchedule(1.0, warmup=2)(9)
        (0.5, 1.0)
    """

    peak: float
    warmup: int = 0

    def __call__(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        return self.peak * min((step + 1) / max(self.warmup, 1), 1.0)
