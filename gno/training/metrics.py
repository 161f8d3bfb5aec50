"""How far a predicted field is from the true one: relative L2, H1 seminorm and maximum, and RMSE of scaled fields."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.ops import segment_max, segment_sum
from gno.training.gradient import SimplexGradient

Values = Float[Tensor, "nodes *components"]
Graphs = Int[Tensor, " nodes"]
PerGraph = Float[Tensor, " graphs"]


def relative_l2(
    prediction: Values, target: Values, weight: Float[Tensor, " nodes"], batch: Graphs | None = None, num: int = 1
) -> PerGraph:
    r"""Relative error in L2, with the volumes of the nodes as quadrature weights.

    .. math::
        \left( \frac{\sum_i V_i\, |v_i - u_i|^2}{\sum_i V_i\, |u_i|^2} \right)^{1/2}

    Where the true field is zero everywhere, the error is the mean square root itself. The gradient of a vanishing
    error is zero, not NaN.

    Args:
        prediction: :math:`v`, ``(nodes,)`` or ``(nodes, components)``.
        target: :math:`u`, of the same shape.
        weight: :math:`V` ``(nodes,)``.
        batch: graph of each node; all of one graph without it.
        num: number of graphs.

    Example:
        >>> relative_l2(torch.tensor([3.0, 5.0]), torch.tensor([3.0, 4.0]), torch.tensor([1.0, 1.0]))
        tensor([0.2000])
    """
    batch = _batch(target, batch)
    prediction, target = _scaled(prediction, target, batch, num)
    share = weight / segment_sum(weight, batch, num).clamp_min(torch.finfo(weight.dtype).tiny)[batch]
    error = segment_sum(share * _square(prediction - target), batch, num)
    size = segment_sum(share * _square(target), batch, num)
    return _root(error) / _nonzero(_root(size))


def relative_maximum(prediction: Values, target: Values, batch: Graphs | None = None, num: int = 1) -> PerGraph:
    r"""Largest error, relative to the largest value.

    .. math::
        \max_i |v_i - u_i| \,/\, \max_i |u_i|

    Args:
        prediction: :math:`v`, ``(nodes,)`` or ``(nodes, components)``.
        target: :math:`u`, of the same shape; where it is zero everywhere, the error is absolute.
        batch: graph of each node; all of one graph without it.
        num: number of graphs.

    Example:
        >>> relative_maximum(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 2.0]))
        tensor([0.5000])
    """
    batch = _batch(target, batch)
    prediction, target = _scaled(prediction, target, batch, num)
    error = segment_max(_square(prediction - target), batch, num)
    return _root(error) / _nonzero(_root(segment_max(_square(target), batch, num)))


def relative_h1(prediction: Values, target: Values, gradient: SimplexGradient) -> Float[Tensor, ""]:
    r"""Relative error in the H1 seminorm of the piecewise linear interpolation, for one mesh.

    .. math::
        \left( \frac{\int |\nabla (v - u)|^2}{\int |\nabla u|^2} \right)^{1/2}

    Args:
        prediction: :math:`v`, ``(nodes,)`` or ``(nodes, components)``.
        target: :math:`u`, of the same shape; where it is constant, the error is absolute.
        gradient: of the mesh.

    Example:
        >>> from gno.mesh import Mesh
        >>> import numpy as np
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> u = torch.tensor([0.0, 2.0, 0.0])
        >>> relative_h1(u * 1.5, u, SimplexGradient.of(mesh))
        tensor(0.5000)
    """
    error, size = gradient.seminorm(prediction - target), gradient.seminorm(target)
    # Rounding leaves a constant field a gradient of about eps |u| / h, which is not a size to divide by.
    noise = 16 * torch.finfo(target.dtype).eps * gradient.steepest(target)
    return error / torch.where(size > noise, size, 1.0)


def rmse_minmax(
    prediction: Float[Tensor, "nodes components"],
    target: Float[Tensor, "nodes components"],
    low: Float[Tensor, " components"],
    high: Float[Tensor, " components"],
) -> Float[Tensor, ""]:
    r"""Root mean square error of fields scaled to :math:`[-1, 1]` by their range in training.

    .. math::
        \left( \frac{1}{N C} \sum_{i, c} \left( \frac{2\, (v_{ic} - u_{ic})}{b_c - a_c} \right)^2 \right)^{1/2}

    Each node counts once, however large its volume. It is the error of CFD-GCN: Belbute-Peres, Economon, Kolter,
    "Combining differentiable PDE solvers and graph neural networks for fluid flow prediction", ICML 2020.

    Args:
        prediction: :math:`v`.
        target: :math:`u`.
        low: :math:`a`, the least values in training.
        high: :math:`b`, the greatest; where a component had one value only, its error is absolute.

    Example:
        >>> u = torch.tensor([[0.0, 1.0], [4.0, 1.0]])
        >>> rmse_minmax(u + torch.tensor([1.0, 0.5]), u, torch.tensor([0.0, 1.0]), torch.tensor([4.0, 1.0]))
        tensor(0.5000)
    """
    half = torch.where(high > low, (high - low) / 2, 1.0)
    return ((prediction - target) / half).square().mean().sqrt()


def _batch(target: Tensor, batch: Tensor | None) -> Tensor:
    return target.new_zeros(len(target), dtype=torch.int64) if batch is None else batch


def _scaled(prediction: Tensor, target: Tensor, batch: Tensor, num: int) -> tuple[Tensor, Tensor]:
    """Both in units of the largest true value: whatever the units, no square overflows or falls to zero."""
    largest = segment_max(target.abs().reshape(len(target), -1).amax(dim=1), batch, num)
    unit = torch.where(largest > 0, largest, 1.0)[batch].view(-1, *[1] * (target.ndim - 1))
    return prediction / unit, target / unit


def _square(values: Tensor) -> Tensor:
    return values.square().reshape(len(values), -1).sum(dim=1)


def _root(values: Tensor) -> Tensor:
    # The root of 0 has no gradient: there it is cut off.
    return torch.where(values == 0, 0.0, values.clamp_min(torch.finfo(values.dtype).tiny).sqrt())


def _nonzero(size: Tensor) -> Tensor:
    return torch.where(size > 2 * torch.finfo(size.dtype).tiny ** 0.5, size, 1.0)
