"""What a solve gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from gno.fv.nonlinear.report import Report


@dataclass(frozen=True, eq=False)
class Solution:
    r"""A field in the cells of a mesh, and how well it fulfills its equations; of several samples they come first.

    Args:
        u: values ``(cells,)`` at the centroids.
        gradient: ``(cells, dim)``.
        flux: patch to what flows out of the domain through it, :math:`-\int n \cdot K \nabla u \, dS`; ``*`` holds
            outer faces of no named patch.
        report: how the solver did; its iterations are those of GMRES.

    Example:
        >>> import torch
        >>> report = Report(True, 0, 0.0, (0.0,), 1, 0)
        >>> Solution(torch.ones(1), torch.zeros(1, 2), {"wall": torch.tensor(0.0)}, report).report.converged
        True
    """

    u: Float[Tensor, "*samples cells"]
    gradient: Float[Tensor, "*samples cells dim"]
    flux: Mapping[str, Float[Tensor, "*samples"]]
    report: Report
