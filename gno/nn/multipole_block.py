"""A V-cycle of messages over the levels of a graph, then attention over the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

from gno.nn.kernel_options import KernelOptions
from gno.nn.level_inputs import level_inputs
from gno.nn.level_message import LevelMessage, MessageEdges
from gno.nn.mlp import MLP
from gno.nn.packing import Packing
from gno.nn.slice_attention import SliceAttention
from gno.ops.segment import segment_sum

_EXPANSION = 2  # hidden channels of a perceptron over its width


class MultipoleGraph(NamedTuple):
    """A graph with levels as the blocks need it, made once for all of them.

    Args:
        intra: edges inside each level.
        down: edges from each level but the coarsest to the next coarser one.
        up: edges to each level but the coarsest from the next coarser one.
        inputs: of each level.
        volume: of the nodes of level 0.
        packing: of a batch.
        which: graph of each node, of a batch.
    """

    intra: list[MessageEdges]
    down: list[MessageEdges]
    up: list[MessageEdges]
    inputs: list[Float[Tensor, "level_nodes c"]]
    volume: Float[Tensor, " nodes"]
    packing: Packing | None
    which: Int[Tensor, " nodes"] | None

    @classmethod
    def of(cls, graph: Any, radius: Sequence[float], channels: int, options: KernelOptions) -> MultipoleGraph:
        """The blocks' view of a ``gno.graph.MultilevelData`` with ``x (nodes, channels)``, or of a batch of such.

        Args:
            graph: that.
            radius: physical radius of the edges inside each level, which offsets are measured in.
            channels: of ``x``.
            options: of the edges.

        Raises:
            DataError: a graph without levels, or another number of levels or channels.
        """
        inputs = level_inputs(graph, len(radius), channels)

        def edges(name: str, source: int, target: int) -> MessageEdges:
            position = graph.pos[graph[f"nodes_{source}"]], graph.pos[graph[f"nodes_{target}"]]
            ends, volume = (inputs[source], inputs[target]), graph[f"volume_{source}"]
            return MessageEdges.of(graph[name], position, ends, radius[max(source, target)], volume, options)

        levels = range(len(radius))
        return cls(
            [edges(f"intra_{n}", n, n) for n in levels],
            [edges(f"restrict_{n}", n, n + 1) for n in levels[:-1]],
            [edges(f"prolong_{n}", n + 1, n) for n in levels[:-1]],
            inputs,
            graph.volume_0.to(graph.x.dtype),
            Packing.of_graph(graph),
            getattr(graph, "batch", None),
        )

    def mean(self, v: Float[Tensor, "nodes c"]) -> Float[Tensor, "rows c"]:
        """Mean over the graph that a node belongs to, weighted by volume: at every node, or one row of a single graph.

        Args:
            v: values at the nodes.
        """
        q = self.volume[:, None]
        if self.which is None or self.packing is None:
            return (q * v).sum(dim=0, keepdim=True) / q.sum()
        total, size = (segment_sum(x, self.which, self.packing.graphs) for x in (q * v, q))
        return (total / size).index_select(0, self.which)


class MultipoleBlock(nn.Module):
    r"""Messages down, inside and up the levels; then slices of the finest level attend to each other.

    .. math::
        \text{down, } l = 0 \ldots L - 2: \quad v_{l+1} \leftarrow \mathrm{message}(v_{l+1}, v_l)

        \text{up, } l = L - 1 \ldots 0: \quad v_l \leftarrow \mathrm{message}(v_l, v_l), \quad
        v_l \leftarrow v_l + \mathrm{MLP}(\mathrm{norm}(v_l)), \quad
        v_{l-1} \leftarrow \mathrm{message}(v_{l-1}, v_l)

        \text{on level 0:} \quad v_0 \leftarrow v_0 + \mathrm{Attention}((1 + \gamma) \mathrm{norm}(v_0) + \beta), \;
        v_0 \leftarrow v_0 + \mathrm{MLP}((1 + \gamma') \mathrm{norm}(v_0) + \beta')

    with the messages of ``LevelMessage`` and the attention of ``SliceAttention``. The scales and shifts are linear in
    what holds for the whole graph, and zero at the start.

    Source: cycle: Li et al. 2020, arXiv 2006.09535, section 3; attention: Wu et al. 2024, arXiv 2402.02366; scales and
    shifts: Perez et al. 2018, arXiv 1709.07871.

    Args:
        width: channels of the values.
        channels: inputs of a node.
        levels: number of levels.
        options: of the messages.
        heads: of the attention.
        slices: of each head.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> block = MultipoleBlock(8, 1, 2, KernelOptions(width=4), heads=2, slices=4)
        >>> len(block.intra), len(block.down), len(block.up)
        (2, 1, 1)
    """

    def __init__(
        self, width: int, channels: int, levels: int, options: KernelOptions, *, heads: int, slices: int
    ) -> None:
        super().__init__()
        self.intra = nn.ModuleList(LevelMessage(width, channels, options) for _ in range(levels))
        self.down = nn.ModuleList(LevelMessage(width, channels, options) for _ in range(levels - 1))
        self.up = nn.ModuleList(LevelMessage(width, channels, options) for _ in range(levels - 1))
        self.coarse = nn.ModuleList(_normed_mlp(width, options) for _ in range(levels - 1))
        self.before = nn.LayerNorm(width)
        self.attention = SliceAttention(width, heads=heads, slices=slices)
        self.behind = nn.LayerNorm(width)
        self.mlp = MLP((width, _EXPANSION * width, width), options.activation)
        self.scales = nn.Linear(width, 4 * width)
        nn.init.zeros_(self.scales.weight)
        nn.init.zeros_(self.scales.bias)

    def forward(
        self, v: list[Tensor], graph: MultipoleGraph, condition: Float[Tensor, "rows c"]
    ) -> list[Float[Tensor, "level_nodes c"]]:
        """Values of all levels after the block.

        Args:
            v: values ``(n_l, width)`` of each level.
            graph: that they live on.
            condition: what holds for the whole graph, at every node or in one row.
        """
        v = list(v)
        for n, message in enumerate(self.down):
            v[n + 1] = message(v[n + 1], v[n], graph.down[n])
        for n in reversed(range(len(v))):
            v[n] = self.intra[n](v[n], v[n], graph.intra[n])
            if n:
                v[n] = v[n] + self.coarse[n - 1](v[n])
                v[n - 1] = self.up[n - 1](v[n - 1], v[n], graph.up[n - 1])
        gamma, beta, gamma_behind, beta_behind = self.scales(condition).chunk(4, dim=1)
        x = v[0] + self.attention((1 + gamma) * self.before(v[0]) + beta, graph.volume, graph.packing)
        v[0] = x + self.mlp((1 + gamma_behind) * self.behind(x) + beta_behind)
        return v


def _normed_mlp(width: int, options: KernelOptions) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width), MLP((width, _EXPANSION * width, width), options.activation))
