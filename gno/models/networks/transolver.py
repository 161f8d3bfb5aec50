"""Transolver: attention between learned slices of the nodes."""

from __future__ import annotations

from typing import Any, cast

from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.nn.mlp import MLP
from gno.nn.packing import Packing
from gno.nn.slice_attention import SliceAttention


class Transolver(nn.Module):
    r"""Encode the nodes, ``depth`` blocks of attention between slices, decode: the peer of ``MultipoleOperator``.

    .. math::
        v = P(a), \qquad v \leftarrow v + \mathrm{Attention}_t(\mathrm{norm}(v)), \quad
        v \leftarrow v + \mathrm{MLP}_t(\mathrm{norm}(v)), \; t = 1 \ldots T, \qquad u = Q\, \mathrm{norm}(v)

    with ``gno.nn.SliceAttention`` without volumes. No edge is looked at: what a node knows of its place must stand
    among the inputs, which is what the feature ``coordinates`` of the geometry is for.
    The paper's network for irregular meshes has ``width=128, depth=8, heads=8, slices=64``.

    Source: Wu et al. 2024, arXiv 2402.02366, section 3. Cost: linear in ``depth`` times nodes times slices.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        width: channels inside.
        depth: blocks ``T``.
        heads: of the attention.
        slices: of each head.
        expansion: hidden channels of the blocks' perceptrons over ``width``.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> import torch
        >>> from gno.graph import GraphData
        >>> Transolver(3, 1, width=8, depth=2, slices=4)(GraphData(x=torch.ones(5, 3))).shape
        torch.Size([5, 1])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: int = 64,
        depth: int = 8,
        heads: int = 4,
        slices: int = 32,
        expansion: int = 2,
    ) -> None:
        super().__init__()
        if not 1 <= depth <= 64:
            raise ConfigError(f"depth is {depth}", why="it must lie between 1 and 64")
        self.lift = MLP((in_channels, 2 * width, width))
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "before": nn.LayerNorm(width),
                    "attention": SliceAttention(width, heads=heads, slices=slices),
                    "mlp": nn.Sequential(nn.LayerNorm(width), MLP((width, expansion * width, width))),
                }
            )
            for _ in range(depth)
        )
        self.project = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, out_channels))
        self.in_channels = in_channels
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "width": width, "depth": depth,
            "heads": heads, "slices": slices, "expansion": expansion,
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: with ``x (nodes, in)``, or a batch of such.

        Raises:
            DataError: a graph with another number of channels.
        """
        if graph.x.shape[1] != self.in_channels:
            raise DataError(f"x has {graph.x.shape[1]} channels", why=f"the network takes {self.in_channels}")
        packing, v = Packing.of_graph(graph), self.lift(graph.x)
        for block in cast("list[nn.ModuleDict]", list(self.blocks)):
            v = v + block["attention"](block["before"](v), packing=packing)
            v = v + block["mlp"](v)
        return self.project(v)
