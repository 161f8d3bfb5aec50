"""The graph convolutional network on the edges of a mesh, or between all nodes within a radius."""

from __future__ import annotations

from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.models.networks.meshgraphnet import EDGES
from gno.nn.graph_convolution import GraphConvolutions


class GCN(nn.Module):
    r"""Graph convolutions along the sides of the cells: the plain network beside ``CFDGCN`` and in time.

    .. math::
        v_0 = a, \qquad v_{t+1} = \max(0, \hat A v_t W_t + b_t), \qquad u = \hat A v_{T-1} W_T + b_T

    It sees no geometry but what stands among the inputs, and a value travels one edge a layer.
    ``width=512, depth=6`` is the network that CFD-GCN is compared with in its paper.

    Source: Kipf & Welling 2017, arXiv 1609.02907; Belbute-Peres et al. 2020, arXiv 2007.04439, section 4.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        width: channels inside.
        depth: layers ``T``.
        edges: ``mesh``: the sides of the cells; ``radius``: between all nodes within the radius of level 0, also across
            the faces of a periodic box.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> import torch
        >>> from gno.graph import GraphData
        >>> graph = GraphData(x=torch.ones(3, 2), edge_index=torch.tensor([[0, 1], [1, 0]]))
        >>> GCN(2, 1, width=8)(graph).shape
        torch.Size([3, 1])
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, width: int = 64, depth: int = 6, edges: str = "mesh"
    ) -> None:
        super().__init__()
        if not 1 <= depth <= 64:
            raise ConfigError(f"depth is {depth}", why="it must lie between 1 and 64")
        if edges not in EDGES:
            raise ConfigError(f"edges {edges!r} are unknown", why=f"known: {', '.join(EDGES)}")
        self.edges = edges
        self.layers = GraphConvolutions((in_channels, *[width] * (depth - 1), out_channels))
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "width": width, "depth": depth,
            "edges": edges,
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: with ``x (nodes, in)`` and ``edge_index``, with ``edges="radius"`` ``intra_0``, or a batch of such.

        Raises:
            DataError: a graph without edges, or with another number of channels.
        """
        return self.layers(graph.x, edges_of(graph, self.edges))


def edges_of(graph: Any, edges: str = "mesh") -> Int[Tensor, "2 edges"]:
    """The edges that graph convolutions go along, without loops.

    Args:
        graph: with ``edge_index`` or ``intra_0``.
        edges: ``mesh`` or ``radius``.

    Raises:
        DataError: it has none.
    """
    name = "edge_index" if edges == "mesh" else "intra_0"
    index = getattr(graph, name, None)
    if index is None:
        raise DataError(
            f"the graph has no {name}",
            why=f"graph convolutions go along the edges of the {edges}",
            fix="make the graph by Operator.graph(mesh)",
        )
    result: Tensor = index if edges == "mesh" else index[:, index[0] != index[1]]
    return result
