"""Sets of points that are hard to search in, each in its own way."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def cloud(kind: str, num: int, dim: int, seed: int) -> Tensor:
    """Random points, points of a lattice, on one line, in clusters, with outliers, all in one place, each twice."""
    rng = np.random.default_rng(seed)
    points = {
        "random": lambda: 3 * rng.random((num, dim)) - 1,
        "lattice": lambda: 0.1 * rng.integers(-10, 20, (num, dim)),
        "line": lambda: np.where(np.arange(dim) == rng.integers(dim), 3 * rng.random((num, 1)) - 1, 0.4),
        "clusters": lambda: rng.integers(0, 2, (num, dim)) + 0.02 * rng.standard_normal((num, dim)),
        "far": lambda: np.where(rng.random((num, 1)) < 0.1, 1e9, 1.0) * rng.random((num, dim)),
        "place": lambda: np.full((num, dim), 0.1),
        "twice": lambda: np.repeat(rng.random((num, dim)), 2, axis=0)[:num],
    }[kind]()
    return torch.from_numpy(np.asarray(points, dtype=np.float64))
