"""The multipole kernels: shared by all cycles within a memory budget, made anew beyond it, the same result."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.graph import Hierarchy, MultilevelData, multilevel_graph
from gno.nn import MultipoleCycle, MultipoleKernels
from gno.nn.kernel_options import KernelOptions
from gno.ops import contraction

RADIUS = (0.25, 0.6, 1.2)


pytestmark = pytest.mark.usefixtures("double")


def graph() -> MultilevelData:
    pos = torch.rand(60, 2)
    hierarchy = Hierarchy.build(pos, spacing=(0.25, 0.5), radius=RADIUS)
    return multilevel_graph(pos, hierarchy, x=torch.randn(60, 2), node_volume=0.5 + torch.rand(60))


@pytest.mark.parametrize("plain_bytes", [-1, contraction.PLAIN_BYTES])
@pytest.mark.parametrize("block", ["residual", "gkn"])
@pytest.mark.parametrize("aggregation", ["mean", "quadrature"])
def test_features_beyond_the_memory_are_made_anew(
    aggregation: str, block: str, plain_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contraction, "PLAIN_BYTES", plain_bytes)
    data, options = graph(), KernelOptions(width=6, aggregation=aggregation)
    kernels, cycle = MultipoleKernels(2, RADIUS, options), MultipoleCycle(4, 3, options, block=block)
    results = []
    for memory in (2**30, 0):
        kernels.memory = memory
        edges = kernels(data)
        assert all(isinstance(e.hidden, Tensor) == bool(memory) for e in (*edges.intra, *edges.down, *edges.up))
        v = [torch.linspace(-1, 1, 4 * len(a)).view(-1, 4) for a in edges.inputs]
        for _ in range(2):
            v = cycle(v, edges)
        parameters = [*kernels.parameters(), *cycle.parameters()]
        results.append([v[0], *torch.autograd.grad(v[0].square().sum(), parameters, allow_unused=True)])
    for shared, anew in zip(*results, strict=True):
        assert (shared is None) == (anew is None)
        assert shared is None or (shared - anew).abs().max() <= 1e-12 * max(1.0, float(shared.detach().abs().max()))


def test_the_smallest_edge_sets_are_kept_first() -> None:
    data, options = graph(), KernelOptions(width=6)
    edges = MultipoleKernels(2, RADIUS, options)(data)
    sizes = [s.plan.num_edges for s in (*edges.intra, *edges.down, *edges.up)]
    one_edge = 6 * (2 * options.layers + 1) * 8
    kernels = MultipoleKernels(2, RADIUS, options, memory=(sum(sizes) - 1) * one_edge)
    edges = kernels(data)
    kept = [isinstance(s.hidden, Tensor) for s in (*edges.intra, *edges.down, *edges.up)]
    assert kept == [size < max(sizes) for size in sizes]
