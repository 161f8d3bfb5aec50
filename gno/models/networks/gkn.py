"""The graph kernel network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError
from gno.nn.edge_set import with_matrices
from gno.nn.kernel_options import KernelOptions
from gno.nn.mlp import MLP
from gno.nn.multipole import KernelStep, MultipoleKernels


class GKN(nn.Module):
    r"""Graph kernel network: one kernel integral, iterated.

    .. math::
        v_0 = P(a), \qquad v_{t+1} = \mathrm{step}\big(v_t,\; K v_t\big), \qquad u = Q(v_T)

    with the step of ``gno.nn.multipole.KernelStep``. The kernel does not depend on the iteration: its features are
    computed once, and with shared weights so are the kernel matrices of edges, where that is quicker.
    ``block="gkn"`` with ``kernel={"geometry": "absolute"}`` is the paper's network.

    Source: Li et al. 2020, arXiv 2003.03485, equations 8-11.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        radius: one physical radius, of the edges inside level 0.
        width: channels inside.
        depth: iterations ``T``.
        kernel: options of the kernel, as ``KernelOptions`` or a mapping.
        shared: one set of weights for all iterations (the paper); otherwise one each, on shared kernel features.
        block: ``residual`` or ``gkn``, as of ``gno.nn.multipole.KernelStep``.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> import torch
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(), radius=(0.3,)), x=torch.zeros(30, 1))
        >>> GKN(1, 1, radius=(0.3,), depth=2)(graph).shape
        torch.Size([30, 1])
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
        depth: int = 4,
        kernel: KernelOptions | Mapping[str, Any] | None = None,
        shared: bool = True,
        block: str = "residual",
    ) -> None:
        super().__init__()
        options = KernelOptions.of(kernel)
        if len(radius) != 1:
            raise ConfigError(f"GKN has {len(radius)} radii", why="it has one level", fix="MGKN has several")
        if not 1 <= depth <= 64:
            raise ConfigError(f"depth is {depth}", why="it must lie between 1 and 64")
        self.depth = depth
        self.kernels = MultipoleKernels(in_channels, radius, options)
        self.lift = MLP((in_channels, width))
        self.steps = nn.ModuleList(KernelStep(width, options, block) for _ in range(1 if shared else depth))
        self.project = MLP((width, 2 * width, out_channels), options.activation)
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "radius": [float(r) for r in radius],
            "width": width, "depth": depth, "kernel": options.to_dict(), "shared": shared, "block": block,
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: ``gno.graph.MultilevelData`` of one level with ``x (nodes, in)``, or a batch of such.

        Raises:
            DataError: a graph with another number of levels or channels.
        """
        edges = self.kernels(graph)
        level = edges.intra[0]
        if len(self.steps) == 1:
            step = cast(KernelStep, self.steps[0])
            (level,) = with_matrices([level], [step.integral], self.depth, self.kernels.spare(edges))
        v = self.lift(graph.x)
        for t in range(self.depth):
            v = self.steps[t % len(self.steps)](v, v, level)
        return self.project(v)
