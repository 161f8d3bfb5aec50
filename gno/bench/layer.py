"""The layer that is measured: PyG's ``NNConv`` on a random graph, and the kernel integral that equals it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gno.nn import KernelIntegral
from gno.ops import EdgePlan

WIDTH, HIDDEN, FEATURES = 64, 256, 6


class Layer:
    """A random graph of one degree, an ``NNConv`` that takes means, and the kernel integral of the same parameters.

    Args:
        nodes: sources and targets.
        degree: edges of each target.
        hidden: features of the two hidden layers of the kernel.
        seed: of graph, values and parameters.
        dtype: of values and parameters, which are drawn in float32.
        device: where all is.
    """

    def __init__(
        self,
        nodes: int,
        degree: int,
        *,
        hidden: int = HIDDEN,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        from torch_geometric.nn import NNConv

        with torch.random.fork_rng():
            torch.manual_seed(seed)
            target = torch.arange(nodes).repeat_interleave(degree)
            index = torch.stack([torch.randint(nodes, (len(target),)), target])
            attr, v = torch.randn(len(target), FEATURES), torch.randn(nodes, WIDTH)
            layers = [nn.Linear(FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()]
            kernel = nn.Sequential(*layers, nn.Linear(hidden, WIDTH * WIDTH))
            conv = NNConv(WIDTH, WIDTH, kernel, aggr="mean", root_weight=False, bias=False).to(device, dtype)
            self.conv, self.ours = conv, KernelIntegral.from_nnconv(conv)
        self.nodes, self.hidden = nodes, hidden
        self.index, self.attr = index.to(device), attr.to(device, dtype)
        self.v = v.to(device, dtype).requires_grad_()
        self.plan = EdgePlan.build(self.index, nodes, nodes)

    @property
    def edges(self) -> int:
        """Number of edges."""
        return self.index.shape[1]

    def peer_once(self) -> Tensor:
        """One layer, a matrix for each edge."""
        out: Tensor = self.conv(self.v, self.index, self.attr)
        return out

    def ours_once(self) -> Tensor:
        """One layer, without the matrices."""
        out: Tensor = self.ours(self.v, self.index, self.attr, plan=self.plan)
        return out

    def peer_iterated(self, times: int) -> Tensor:
        """Iterations of one layer."""
        v: Tensor = self.v
        for _ in range(times):
            v = self.conv(v, self.index, self.attr).relu()
        return v

    def ours_iterated(self, times: int) -> Tensor:
        """Iterations on shared features."""
        hidden, share = self.ours.features(self.index, self.attr, self.plan)
        v: Tensor = self.v
        for _ in range(times):
            v = self.ours.contract(v, hidden, share, self.plan).relu()
        return v

    def multiplications(self, iterations: int = 1) -> int:
        r"""Multiply-adds of a forward pass that takes the sum over the edges first and makes the features once.

        .. math::
            E\,(d h + h^2) + T\,(E h w + N h w^2)
        """
        features = self.edges * (FEATURES * self.hidden + self.hidden**2)
        return features + iterations * self.hidden * WIDTH * (self.edges + self.nodes * WIDTH)
