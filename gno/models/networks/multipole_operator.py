"""The multipole operator: messages between levels for what is near, attention between slices for what is far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError
from gno.nn.kernel_options import KernelOptions
from gno.nn.mlp import MLP
from gno.nn.multipole_block import MultipoleBlock, MultipoleGraph

_DEFAULTS = {"aggregation": "quadrature"}


class MultipoleOperator(nn.Module):
    r"""The levels of ``MGKN`` with cheap messages for its kernels, and a global attention that sees no mesh.

    .. math::
        v_l = P(a_l), \quad c = C(\bar a), \qquad
        (v_0, \ldots, v_{L-1}) \leftarrow \mathrm{Block}_t(v_0, \ldots, v_{L-1}; c), \; t = 1 \ldots T, \qquad
        u = Q\, \mathrm{norm}(v_0)

    with the blocks of ``gno.nn.MultipoleBlock``. The inputs :math:`a_l` of a coarse level are means over the finer one,
    and :math:`\bar a` is that over the whole graph: a parameter of the sample, or the size of a coefficient. It scales
    and shifts the values in every block.

    All lengths are physical and all sums are means by volume, so the network approximates one operator on every mesh.
    Without ``coordinates`` among the features of the geometry it is blind to translation; with them it knows places,
    which attention alone does not.

    Source: levels: Li et al. 2020, arXiv 2006.09535; attention: Wu et al. 2024, arXiv 2402.02366. Cost: linear in the
    number of edges, and of nodes times slices.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        radius: physical radius of the edges inside each level, level 0 included; as many as levels.
        width: channels inside.
        depth: blocks ``T``.
        heads: of the attention.
        slices: of each head.
        kernel: options of the messages: hidden ``width``, ``geometry``, ``aggregation`` (``quadrature`` if nothing is
            said), as ``KernelOptions`` or a mapping; ``layers`` is not asked for.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> import torch
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(0.5,)), x=torch.zeros(30, 1))
        >>> MultipoleOperator(1, 1, radius=(0.3, 1.2), width=8, depth=2)(graph).shape
        torch.Size([30, 1])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        radius: Sequence[float],
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
        slices: int = 32,
        kernel: KernelOptions | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        options = kernel if isinstance(kernel, KernelOptions) else KernelOptions.of({**_DEFAULTS, **(kernel or {})})
        if not 1 <= depth <= 64:
            raise ConfigError(f"depth is {depth}", why="it must lie between 1 and 64")
        if not radius or not all(r > 0 for r in radius):
            raise ConfigError(f"radius is {tuple(radius)}", why="each level needs a positive one")
        self.in_channels, self.radius, self.options = in_channels, tuple(float(r) for r in radius), options
        self.lift = MLP((in_channels, 2 * width, width), options.activation)
        self.whole = MLP((in_channels, width, width), options.activation, last=True)
        self.blocks = nn.ModuleList(
            MultipoleBlock(width, in_channels, len(radius), options, heads=heads, slices=slices) for _ in range(depth)
        )
        self.project = nn.Sequential(nn.LayerNorm(width), MLP((width, width, out_channels), options.activation))
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "radius": list(self.radius), "width": width,
            "depth": depth, "heads": heads, "slices": slices, "kernel": options.to_dict(),
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: ``gno.graph.MultilevelData`` with ``x (nodes, in)``, or a batch of such.

        Raises:
            DataError: a graph with another number of levels or channels.
        """
        seen = MultipoleGraph.of(graph, self.radius, self.in_channels, self.options)
        v, whole = [self.lift(a) for a in seen.inputs], self.whole(seen.mean(graph.x))
        for block in self.blocks:
            v = block(v, seen, whole)
        return self.project(v[0])
