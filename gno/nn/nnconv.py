"""PyG's ``NNConv`` as a kernel integral."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn

from gno.errors import ConfigError
from gno.nn.kernel_integral import KernelIntegral

_AGGREGATIONS = {"mean": "mean", "add": "sum", "sum": "sum"}


def convert(conv: Any) -> KernelIntegral:
    """The kernel integral that equals an ``NNConv``, with copied parameters.

    Args:
        conv: a ``torch_geometric.nn.NNConv``.

    Raises:
        ConfigError: an aggregation other than mean and sum, messages against the edges, or a kernel that does not end
            in a linear layer.
    """
    aggregation = _AGGREGATIONS.get(conv.aggr) if isinstance(conv.aggr, str) else None
    if aggregation is None:
        raise ConfigError(f"NNConv aggregates by {conv.aggr!r}", why="a kernel integral takes a mean or a sum")
    if conv.flow != "source_to_target":
        raise ConfigError(f"NNConv sends from {conv.flow}", why="a kernel integral collects along the edges")
    layers = list(conv.nn) if isinstance(conv.nn, nn.Sequential) else [conv.nn]
    last = layers[-1] if layers else None
    if not isinstance(last, nn.Linear):
        raise ConfigError(
            f"the kernel of NNConv ends in {type(last).__name__}", why="its last layer must be linear", fix="use NNConv"
        )
    bias = getattr(last, "bias", None)
    layer = KernelIntegral(
        conv.in_channels,
        conv.out_channels,
        deepcopy(nn.Sequential(*layers[:-1])),
        hidden=last.in_features,
        aggregation=aggregation,
        root=conv.root_weight,
        bias=conv.bias is not None,
        kernel_bias=bias is not None,
    ).to(last.weight)
    shape = (layer.in_channels, layer.out_channels)
    with torch.no_grad():
        layer.weight.copy_(last.weight.T.reshape(-1, *shape))
        if bias is not None and layer.kernel_bias is not None:
            layer.kernel_bias.copy_(bias.view(shape))
        if layer.root is not None:
            layer.root.weight.copy_(conv.lin.weight)
        if layer.bias is not None:
            layer.bias.copy_(conv.bias)
    return layer
