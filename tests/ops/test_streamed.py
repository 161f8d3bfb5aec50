"""The contraction tile by tile: equal to NNConv and to the plain one, differentiable twice, and of bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jaxtyping
import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import NNConv

from gno.errors import DataError
from gno.nn import MLP, KernelIntegral
from gno.ops import EdgePlan, contraction, kernel_contraction, tiles


@pytest.fixture(autouse=True)
def _tiny_tiles(monkeypatch: pytest.MonkeyPatch) -> object:
    """Nothing counts as small, tiles hold a few slots and groups three rows; nodes of more edges are split."""
    monkeypatch.setattr(contraction, "PLAIN_BYTES", -1)
    monkeypatch.setattr(tiles, "TILE_BYTES", 200)
    monkeypatch.setattr(tiles, "GROUP_BYTES", 0)
    monkeypatch.setattr(tiles, "GROUP_ROWS", 3)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def ragged(sources: int, targets: int, edges: int) -> Tensor:
    """Edges in no order, with degrees from 0 to many; the last target gets none."""
    target = (torch.rand(edges) ** 2 * (targets - 1)).long()
    return torch.stack([torch.randint(sources, (edges,)), target])


def test_tiles_cover_the_slots_once_and_in_order() -> None:
    edge_index = ragged(40, 30, 3000)
    plan = EdgePlan.build(edge_index, 40, 30, by="target")
    parts = tiles.groups(plan, 150, 7)
    assert [len(group.node) for group in parts[:-1]] == [7] * (len(parts) - 1)
    flat = [tile for group in parts for tile in group.tiles]
    assert [tile.slots.start for tile in flat] == [0, *(tile.slots.stop for tile in flat[:-1])]
    assert flat[-1].slots.stop == len(plan.edge)
    for tile in flat:
        n, d = tile.shape
        assert n == tile.rows.stop - tile.rows.start
        assert n * d == tile.slots.stop - tile.slots.start
        assert n * d <= 150
    for group in parts:
        assert len(group.node) == group.num_rows == sum(tile.shape[0] for tile in group.tiles)
    slots_of = torch.cat([node.repeat_interleave(d) for node, d in _rows_of(parts)])
    assert torch.equal(slots_of, edge_index[1, plan.edge])


def _rows_of(parts: list[tiles.Group]) -> list[tuple[Tensor, int]]:
    return [(group.node[tile.rows], tile.shape[1]) for group in parts for tile in group.tiles]


def test_groups_have_enough_rows_however_small_the_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert tiles.group_rows(1024 * 64, 4) == 128
    assert tiles.group_rows(16 * 24, 4) > 1000


@pytest.mark.parametrize("aggregation", ["mean", "sum", "quadrature"])
@pytest.mark.parametrize("nodes", [(20, 20), (30, 9), (9, 30)])
@pytest.mark.parametrize("tile_bytes", [200, 4000])  # each node in several tiles; and several nodes in one
def test_equals_nnconv_in_outputs_and_gradients(
    aggregation: str, nodes: tuple[int, int], tile_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "TILE_BYTES", tile_bytes)
    sources, targets = nodes
    edge_index, q = ragged(sources, targets, 120), torch.rand(sources) + 0.1
    kernel = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6), nn.GELU(), nn.Linear(6, 3 * 2))
    conv = NNConv((3, 3), 2, kernel, aggr="mean" if aggregation == "mean" else "add", root_weight=False, bias=False)
    layer = KernelIntegral.from_nnconv(conv)
    layer.aggregation = aggregation
    total = torch.zeros(targets).index_add(0, edge_index[1], q[edge_index[0]]).clamp(min=1e-300)[:, None]
    results = []
    for module in (conv, layer):
        v = torch.linspace(-1, 1, sources * 3).view(-1, 3).requires_grad_()
        edge_attr = torch.linspace(-1, 2, 480).view(120, 4).requires_grad_()
        weighted = v * q[:, None] if module is conv and aggregation == "quadrature" else v
        known = (q,) if module is layer and aggregation == "quadrature" else ()
        out = module((weighted, torch.zeros(targets, 3)), edge_index, edge_attr, *known)
        out = out / total if module is conv and aggregation == "quadrature" else out
        (out * torch.linspace(0, 1, out.numel()).view_as(out)).sum().backward()
        results.append([out, v.grad, edge_attr.grad])
    last = conv.nn[-1]
    pairs = [
        *zip(*results),
        (last.weight.grad.T.reshape(6, 3, 2), layer.weight.grad),
        (last.bias.grad.view(3, 2), layer.kernel_bias.grad),
        *((a.grad, b.grad) for a, b in zip(conv.nn[:-1].parameters(), layer.kernel.parameters(), strict=True)),
    ]
    for theirs, ours in pairs:
        assert (theirs - ours).abs().max() <= 1e-12 * max(1.0, float(theirs.detach().abs().max()))


@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("sources", [2, 4])
def test_features_at_hand_have_both_derivatives(sources: int, with_bias: bool) -> None:
    edge_index = ragged(sources, 4, 8)
    shapes = ((8, 2), (sources, 2), (2, 2, 1), (8,), *([(2, 1)] if with_bias else []))
    arguments = [torch.randn(shape, requires_grad=True) for shape in shapes]
    plan = EdgePlan.build(edge_index, sources, 4, by="source" if sources < 4 else "target")
    real = plan.slot_weight(None, arguments[0])

    def by_edge(hidden: Tensor, v: Tensor, weight: Tensor, share: Tensor, *bias: Tensor) -> Tensor:
        return kernel_contraction(hidden, v, edge_index, weight, *bias, num_targets=4, edge_weight=share, plan=plan)

    def by_slot(hidden: Tensor, v: Tensor, weight: Tensor, edge_weight: Tensor, *bias: Tensor) -> Tensor:
        weight_of_slot = real * edge_weight[plan.edge, None]
        return contraction.contract(hidden[plan.edge] * weight_of_slot, weight_of_slot, v, weight, *bias, plan=plan)

    for function in (by_edge, by_slot):
        assert torch.autograd.gradcheck(function, arguments)
        assert torch.autograd.gradgradcheck(function, arguments)


@pytest.mark.parametrize("by", ["source", "target"])
def test_a_kernel_network_has_both_derivatives(by: str) -> None:
    edge_index = ragged(4, 5, 8)
    plan = EdgePlan.build(edge_index, 4, 5, by=by)
    shapes = ((8, 1), (4, 2), (2, 2, 1), (2, 1), (8,), (2, 1), (2,))
    arguments = [torch.randn(shape, requires_grad=True) for shape in shapes]

    def function(edge_attr: Tensor, v: Tensor, weight: Tensor, bias: Tensor, share: Tensor, *theta: Tensor) -> Tensor:
        kernel = MLP((1, 2), "tanh", last=True)
        # The checker's own tensors in the place of the parameters, which it would not see otherwise.
        kernel.layers[0]._parameters.update(weight=theta[0], bias=theta[1])
        return kernel_contraction(
            (kernel, edge_attr), v, edge_index, weight, bias, num_targets=5, edge_weight=share, plan=plan
        )

    assert torch.autograd.gradcheck(function, arguments)
    assert torch.autograd.gradgradcheck(function, arguments)


def test_an_argument_that_depends_on_another_is_not_counted_twice() -> None:
    edge_index, weight = ragged(6, 5, 14), torch.randn(3, 2, 2, requires_grad=True)
    v, hidden = torch.randn(6, 2), torch.randn(14, 3)

    def gradient(create_graph: bool) -> Tensor:
        dependent = hidden * weight.sum()
        out = kernel_contraction(dependent, v, edge_index, weight, num_targets=5).square().sum()
        return torch.autograd.grad(out, weight, create_graph=create_graph)[0]

    assert (gradient(True) - gradient(False)).abs().max() < 1e-12


def test_only_what_is_asked_for_is_differentiated() -> None:
    edge_index, kernel = ragged(6, 5, 30), MLP((2, 3), last=True).requires_grad_(False)
    edge_attr, v, weight = torch.randn(30, 2), torch.randn(6, 2), torch.randn(3, 2, 2)
    for leaf in (edge_attr, v, weight, kernel.layers[0].bias):
        leaf.requires_grad_()
        kernel_contraction((kernel, edge_attr), v, edge_index, weight, num_targets=5).sum().backward()
        assert leaf.grad is not None
        assert leaf.grad.abs().max() > 0
        leaf.requires_grad_(False)
        leaf.grad = None


def test_tensors_of_any_layout_are_taken() -> None:
    edge_index = ragged(6, 5, 30)
    hidden, v, weight = torch.randn(3, 30).T, torch.randn(2, 6).T, torch.randn(2, 2, 3).permute(2, 0, 1)
    plan = EdgePlan.build(edge_index, 6, 5)
    slots, share = torch.randn(3, len(plan.edge)).T, plan.slot_weight(None, v)
    for values in (hidden, slots * share):
        results = []
        for arguments in ((values, v, weight), (values.contiguous(), v.contiguous(), weight.contiguous())):
            leaves = [t.detach().requires_grad_() for t in arguments]
            if values is hidden:
                out = kernel_contraction(leaves[0], leaves[1], edge_index, leaves[2], num_targets=5)
            else:
                out = contraction.contract(leaves[0], share, leaves[1], leaves[2], plan=plan)
            results.append([out, *torch.autograd.grad(out.sum(), leaves)])
        assert all((a - b).abs().max() < 1e-12 for a, b in zip(*results, strict=True))


def test_isolated_nodes_and_no_edges_at_all_give_zero() -> None:
    kernel, weight = MLP((2, 3), last=True), torch.randn(3, 2, 4, requires_grad=True)
    for sources, targets in ((6, 5), (2, 5), (0, 3), (3, 0)):
        v = torch.randn(sources, 2, requires_grad=True)
        none = torch.zeros(2, 0, dtype=torch.int64)
        out = kernel_contraction((kernel, torch.zeros(0, 2)), v, none, weight, num_targets=targets)
        out.sum().backward()
        assert torch.equal(out, torch.zeros(targets, 4))
        assert torch.equal(v.grad, torch.zeros(sources, 2))
    out = kernel_contraction(
        (kernel, torch.ones(1, 2)), torch.ones(3, 2), torch.tensor([[0], [1]]), weight, num_targets=4
    )
    assert torch.equal(out[[0, 2, 3]], torch.zeros(3, 4))
    assert out[1].abs().min() > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lower_precision_agrees_to_its_rounding(dtype: torch.dtype) -> None:
    edge_index, kernel = ragged(20, 20, 200), MLP((2, 8), last=True)
    edge_attr, v, weight = torch.randn(200, 2), torch.randn(20, 4), torch.randn(8, 4, 4) / 8
    mean = 1 / torch.bincount(edge_index[1], minlength=20)[edge_index[1]]
    exact = kernel_contraction((kernel, edge_attr), v, edge_index, weight, num_targets=20, edge_weight=mean)
    kernel.to(dtype)
    low = [t.to(dtype) for t in (edge_attr, v, weight, mean)]
    out = kernel_contraction((kernel, low[0]), low[1], edge_index, low[2], num_targets=20, edge_weight=low[3])
    assert out.dtype == dtype
    assert (out - exact).abs().max() < 8 * torch.finfo(dtype).eps * exact.abs().max()


def test_a_kernel_with_a_norm_over_the_rows_sees_all_of_them() -> None:
    kernel = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU())
    layer = KernelIntegral(3, 3, kernel, hidden=4)
    edge_index, edge_attr, v = ragged(12, 12, 60), torch.randn(60, 2), torch.randn(12, 3)
    hidden = nn.functional.relu(nn.functional.batch_norm(kernel[0](edge_attr), None, None, training=True))
    mean = 1 / torch.bincount(edge_index[1], minlength=12)[edge_index[1]]
    arguments = (v, edge_index, layer.weight, layer.kernel_bias)
    wanted = kernel_contraction(hidden, *arguments, num_targets=12, edge_weight=mean)
    assert (layer(v, edge_index, edge_attr) - wanted).abs().max() < 1e-12


@pytest.mark.parametrize("backend", ["plain", "streamed"])
def test_a_kernel_of_another_width_is_refused(backend: str) -> None:
    edge_index, network = ragged(4, 5, 9), torch.nn.Linear(2, 3)
    with pytest.raises(DataError, match="makes 3 features an edge; weight combines 4"):
        kernel_contraction(
            (network, torch.ones(9, 2)),
            torch.ones(4, 2),
            edge_index,
            torch.ones(4, 2, 2),
            num_targets=5,
            backend=backend,
        )


def test_mixed_types_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    edge_index, v, weight = ragged(6, 5, 9), torch.randn(6, 2), torch.randn(3, 2, 2)
    with pytest.raises(DataError, match=r"hidden has type torch.float32, v torch.float64"):
        kernel_contraction(torch.randn(9, 3).float(), v, edge_index, weight, num_targets=5)
    with pytest.raises(DataError, match="edge_attr has 8 rows for 9 edges"):
        kernel_contraction((nn.Linear(2, 3), torch.randn(8, 2)), v, edge_index, weight, num_targets=5)


MEMORY = """
import re, sys, torch
from gno.nn import MLP, KernelIntegral
from gno.ops import EdgePlan

def status(name):  # not ru_maxrss, which starts at the peak of the parent process
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024

def run(nodes, edges):
    index = torch.stack([torch.randint(nodes, (edges,)), torch.randint(nodes, (edges,)).sort().values])
    v, attr = torch.randn(nodes, 32, requires_grad=True), torch.randn(edges, 6)
    plan = EdgePlan.build(index, nodes, nodes)
    before = status("VmRSS")
    layer(v, index, attr, plan=plan).sum().backward()
    return status("VmHWM") - before

torch.set_num_threads(1)
layer = KernelIntegral(32, 32, MLP((6, 128, 128), "relu", last=True))
run(40, 2000)  # libraries take memory of their own at first use
edges = int(sys.argv[1])
print(run(edges // 50, edges))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory where Linux tells it")
def test_memory_does_not_grow_with_the_edges() -> None:
    """The matrices of 160,000 edges alone would take 655 MB, and their hidden features 82 MB."""
    small, large = (
        float(subprocess.run([sys.executable, "-c", MEMORY, str(e)], check=True, capture_output=True).stdout)
        for e in (20_000, 160_000)
    )
    assert 1 < large < 80
    assert large - small < 16
