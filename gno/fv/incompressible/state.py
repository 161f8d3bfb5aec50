"""The state of a flow that changes in time, and how its run went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class FlowState(NamedTuple):
    """Velocity and pressure at one time, and what the next step takes from the time before.

    Args:
        velocity: ``(cells, dim)``.
        pressure: over the density ``(cells,)``; its mean is 0 where no outlet fixes it.
        flux: volume per time through each face out of its owner ``(faces,)``; nothing is left over in any cell.
        time: the time.
        before: velocity and flux one step earlier; none at the start.
    """

    velocity: Float[Tensor, "cells dim"]
    pressure: Float[Tensor, " cells"]
    flux: Float[Tensor, " faces"]
    time: float = 0.0
    before: tuple[Float[Tensor, "cells dim"], Float[Tensor, " faces"]] | None = None


@dataclass
class FlowReport:
    """How a run went.

    Args:
        steps: number of steps.
        imbalance: largest sum of fluxes out of a cell, over the largest sum of their sizes in any cell.
        courant: largest part of a cell's volume that left it in one step.

    Example:
        >>> FlowReport(steps=2, imbalance=1e-16, courant=0.4).steps
        2
    """

    steps: int = 0
    imbalance: float = 0.0
    courant: float = 0.0
