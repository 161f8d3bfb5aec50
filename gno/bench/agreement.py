"""Agreement of the kernel integral with PyG's ``NNConv`` in float64."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gno.bench.layer import Layer


class Deviation(NamedTuple):
    """Greatest deviation over greatest value.

    Args:
        output: of the result.
        gradient: of the worst gradient, among those of the values and of all parameters.
    """

    output: float
    gradient: float


def deviations(nodes: int, degree: int, dtype: torch.dtype, *, seed: int = 0) -> tuple[Deviation, Deviation]:
    r"""How far ours, and ``NNConv`` itself, in some precision are from ``NNConv`` in float64.

    .. math::
        \max |a - b| \,/\, \max |b|

    Args:
        nodes: of the graph.
        degree: of each node.
        dtype: the precision.
        seed: of graph, values and parameters.

    Returns:
        ours, then that of ``NNConv``.

    Example:
        >>> ours, peer = deviations(20, 4, torch.float64)
        >>> ours.output < 1e-13, peer.output
        (True, 0.0)
    """
    exact, layer = Layer(nodes, degree, seed=seed, dtype=torch.float64), Layer(nodes, degree, seed=seed, dtype=dtype)
    truth = _peer(exact)
    return _deviation(_ours(layer), truth), _deviation(_peer(layer), truth)


def _peer(layer: Layer) -> list[Tensor]:
    """The result and all gradients."""
    out = layer.peer_once()
    return [out, *torch.autograd.grad(out.square().sum(), [layer.v, *layer.conv.parameters()])]


def _ours(layer: Layer) -> list[Tensor]:
    """The same, in the shapes and the order of the peer."""
    own = layer.ours
    out = layer.ours_once()
    sources = [layer.v, *own.kernel.parameters(), *own.parameters(recurse=False)]
    *rest, weight, bias = torch.autograd.grad(out.square().sum(), sources)
    return [out, *rest, weight.flatten(1).T, bias.flatten()]


def _deviation(found: list[Tensor], truth: list[Tensor]) -> Deviation:
    pairs = zip((a.detach().double() for a in found), (b.detach() for b in truth), strict=True)
    away = [float((a - b).abs().max() / b.abs().max()) for a, b in pairs]
    return Deviation(away[0], max(away[1:]))
