"""The graph convolution: a weighted mean over a node and its neighbors, and a linear map."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import linear

from gno.errors import ConfigError, DataError
from gno.ops.segment import segment_sum

Weights = tuple[Float[Tensor, " edges"], Float[Tensor, " nodes"]]
"""Of the edges, and of the loop at each node."""


def symmetric_weights(edge_index: Int[Tensor, "2 edges"], num_nodes: int, dtype: torch.dtype | None = None) -> Weights:
    r"""Entries of the adjacency with loops, normalized from both sides.

    .. math::
        \hat A = D^{-1/2} (A + 1) D^{-1/2}, \qquad D_{ii} = 1 + |\{e : e \to i\}|

    Source: Kipf & Welling 2017, arXiv 1609.02907, equation 2.

    Args:
        edge_index: ``[source; target]`` without loops.
        num_nodes: number of nodes.
        dtype: of the weights; torch's default type without it.

    Returns:
        weight ``(edges,)`` of each edge, and of the loop at each node ``(nodes,)``.

    Example:
        >>> symmetric_weights(torch.tensor([[0, 1], [1, 0]]), 3)
        (tensor([0.5000, 0.5000]), tensor([0.5000, 0.5000, 1.0000]))
    """
    one = torch.ones(edge_index.shape[1], dtype=dtype or torch.get_default_dtype(), device=edge_index.device)
    scale = (segment_sum(one, edge_index[1], num_nodes) + 1).rsqrt()
    return scale[edge_index[0]] * scale[edge_index[1]], scale.square()


class GraphConvolution(nn.Module):
    r"""A graph convolution with symmetric normalization.

    .. math::
        v' = \hat A v W + b, \qquad \hat A = D^{-1/2} (A + 1) D^{-1/2}

    The sum over neighbors runs over the narrower of :math:`v` and :math:`v W`, which is the same and cheaper.

    Source: Kipf & Welling 2017, arXiv 1609.02907, equation 2.

    Args:
        in_channels: width of ``v``.
        out_channels: width of the result.

    Raises:
        ConfigError: a width below 1.

    Shapes:
        - input: ``v (nodes, in)``, ``edge_index (2, edges)``
        - output: ``(nodes, out)``

    Example:
        >>> layer = GraphConvolution(2, 5)
        >>> layer(torch.ones(3, 2), torch.tensor([[0, 1], [1, 0]])).shape
        torch.Size([3, 5])
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        if min(in_channels, out_channels) < 1:
            raise ConfigError(
                f"a graph convolution from {in_channels} to {out_channels} channels", why="1 is the least"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels))
        self.bias = nn.Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot's uniform weights, no bias."""
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(
        self, v: Float[Tensor, "nodes c_in"], edge_index: Int[Tensor, "2 edges"], weights: Weights | None = None
    ) -> Float[Tensor, "nodes c_out"]:
        """Apply the layer.

        Args:
            v: values at the nodes.
            edge_index: ``[source; target]``, without loops.
            weights: those of ``symmetric_weights``, where several layers share them.

        Raises:
            DataError: a wrong width, or an index that is out of range.
        """
        if v.shape[1] != self.in_channels:
            raise DataError(f"v has {v.shape[1]} channels", why=f"the layer takes {self.in_channels}")
        weights = symmetric_weights(edge_index, len(v), v.dtype) if weights is None else weights
        if self.in_channels <= self.out_channels:
            return linear(_mean(v, edge_index, weights), self.weight, self.bias)
        return _mean(linear(v, self.weight), edge_index, weights) + self.bias


class GraphConvolutions(nn.Module):
    r"""Graph convolutions with a ReLU between them; all share one normalization.

    .. math::
        v \leftarrow \max(0, \hat A v W_t + b_t), \qquad t = 1 \ldots T

    Args:
        sizes: channels of the input, of each hidden layer and of the output.
        last: apply the ReLU after the last layer, too.

    Raises:
        ConfigError: fewer than two sizes, or one below 1.

    Example:
        >>> GraphConvolutions((2, 8, 1))(torch.ones(3, 2), torch.tensor([[0, 1], [1, 0]])).shape
        torch.Size([3, 1])
    """

    def __init__(self, sizes: Sequence[int], *, last: bool = False) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise ConfigError(f"sizes are {tuple(sizes)}", why="graph convolutions need two or more")
        self.layers = nn.ModuleList(GraphConvolution(before, after) for before, after in pairwise(sizes))
        self.last = last

    def forward(
        self, v: Float[Tensor, "nodes c_in"], edge_index: Int[Tensor, "2 edges"], weights: Weights | None = None
    ) -> Float[Tensor, "nodes c_out"]:
        """Apply the layers.

        Args:
            v: values at the nodes.
            edge_index: ``[source; target]``, without loops.
            weights: those of ``symmetric_weights``, where others share them.

        Raises:
            DataError: a wrong width, or an index that is out of range.
        """
        weights = symmetric_weights(edge_index, len(v), v.dtype) if weights is None else weights
        for number, layer in enumerate(self.layers, start=1):
            v = layer(v, edge_index, weights)
            v = v.relu() if self.last or number < len(self.layers) else v
        return v


def _mean(v: Tensor, edge_index: Tensor, weights: Weights) -> Tensor:
    edge, loop = weights
    return segment_sum(edge[:, None] * v[edge_index[0]], edge_index[1], len(v)) + loop[:, None] * v
