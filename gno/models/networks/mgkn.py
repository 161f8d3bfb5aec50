"""The multipole graph kernel network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError
from gno.nn.kernel_options import KernelOptions
from gno.nn.mlp import MLP
from gno.nn.multipole import MultipoleCycle, MultipoleKernels


class MGKN(nn.Module):
    r"""Multipole graph kernel network: V-cycles of kernel integrals over nested levels.

    .. math::
        v_l = P(a_l), \qquad (v_0, \ldots, v_{L-1}) \leftarrow \mathrm{V}(v_0, \ldots, v_{L-1}) \;\; T \text{ times},
        \qquad u = Q(v_0)

    with the cycle of ``gno.nn.MultipoleCycle``. The kernels do not depend on the cycle: their features are computed
    once, and with shared weights so are the kernel matrices of edges, where that is quicker. The levels are nested and
    cover the whole mesh, so that one forward pass gives the field at every node.
    ``block="mgkn"`` with ``kernel={"geometry": "absolute"}`` is the network of the authors' code, on such levels.

    Source: Li et al. 2020, arXiv 2006.09535. Cost: linear in the number of edges.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        radius: physical radius of the edges inside each level, level 0 included; as many as levels.
        width: channels inside.
        cycles: V-cycles ``T``.
        kernel: options of the kernels, as ``KernelOptions`` or a mapping.
        shared: one set of weights for all cycles (the paper); otherwise one each, on shared kernel features.
        block: ``residual`` or ``mgkn``, as of ``gno.nn.multipole.KernelStep``.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> import torch
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> pos = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(0.5,)), x=torch.zeros(30, 1))
        >>> MGKN(1, 1, radius=(0.3, 1.2))(graph).shape
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
        cycles: int = 3,
        kernel: KernelOptions | Mapping[str, Any] | None = None,
        shared: bool = True,
        block: str = "residual",
    ) -> None:
        super().__init__()
        options = KernelOptions.of(kernel)
        if not 1 <= cycles <= 64:
            raise ConfigError(f"cycles is {cycles}", why="it must lie between 1 and 64")
        self.cycles = cycles
        self.kernels = MultipoleKernels(in_channels, radius, options)
        self.lift = MLP((in_channels, width))
        own = 1 if shared else cycles
        self.vcycles = nn.ModuleList(MultipoleCycle(width, len(radius), options, block=block) for _ in range(own))
        self.project = MLP((width, 2 * width, out_channels), options.activation)
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "radius": [float(r) for r in radius],
            "width": width, "cycles": cycles, "kernel": options.to_dict(), "shared": shared, "block": block,
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: ``gno.graph.MultilevelData`` with ``x (nodes, in)``, or a batch of such.

        Raises:
            DataError: a graph with another number of levels or channels.
        """
        edges = self.kernels(graph)
        if len(self.vcycles) == 1:
            cycle = cast(MultipoleCycle, self.vcycles[0])
            edges = cycle.with_matrices(edges, self.cycles, self.kernels.spare(edges))
        v = [self.lift(a) for a in edges.inputs]
        for t in range(self.cycles):
            v = self.vcycles[t % len(self.vcycles)](v, edges)
        return self.project(v[0])
