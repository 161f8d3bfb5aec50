"""Edge sets with their matrices: the same networks, within the memory, and only where they were measured."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gno.graph import Hierarchy, MultilevelData, multilevel_graph
from gno.models import GKN, MGKN
from gno.nn import MultipoleCycle, MultipoleKernels, edge_set
from gno.nn.kernel_options import KernelOptions
from gno.nn.multipole import LevelEdges
from gno.ops.matrices import KernelMatrices

RADIUS = (0.25, 0.6, 1.2)


pytestmark = pytest.mark.usefixtures("double")


def graph(levels: int = 3) -> MultilevelData:
    pos = torch.rand(60, 2)
    hierarchy = Hierarchy.build(pos, spacing=(0.25, 0.5)[: levels - 1], radius=RADIUS[:levels])
    return multilevel_graph(pos, hierarchy, x=torch.randn(60, 2), node_volume=0.5 + torch.rand(60))


def network(name: str) -> nn.Module:
    kernel = {"width": 6, "aggregation": "quadrature"}
    if name.startswith("gkn"):
        return GKN(2, 3, radius=RADIUS[:1], width=8, kernel=kernel, block=name.split()[1])
    return MGKN(2, 3, radius=RADIUS, width=8, kernel=kernel, block=name.split()[1])


def force(monkeypatch: pytest.MonkeyPatch, choice: bool) -> None:
    monkeypatch.setattr(edge_set, "matrices_pay", lambda *_, **__: choice)


@pytest.mark.parametrize("name", ["gkn residual", "gkn gkn", "mgkn residual", "mgkn mgkn"])
def test_networks_and_their_gradients_are_the_same_with_matrices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net, data, applied, results = network(name), graph(1 if name.startswith("gkn") else 3), [], []
    apply = KernelMatrices.apply
    monkeypatch.setattr(KernelMatrices, "apply", lambda self, v: (applied.append(self), apply(self, v))[1])
    data.x.requires_grad_()
    for choice in (True, False):
        force(monkeypatch, choice)
        out = net(data)
        results.append([out, *torch.autograd.grad(out.square().sum(), [data.x, *net.parameters()])])
    sets, times = (1, net.depth) if isinstance(net, GKN) else (7, net.cycles)
    assert len(applied) == sets * times
    assert len(set(applied)) == sets
    for ours, theirs in zip(*results, strict=True):
        assert (ours - theirs).abs().max() <= 1e-12 * max(1.0, float(theirs.detach().abs().max()))


def test_weights_of_their_own_have_no_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KernelMatrices, "apply", None)
    force(monkeypatch, True)
    MGKN(2, 1, radius=RADIUS, shared=False)(graph())
    GKN(2, 1, radius=RADIUS[:1], shared=False)(graph(1))


def cycle_and_edges(memory: int = 2**30) -> tuple[MultipoleKernels, MultipoleCycle, LevelEdges]:
    options = KernelOptions(width=6)
    kernels, cycle = MultipoleKernels(2, RADIUS, options, memory=memory), MultipoleCycle(4, 3, options)
    return kernels, cycle, kernels(graph())


def with_matrices(edges: LevelEdges) -> list[bool]:
    return [e.matrices is not None for e in (*edges.intra, *edges.down, *edges.up)]


def test_the_smallest_sets_get_matrices_until_the_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    force(monkeypatch, True)
    _, cycle, edges = cycle_and_edges()
    sizes = [e.plan.num_edges for e in (*edges.intra, *edges.down, *edges.up)]
    one_edge = 4 * 4 * 8
    assert all(with_matrices(cycle.with_matrices(edges, 3, sum(sizes) * one_edge)))
    almost = cycle.with_matrices(edges, 3, (sum(sizes) - 1) * one_edge)
    assert with_matrices(almost) == [size < max(sizes) for size in sizes]
    assert not any(with_matrices(cycle.with_matrices(edges, 3, 0)))


def test_what_the_features_leave_of_the_memory_is_spare() -> None:
    kernels, _, edges = cycle_and_edges()
    slots = sum(len(e.plan.edge) for e in (*edges.intra, *edges.down, *edges.up))
    assert kernels.spare(edges) == 2**30 - slots * 6 * 5 * 8
    kernels, _, edges = cycle_and_edges(memory=0)
    assert kernels.spare(edges) == 0


def test_matrices_come_from_features_at_hand_or_from_what_makes_them() -> None:
    kernels, cycle, shared = cycle_and_edges()
    kernels.memory = 0
    anew = kernels(graph())
    layer, u = cycle.intra[0].integral, torch.randn(60, 4)
    for edges in (shared.intra[0], anew.intra[0]):
        assert (edges.formed(layer, 1).integrate(layer, u) - edges.integrate(layer, u)).abs().max() < 1e-13


def test_features_that_are_made_anew_are_given_no_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    force(monkeypatch, True)
    _, cycle, edges = cycle_and_edges(memory=0)
    assert not any(with_matrices(cycle.with_matrices(edges, 3, 2**30)))


def test_the_matrices_of_one_layer_do_not_serve_another(monkeypatch: pytest.MonkeyPatch) -> None:
    force(monkeypatch, True)
    _, cycle, edges = cycle_and_edges()
    other = MultipoleCycle(4, 3, KernelOptions(width=6))
    v = [torch.randn(len(a), 4) for a in edges.inputs]
    theirs: list[list[Tensor]] = [other(v, e) for e in (edges, cycle.with_matrices(edges, 3, 2**30))]
    assert all(torch.equal(a, b) for a, b in zip(*theirs, strict=True))


def test_none_under_autocast_nor_where_a_compiler_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    force(monkeypatch, True)
    _, cycle, edges = cycle_and_edges()
    with torch.autocast("cpu", torch.bfloat16):
        assert not any(with_matrices(cycle.with_matrices(edges, 3, 2**30)))
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert not any(with_matrices(cycle.with_matrices(edges, 3, 2**30)))
