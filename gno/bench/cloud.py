"""Random points in a box of unit size, and the radius at which they have a given number of neighbors."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor


def cloud(number: int, dim: int = 2, *, seed: int = 0) -> Tensor:
    """Points ``(number, dim)`` drawn evenly from the unit box, in float64.

    Args:
        number: of points.
        dim: of space.
        seed: of the draw.

    Example:
        >>> cloud(3, 2).shape
        torch.Size([3, 2])
    """
    return torch.from_numpy(np.random.default_rng(seed).random((number, dim)))


def radius_of_degree(degree: float | int, number: int, dim: int = 2) -> float:
    r"""The radius within which a point has so many others, on average and away from the boundary.

    .. math::
        n \pi r^2 = d, \qquad n \tfrac{4}{3} \pi r^3 = d

    Args:
        degree: neighbors of a point.
        number: of points in the unit box.
        dim: 2 or 3.

    Example:
        >>> round(radius_of_degree(20, 10_000), 5)
        0.02523
    """
    ball = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)
    return float((degree / (ball * number)) ** (1 / dim))
