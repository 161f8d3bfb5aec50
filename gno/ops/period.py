"""The periodic box: points wrapped into it, and the shortest image of an offset."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError


def check_period(period: Sequence[float | int] | None, dim: int) -> None:
    """Refuse a period that is not ``dim`` lengths, positive or 0.

    Args:
        period: length of the periodic box along each axis; 0 along an axis that is not periodic.
        dim: dimension of the points.

    Raises:
        ConfigError: the wrong number of lengths, or one that is negative or not finite.

    Example:
        >>> check_period((1.0, 0.0), 2)
    """
    if period is None:
        return
    if len(period) != dim or not all(math.isfinite(p) and p >= 0 for p in period):
        raise ConfigError(
            f"period is {tuple(period)}",
            why=f"points in {dim}-D need {dim} lengths that are finite and not negative",
            fix="write 0 for an axis that is not periodic",
        )


def wrap(
    points: Float[np.ndarray, "nodes dim"], period: Sequence[float | int] | None
) -> tuple[Float[np.ndarray, "nodes dim"], Float[np.ndarray, " dim"] | None]:
    """Points moved into the box ``[0, period)``, and the box as a k-d tree wants it: ``None`` if nothing is periodic.

    Args:
        points: coordinates ``(nodes, dim)``.
        period: length of the periodic box along each axis; 0 along an axis that is not periodic.

    Raises:
        ConfigError: a period that cannot be.

    Example:
        >>> wrap(np.array([[1.25, 1.25]]), (1.0, 0.0))[0].tolist()
        [[0.25, 1.25]]
    """
    check_period(period, points.shape[1])
    if period is None or not any(period):
        return points, None
    return inside(torch.from_numpy(points), period).numpy(), np.asarray(period, dtype=np.float64)


def inside(points: Float[Tensor, "nodes dim"], period: Sequence[float | int] | None) -> Float[Tensor, "nodes dim"]:
    """Points moved into the box ``[0, period)``, on their device.

    Args:
        points: coordinates ``(nodes, dim)``.
        period: length of the periodic box along each axis, 0 along an axis that is not periodic; checked already.

    Example:
        >>> inside(torch.tensor([[1.25, 1.25]]), (1.0, 0.0))
        tensor([[0.2500, 1.2500]])
    """
    if period is None:
        return points
    box = torch.tensor([float(p) for p in period], dtype=points.dtype, device=points.device)
    wrapped = torch.where(box > 0, points.remainder(torch.where(box > 0, box, 1.0)), points)
    # The remainder of a tiny negative number rounds up to the period itself, which lies outside.
    return torch.where((box > 0) & (wrapped >= box), 0.0, wrapped)


def minimum_image(
    offset: Float[Tensor, "pairs dim"], period: Sequence[float | int] | None = None
) -> Float[Tensor, "pairs dim"]:
    """The shortest of all periodic images of an offset between two points.

    Args:
        offset: differences of points ``(pairs, dim)``.
        period: length of the periodic box along each axis; 0 along an axis that is not periodic.

    Raises:
        ConfigError: a period that cannot be.

    Example:
        >>> minimum_image(torch.tensor([[0.75, 0.75]]), period=(1.0, 0.0))
        tensor([[-0.2500,  0.7500]])
    """
    if period is None:
        return offset
    check_period(period, offset.shape[1])
    length = torch.as_tensor(period, dtype=offset.dtype, device=offset.device)
    turns = torch.round(offset / torch.where(length > 0, length, torch.inf))
    return offset - length * turns
