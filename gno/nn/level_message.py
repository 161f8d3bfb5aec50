"""Messages along edges, inside a level of a graph or between two of them."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.nn.edge_features import edge_features, num_edge_features
from gno.nn.kernel_options import KernelOptions
from gno.nn.mlp import activation
from gno.ops.segment import segment_sum


class MessageEdges(NamedTuple):
    """Edges as messages need them.

    Args:
        ends: ``[source; target]``.
        features: of each edge, as of ``gno.nn.edge_features``.
        share: weight ``(edges, 1)`` of each edge in the mean, or in the sum, of its target.
    """

    ends: Int[Tensor, "2 edges"]
    features: Float[Tensor, "edges d"]
    share: Float[Tensor, "edges 1"]

    @classmethod
    def of(
        cls,
        index: Int[Tensor, "2 edges"],
        position: tuple[Float[Tensor, "sources dim"], Float[Tensor, "targets dim"]],
        inputs: tuple[Float[Tensor, "sources c"], Float[Tensor, "targets c"]],
        radius: float,
        volume: Float[Tensor, " sources"],
        options: KernelOptions,
    ) -> MessageEdges:
        r"""Edges between two levels, or inside one.

        Args:
            index: ``[source; target]``.
            position: of sources and targets.
            inputs: of sources and targets.
            radius: length that offsets are measured in.
            volume: of the sources, which weigh them with ``aggregation="quadrature"``.
            options: what is seen of an edge, and how they are weighed.
        """
        features = edge_features(index, position, radius, inputs, geometry=options.geometry, period=options.period)
        q = volume.to(features.dtype) if options.aggregation == "quadrature" else features.new_ones(volume.shape[0])
        q = q.index_select(0, index[0])[:, None]
        if options.aggregation != "sum":
            q = q / segment_sum(q, index[1], position[1].shape[0]).index_select(0, index[1])
        return cls(index, features, q)


class LevelMessage(nn.Module):
    r"""Targets hear the mean of what a perceptron makes of each edge and its two ends.

    .. math::
        v_i \leftarrow v_i + W \sum_{j \in \mathcal{N}(i)} w_{ij}\,
        \sigma\big(A\, u_j + B\, v_i + C e_{ij} + b\big) + c

    The sum is taken before the last matrix, and the matrices of the ends before the edges: no product of two widths is
    computed once an edge, but only once a node.

    Source: messages of Gilmer et al. 2017, arXiv 1704.01212; between levels as in Li et al. 2020, arXiv 2006.09535.

    Args:
        width: channels of sources and targets.
        channels: inputs at one end of an edge.
        options: ``width`` and ``activation`` of the messages, and what they see of an edge.

    Example:
        >>> import torch
        >>> options = KernelOptions(width=4)
        >>> index, x, a = torch.tensor([[0, 1], [1, 1]]), torch.rand(2, 2), torch.ones(2, 1)
        >>> edges = MessageEdges.of(index, (x, x), (a, a), 1.0, torch.ones(2), options)
        >>> LevelMessage(8, 1, options)(torch.ones(2, 8), torch.ones(2, 8), edges).shape
        torch.Size([2, 8])
    """

    def __init__(self, width: int, channels: int, options: KernelOptions) -> None:
        super().__init__()
        features = num_edge_features(options.dim, channels, options.geometry)
        self.of_source = nn.Linear(width, options.width, bias=False)
        self.of_target = nn.Linear(width, options.width)
        self.of_edge = nn.Linear(features, options.width, bias=False)
        self.act = activation(options.activation)
        self.out = nn.Linear(options.width, width)

    def forward(
        self, v: Float[Tensor, "targets c"], u: Float[Tensor, "sources c"], edges: MessageEdges
    ) -> Float[Tensor, "targets c"]:
        """New values of the targets.

        Args:
            v: values at the targets.
            u: values at the sources.
            edges: from sources to targets.
        """
        source, target = edges.ends
        at_source, at_target = self.of_source(u).index_select(0, source), self.of_target(v).index_select(0, target)
        message = edges.share * self.act(at_source + at_target + self.of_edge(edges.features))
        return v + self.out(segment_sum(message, target, v.shape[0]))
