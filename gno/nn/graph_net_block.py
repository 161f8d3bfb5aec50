"""The block of a graph network: edges hear their ends, nodes hear their edges."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import linear

from gno.errors import ConfigError, DataError
from gno.nn.kernel_options import KernelOptions
from gno.nn.mlp import MLP, activation
from gno.ops.index import check_edges, check_index
from gno.ops.segment import segment_mean, segment_sum


class GraphNetBlock(nn.Module):
    r"""One step of message passing with residual updates of edges and nodes.

    .. math::
        m_{ij} = f^M(e_{ij}, v_j, v_i), \qquad
        e_{ij} \leftarrow e_{ij} + m_{ij}, \qquad
        v_i \leftarrow v_i + f^V\Big(v_i, \sum_{j \in \mathcal{N}(i)} w_{ij}\, m_{ij}\Big)

    :math:`f^M` and :math:`f^V` are multilayer perceptrons with a layer norm behind, and the weights :math:`w` those of
    ``KernelIntegral``. The first layer of :math:`f^M` is linear in each of its three parts: those of the nodes are
    mapped before they are gathered, once a node and not once an edge.

    Source: Pfaff et al. 2021, arXiv 2010.03409, equation 1, with the sum.

    Args:
        width: channels of nodes and edges.
        options: of the perceptrons: hidden ``width``, hidden ``layers``, ``activation``; and the ``aggregation``.

    Raises:
        ConfigError: a width below 1.

    Shapes:
        - input: ``v (nodes, width)``, ``e (edges, width)``, ``edge_index (2, edges)``
        - output: the new ``v`` and ``e``; a node without incoming edges hears 0

    Example:
        >>> block = GraphNetBlock(4)
        >>> v, e = block(torch.ones(3, 4), torch.zeros(2, 4), torch.tensor([[0, 1], [2, 2]]))  # 0 -> 2, 1 -> 2
        >>> v.shape, e.shape
        (torch.Size([3, 4]), torch.Size([2, 4]))
    """

    def __init__(self, width: int, options: KernelOptions | None = None) -> None:
        super().__init__()
        if width < 1:
            raise ConfigError(f"width is {width}", why="it is at least 1")
        options = options or KernelOptions()
        hidden = [options.width] * options.layers
        self.width, self.aggregation = width, options.aggregation
        self.ends = nn.Linear(3 * width, options.width)
        self.message = nn.Sequential(
            activation(options.activation), MLP((*hidden, width), options.activation), nn.LayerNorm(width)
        )
        self.node = normed_mlp(2 * width, width, options)

    def forward(
        self,
        v: Float[Tensor, "nodes c"],
        e: Float[Tensor, "edges c"],
        edge_index: Int[Tensor, "2 edges"],
        weight: Float[Tensor, " nodes"] | None = None,
    ) -> tuple[Float[Tensor, "nodes c"], Float[Tensor, "edges c"]]:
        """New values of nodes and edges.

        Args:
            v: values at the nodes.
            e: values on the edges.
            edge_index: ``[source; target]``, in any order.
            weight: volumes of the nodes, with ``aggregation="quadrature"``.

        Raises:
            DataError: a wrong width, an index that is out of range, or volumes that are missing or not wanted.
        """
        if v.shape[1] != self.width or e.shape[1] != self.width:
            raise DataError(f"v has {v.shape[1]} channels, e {e.shape[1]}", why=f"the block takes {self.width}")
        check_edges(edge_index, v.device)
        if not torch.compiler.is_compiling() and v.device.type == "cpu":  # reading extremes would stall elsewhere
            check_index(edge_index, v.shape[0], "edge_index")
        source, target = edge_index
        of_edge, of_source, of_target = self.ends.weight.split(self.width, dim=1)
        at_source, at_target = linear(v, of_source), linear(v, of_target)
        ends = (
            linear(e, of_edge, self.ends.bias) + at_source.index_select(0, source) + at_target.index_select(0, target)
        )
        m = self.message(ends)
        return v + self.node(torch.cat([v, self._heard(m, edge_index, v.shape[0], weight)], dim=1)), e + m

    def _heard(self, m: Tensor, edge_index: Tensor, num: int, weight: Tensor | None) -> Tensor:
        if (weight is not None) != (self.aggregation == "quadrature"):
            raise DataError(
                f"volumes {'missing' if weight is None else 'given'} with aggregation {self.aggregation!r}",
                why="aggregation 'quadrature' needs them, and no other takes them",
            )
        source, target = edge_index
        if weight is None:
            return segment_sum(m, target, num) if self.aggregation == "sum" else segment_mean(m, target, num)
        q = weight.to(m.dtype)[source, None]
        return segment_sum(q * m, target, num) / segment_sum(q, target, num).clamp(min=torch.finfo(q.dtype).tiny)


def normed_mlp(in_channels: int, width: int, options: KernelOptions) -> nn.Sequential:
    """A perceptron with a layer norm behind.

    Args:
        in_channels: channels of the input.
        width: channels of the output.
        options: its hidden ``width`` and ``layers``, and its ``activation``.

    Example:
        >>> normed_mlp(3, 8, KernelOptions())(torch.zeros(5, 3)).shape
        torch.Size([5, 8])
    """
    hidden = [options.width] * options.layers
    return nn.Sequential(MLP((in_channels, *hidden, width), options.activation), nn.LayerNorm(width))
