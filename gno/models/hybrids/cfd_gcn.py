"""CFD-GCN: a solver on a learned coarse mesh inside a graph convolutional network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError
from gno.models.hybrids.coarse_solution import CoarseSolution
from gno.models.networks.gcn import edges_of
from gno.nn.graph_convolution import GraphConvolution, GraphConvolutions, symmetric_weights


class CFDGCN(nn.Module):
    r"""A coarse solution, interpolated to the fine mesh, among the hidden values of graph convolutions.

    .. math::
        h = \mathrm{GCN}_1(a), \qquad u_H = S(x_H, \mu), \qquad
        u = \mathrm{GCN}_2\big(\big[\, P(x_H)\, u_H,\; h \,\big]\big)

    The solver :math:`S` finds the flow for the parameters :math:`\mu` of a sample on a coarse mesh, whose inner nodes
    :math:`x_H` are learned through the solver and the interpolation :math:`P`; ``LearnedMesh`` keeps its cells valid.

    The paper's network has ``width=512, depth=6, merged=3``, three coarse nodes for a fine one, and inputs coordinates,
    distance to the wall and parameters. Its variants: ``coarse["learned"] = False`` keeps the coarse mesh; ``depth=0``
    is the interpolated coarse solution itself; without a solver it is ``GCN``. The coarse mesh is that of one domain:
    another shape needs another network.

    Source: Belbute-Peres et al. 2020, arXiv 2007.04439, section 3.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        coarse: the coarse solution, or its arguments.
        width: channels inside.
        depth: convolutions in all.
        merged: of these, how many come after the coarse solution is put in.
        residual: whether the convolutions give what the coarse solution misses, instead of the fields: the network then
            begins as the interpolated coarse solution.

    Raises:
        ConfigError: a value that cannot be, or fields that the solver does not return.
        MeshError: a coarse mesh that cannot be guarded.
    """

    edges = "mesh"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        coarse: CoarseSolution | Mapping[str, Any],
        width: int = 64,
        depth: int = 6,
        merged: int = 3,
        residual: bool = False,
    ) -> None:
        super().__init__()
        if not (depth == 0 or 1 <= merged < depth <= 64):
            raise ConfigError(
                f"depth is {depth}, merged is {merged}", why="1 <= merged < depth <= 64, or depth is 0: no network"
            )
        part = coarse if isinstance(coarse, CoarseSolution) else CoarseSolution(**coarse)
        up = part.num_channels
        if (residual or depth == 0) and up != out_channels:
            raise ConfigError(
                f"the solver gives {up} channels", why=f"{out_channels} are wanted, and the network does not make them"
            )
        if depth:
            self.before = GraphConvolutions((in_channels, *[width] * (depth - merged)), last=True)
            self.after = GraphConvolutions((up + width, *[width] * (merged - 1), out_channels))
            if residual:
                nn.init.zeros_(cast(GraphConvolution, self.after.layers[-1]).weight)
        self.coarse = part  # behind the convolutions: a graph takes its type from the first parameter of a network
        self.depth, self.residual = depth, residual
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "coarse": self.coarse.arguments,
            "width": width, "depth": depth, "merged": merged, "residual": residual,
        }  # fmt: skip

    def forward(self, graph: Any) -> Float[Tensor, "nodes c_out"]:
        """Apply the network.

        Args:
            graph: with ``x (nodes, in)``, ``pos (nodes, dim)``, ``edge_index`` and ``params (1, numbers)``, or a batch
                of such.

        Raises:
            DataError: a graph without these, or with another number of channels.
            SolverError: the coarse solver does not converge; the parameters are named.
        """
        up = self.coarse(graph)
        if self.depth == 0:
            return up
        index = edges_of(graph)
        weights = symmetric_weights(index, len(graph.x), graph.x.dtype)
        h = self.before(graph.x, index, weights)
        out = self.after(torch.cat([up, h], dim=1), index, weights)
        return up + out if self.residual else out
