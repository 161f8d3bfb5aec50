"""The multipole operator: kernels and attention on the coarse levels of a graph, and messages to them and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError
from gno.nn.kernel_options import KernelOptions
from gno.nn.level_inputs import level_inputs, level_means
from gno.nn.level_message import LevelMessage, MessageEdges
from gno.nn.mlp import MLP
from gno.nn.multipole import LevelEdges, MultipoleCycle, MultipoleKernels
from gno.nn.packing import Packing
from gno.nn.slice_attention import SliceAttention

_DEFAULTS = {"width": 16, "aggregation": "quadrature"}
_HEARD = 8  # channels of what the kernels see of a node beside its inputs


class MultipoleOperator(nn.Module):
    r"""Cycles of ``MGKN`` and attention on all levels but the nodes' own, which is written and read by messages.

    .. math::
        v_l = P_l(a_l), \qquad v_1 \leftarrow \mathrm{message}(v_1, v_0), \qquad \tilde a_1 = (a_1, E v_1),

        (v_1, \ldots, v_{L-1}) \leftarrow \mathrm{V}(v_1, \ldots, v_{L-1}; \tilde a), \quad
        v_1 \leftarrow v_1 + \mathrm{Attention}_t(\mathrm{norm}(v_1)), \; t = 1 \ldots T,

        v_0 \leftarrow \mathrm{message}(v_0, v_1), \qquad u = Q(v_0)

    with the messages of ``gno.nn.LevelMessage``, the cycle of ``gno.nn.MultipoleCycle``, one set of weights for all
    cycles, and the attention of ``gno.nn.SliceAttention``. The inputs of a coarse level are means over the finer one.
    Most edges of a mesh lie inside level 0: without them a step costs less than half. What the coefficient does below
    the spacing of level 1 is told by the first message, and the kernels see it. A graph of one level keeps kernels and
    attention there, and has no messages.

    All lengths are physical and all sums are means by volume, so the network approximates one operator on every mesh.
    Without ``coordinates`` among the features of the geometry it is blind to translation; with them it knows places,
    which attention alone does not.

    Source: levels and cycles: Li et al. 2020, arXiv 2006.09535; attention: Wu et al. 2024, arXiv 2402.02366; messages
    to a coarser graph and back: Lam et al. 2022, arXiv 2212.12794. Cost: linear in the edges between level 0 and 1 and
    those of the coarse levels, and in the nodes of level 1 times slices.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        radius: physical radius of the edges inside each level, level 0 included; as many as levels.
        width: channels inside.
        cycles: V-cycles ``T``.
        heads: of the attention.
        slices: of each head.
        kernel: options of the kernels, as ``KernelOptions`` or a mapping; ``width`` is 16 and ``aggregation``
            ``quadrature`` if nothing is said. The messages are as wide as the values.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(0.5,)), x=torch.zeros(30, 1))
        >>> MultipoleOperator(1, 1, radius=(0.3, 1.2), width=8)(graph).shape
        torch.Size([30, 1])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        radius: Sequence[float],
        width: int = 32,
        cycles: int = 3,
        heads: int = 4,
        slices: int = 32,
        kernel: KernelOptions | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        options = kernel if isinstance(kernel, KernelOptions) else KernelOptions.of({**_DEFAULTS, **(kernel or {})})
        if not 1 <= cycles <= 64:
            raise ConfigError(f"cycles is {cycles}", why="it must lie between 1 and 64")
        self.in_channels, self.message_options = in_channels, replace(options, width=width)
        self.finest = min(1, len(radius) - 1)
        self.lift = nn.ModuleList(MLP((in_channels, 2 * width, width), options.activation) for _ in radius)
        self.down, self.up = (
            nn.ModuleList(LevelMessage(width, in_channels, self.message_options) for _ in range(self.finest))
            for _ in range(2)
        )
        self.heard = nn.Linear(width, _HEARD)
        self.kernels = MultipoleKernels(in_channels + _HEARD, radius, options, finest=self.finest)
        self.cycle = MultipoleCycle(width, len(radius) - self.finest, options)
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(cycles))
        self.attention = nn.ModuleList(SliceAttention(width, heads=heads, slices=slices) for _ in range(cycles))
        self.project = MLP((width, 2 * width, out_channels), options.activation)
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "radius": [float(r) for r in radius],
            "width": width, "cycles": cycles, "heads": heads, "slices": slices, "kernel": options.to_dict(),
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: ``gno.graph.MultilevelData`` with ``x (nodes, in)``, or a batch of such.

        Raises:
            DataError: a graph with another number of levels or channels.
        """
        inputs = level_inputs(graph, len(self.lift), self.in_channels)
        v = [lift(a) for lift, a in zip(self.lift, inputs)]
        for message in self.down:
            v[1] = message(v[1], v[0], self._between(graph, inputs, 0, 1))
        coarse, edges = v[self.finest :], self._edges(graph, inputs, v[self.finest])
        volume, packing = graph[f"volume_{self.finest}"], Packing.of_graph(graph, self.finest)
        for norm, attention in zip(self.norm, self.attention):
            coarse = self.cycle(coarse, edges)
            coarse[0] = coarse[0] + attention(norm(coarse[0]), volume, packing)
        u = coarse[0]
        for message in self.up:
            u = message(v[0], u, self._between(graph, inputs, 1, 0))
        return self.project(u)

    def _edges(self, graph: Any, inputs: list[Tensor], v: Tensor) -> LevelEdges:
        """The edges of the kernels, which see the inputs and what the finest of their levels heard."""
        levels = range(self.finest, len(inputs))
        seen = level_means(graph, torch.cat([inputs[self.finest], self.heard(v)], dim=1), levels)
        edges = self.kernels(graph, [*inputs[: self.finest], *seen])
        return self.cycle.with_matrices(edges, len(self.attention), self.kernels.spare(edges))

    def _between(self, graph: Any, inputs: list[Tensor], source: int, target: int) -> MessageEdges:
        """The edges from level 0 to level 1, or back."""
        position = graph.pos[graph[f"nodes_{source}"]], graph.pos[graph[f"nodes_{target}"]]
        index, volume = graph.restrict_0 if source < target else graph.prolong_0, graph[f"volume_{source}"]
        ends = inputs[source], inputs[target]
        return MessageEdges.of(index, position, ends, self.kernels.radius[1], volume, self.message_options)
