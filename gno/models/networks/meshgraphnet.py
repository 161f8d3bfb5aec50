"""MeshGraphNet: encode, pass messages along the edges of the mesh, decode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.graph.halo import refreshed
from gno.nn.edge_features import edge_features, num_edge_features
from gno.nn.graph_net_block import GraphNetBlock, normed_mlp
from gno.nn.kernel_options import KernelOptions
from gno.nn.mlp import MLP

EDGES = ("mesh", "radius")
"""Along which edges messages go: the sides of the cells, or between all nodes within the radius."""


class MeshGraphNet(nn.Module):
    r"""Encode nodes and edges, ``depth`` blocks of message passing, decode the nodes.

    .. math::
        v = P_V(a), \quad e_{ij} = P_E\Big(\frac{x_j - x_i}{r}, \frac{|x_j - x_i|}{r}\Big), \qquad
        (v, e) \leftarrow \mathrm{Block}_t(v, e), \; t = 1 \ldots T, \qquad u = Q(v)

    with the blocks of ``gno.nn.GraphNetBlock``, each with weights of its own. Offsets alone make the network blind to
    translation. What a node says travels ``depth`` edges: on a mesh twice as fine half as far.
    The paper's network has ``width=128``, ``depth=15`` and
    ``kernel={"width": 128, "activation": "relu", "aggregation": "sum"}``.

    Source: Pfaff et al. 2021, arXiv 2010.03409, section 3.2. Cost: linear in ``depth`` times the number of edges.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        radius: one physical length: offsets are measured in it, and ``edges="radius"`` joins nodes within it.
        width: channels inside, of nodes and of edges.
        depth: blocks ``T``.
        edges: ``mesh``: those of ``graph.edge_index``; ``radius``: those of level 0, with a loop at each node.
        kernel: options of all perceptrons, ``geometry`` of the edges and ``aggregation``, as ``KernelOptions`` or a
            mapping.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> import torch
        >>> from gno.graph import Hierarchy, mesh_edges, multilevel_graph
        >>> from gno.mesh import shapes
        >>> mesh = shapes.square(0.25)
        >>> level = Hierarchy.build(mesh.points, spacing=(), radius=(0.5,))
        >>> graph = multilevel_graph(mesh, level, x=torch.zeros(mesh.num_points, 1))
        >>> graph.edge_index = mesh_edges(mesh)
        >>> MeshGraphNet(1, 2, radius=(0.5,), width=8, depth=3)(graph).shape == (mesh.num_points, 2)
        True
    """

    brings_halos = True
    """Whether the network brings the values of halos, so that processes can share a mesh."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        radius: Sequence[float],
        width: int = 32,
        depth: int = 8,
        edges: str = "mesh",
        kernel: KernelOptions | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        options = KernelOptions.of(kernel)
        if len(radius) != 1 or not radius[0] > 0:
            raise ConfigError(f"radius is {tuple(radius)}", why="MeshGraphNet has one level, and one positive length")
        if not 1 <= depth <= 64:
            raise ConfigError(f"depth is {depth}", why="it must lie between 1 and 64")
        if edges not in EDGES:
            raise ConfigError(f"edges {edges!r} are unknown", why=f"known: {', '.join(EDGES)}")
        self.in_channels, self.radius, self.edges, self.options = in_channels, float(radius[0]), edges, options
        hidden = [options.width] * options.layers
        self.lift = normed_mlp(in_channels, width, options)
        self.lift_edges = normed_mlp(num_edge_features(options.dim, 0, options.geometry), width, options)
        self.blocks = nn.ModuleList(GraphNetBlock(width, options) for _ in range(depth))
        self.project = MLP((width, *hidden, out_channels), options.activation)
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "radius": [self.radius],
            "width": width, "depth": depth, "edges": edges, "kernel": options.to_dict(),
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: ``gno.graph.MultilevelData`` with ``x (nodes, in)`` and the edges, or a batch of such.

        Raises:
            DataError: a graph without these edges, or with another number of channels.
        """
        if graph.x.shape[1] != self.in_channels:
            raise DataError(f"x has {graph.x.shape[1]} channels", why=f"the network takes {self.in_channels}")
        index = self._edge_index(graph)
        none, place, options = graph.x[:, :0], graph.pos, self.options
        e = edge_features(
            index, (place, place), self.radius, (none, none), geometry=options.geometry, period=options.period
        )
        weight = graph.volume_0 if self.options.aggregation == "quadrature" else None
        v, e = self.lift(graph.x), self.lift_edges(e)
        for block in self.blocks:
            v, e = block(refreshed(graph, 0, v), e, index, weight)
        return self.project(v)

    def _edge_index(self, graph: Any) -> Int[Tensor, "2 edges"]:
        name = "edge_index" if self.edges == "mesh" else "intra_0"
        index = getattr(graph, name, None)
        if index is None:
            raise DataError(
                f"the graph has no {name}",
                why=f"the network passes messages along the edges of the {self.edges}",
                fix="make the graph by Operator.graph(mesh)",
            )
        return index
