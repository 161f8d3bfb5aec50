"""What a solve gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Solution:
    r"""A field in the cells of a mesh, and how well it fulfills its equations.

    Args:
        u: values ``(cells,)`` at the centroids.
        gradient: ``(cells, dim)``.
        flux: patch to :math:`\int a \, \partial u / \partial n \, dS` over it, normal out of the domain; ``*`` holds
            outer faces of no named patch.
        iterations: steps of the linear solver.
        residual: norm of the residual over that of the right-hand side.

    Example:
        >>> solution = Solution(np.ones(1), np.zeros((1, 2)), {"wall": 0.0}, iterations=0, residual=0.0)
        >>> solution.flux["wall"]
        0.0
    """

    u: Float[np.ndarray, " cells"]
    gradient: Float[np.ndarray, "cells dim"]
    flux: Mapping[str, float]
    iterations: int
    residual: float
