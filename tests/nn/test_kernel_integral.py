"""The kernel integral: what it sums, whom it equals, what it refuses."""

from __future__ import annotations

import jaxtyping
import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import NNConv

from gno.errors import ConfigError, DataError
from gno.nn import MLP, KernelIntegral
from tests.conftest import ragged

pytestmark = pytest.mark.usefixtures("double")


def double_loop(layer: KernelIntegral, v: Tensor, edge_index: Tensor, edge_attr: Tensor, weight: list[float]) -> Tensor:
    out = torch.zeros(7, layer.out_channels)
    for i in range(7):
        for e in range(edge_index.shape[1]):
            if edge_index[1, e] == i:
                kappa = torch.einsum("k,kio->oi", layer.kernel(edge_attr[e]), layer.weight) + layer.kernel_bias.T
                out[i] = out[i] + weight[e] * kappa @ v[edge_index[0, e]]
    return out


@pytest.mark.parametrize("sources", [5, 40])  # fewer than targets: W first; more: sum first
@pytest.mark.parametrize("aggregation", ["mean", "sum", "quadrature"])
def test_equals_the_sum_as_a_double_loop(aggregation: str, sources: int) -> None:
    layer = KernelIntegral(3, 4, MLP((2, 6), last=True), aggregation=aggregation)
    edge_index, edge_attr, v = ragged(sources, 7, 50), torch.randn(50, 2), torch.randn(sources, 3)
    q = torch.rand(sources) + 0.1
    per_edge = {"mean": torch.ones(50), "sum": torch.ones(50), "quadrature": q[edge_index[0]]}[aggregation]
    if aggregation != "sum":
        per_edge = per_edge / torch.zeros(7).index_add(0, edge_index[1], per_edge)[edge_index[1]]
    wanted = double_loop(layer, v, edge_index, edge_attr, per_edge.tolist())
    out = layer((v, 7), edge_index, edge_attr, q if aggregation == "quadrature" else None)
    assert (out - wanted).abs().max() < 1e-13


@pytest.mark.parametrize("aggr", ["mean", "add", "sum"])
@pytest.mark.parametrize("extras", [False, True])
@pytest.mark.parametrize("bipartite", [None, (30, 9), (9, 30)])
def test_equals_nnconv_in_outputs_and_gradients(aggr: str, extras: bool, bipartite: tuple[int, int] | None) -> None:
    sources, targets = bipartite or (20, 20)
    channels = (3, 5) if bipartite else 3
    kernel = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6), nn.GELU(), nn.Linear(6, 3 * 2, bias=extras))
    conv = NNConv(channels, 2, kernel, aggr=aggr, root_weight=extras, bias=extras)
    layer = KernelIntegral.from_nnconv(conv)
    edge_index = ragged(sources, targets, 117)
    # In any order, some edges twice; the last target has none.
    edge_index = torch.cat([edge_index, edge_index[:, :3]], dim=1)[:, torch.randperm(120)]
    results = []
    for module in (conv, layer):
        v = torch.linspace(-1, 1, sources * 3).view(-1, 3).requires_grad_()
        u = torch.linspace(-2, 1, targets * 5).view(-1, 5).requires_grad_()
        edge_attr = torch.linspace(-1, 2, 480).view(120, 4).requires_grad_()
        out = module((v, u) if bipartite else v, edge_index, edge_attr)
        (out * torch.linspace(0, 1, out.numel()).view_as(out)).sum().backward()
        results.append([out, v.grad, edge_attr.grad, *([u.grad] if extras and bipartite else [])])
    last = conv.nn[-1]
    pairs = [
        *zip(*results),
        (last.weight.grad.T.reshape(6, 3, 2), layer.weight.grad),
        *((a.grad, b.grad) for a, b in zip(conv.nn[:-1].parameters(), layer.kernel.parameters(), strict=True)),
    ]
    if extras:
        pairs.append((last.bias.grad.view(3, 2), layer.kernel_bias.grad))
        pairs += [(conv.lin.weight.grad, layer.root.weight.grad), (conv.bias.grad, layer.bias.grad)]
    for theirs, ours in pairs:
        assert (theirs - ours).abs().max() <= 1e-12 * max(1.0, float(theirs.detach().abs().max()))


def test_the_copy_of_an_nnconv_is_its_own() -> None:
    conv = NNConv(2, 2, nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 4)))
    layer = KernelIntegral.from_nnconv(conv)
    before = layer.kernel[0].weight.clone()
    with torch.no_grad():
        conv.nn[0].weight.add_(1)
    assert torch.equal(layer.kernel[0].weight, before)
    with pytest.raises(ConfigError, match="'max'"):
        KernelIntegral.from_nnconv(NNConv(2, 2, nn.Linear(1, 4), aggr="max"))
    with pytest.raises(ConfigError, match="target_to_source"):
        KernelIntegral.from_nnconv(NNConv(2, 2, nn.Linear(1, 4), flow="target_to_source"))
    with pytest.raises(ConfigError, match="ends in ReLU"):
        KernelIntegral.from_nnconv(NNConv(2, 2, nn.Sequential(nn.Linear(1, 4), nn.ReLU())))


def test_renumbering_the_nodes_renumbers_the_result_and_the_order_of_edges_is_free() -> None:
    layer = KernelIntegral(3, 3, MLP((2, 5)), root=True, bias=True)
    edge_index, edge_attr, v = ragged(12, 12, 60), torch.randn(60, 2), torch.randn(12, 3)
    number, order = torch.randperm(12), torch.randperm(60)
    moved = torch.empty_like(v)
    moved[number] = v
    out = layer(moved, number[edge_index][:, order], edge_attr[order])
    assert (out[number] - layer(v, edge_index, edge_attr)).abs().max() < 1e-13


def test_a_node_without_edges_gets_zero() -> None:
    layer = KernelIntegral(2, 3, nn.Linear(1, 4))
    out = layer(torch.ones(4, 2), torch.tensor([[0, 1], [1, 1]]), torch.ones(2, 1))
    assert torch.equal(out[[0, 2, 3]], torch.zeros(3, 3))
    assert out[1].abs().min() > 0
    assert torch.equal(layer(torch.ones(4, 2), torch.zeros(2, 0).long(), torch.zeros(0, 1)), torch.zeros(4, 3))
    for sources, targets in ((4, 2), (2, 4), (0, 3), (3, 0)):
        out = layer((torch.ones(sources, 2), targets), torch.zeros(2, 0).long(), torch.zeros(0, 1))
        assert torch.equal(out, torch.zeros(targets, 3))


def test_quadrature_with_equal_weights_is_the_mean() -> None:
    kernel = MLP((2, 5))
    mean, quadrature = (KernelIntegral(3, 3, kernel, aggregation=a) for a in ("mean", "quadrature"))
    quadrature.load_state_dict(mean.state_dict())
    edge_index, edge_attr, v = ragged(12, 12, 60), torch.randn(60, 2), torch.randn(12, 3)
    difference = mean(v, edge_index, edge_attr) - quadrature(v, edge_index, edge_attr, torch.full((12,), 0.3))
    assert difference.abs().max() < 1e-14


def test_wrong_input_is_refused_and_the_message_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    layer = KernelIntegral(3, 3, MLP((6, 8)))
    edge_index, v = torch.tensor([[0, 1], [1, 0]]), torch.ones(2, 3)
    with pytest.raises(DataError, match="5 features per edge; the kernel takes 6"):
        layer(v, edge_index, torch.ones(2, 5))
    with pytest.raises(DataError, match="4 channels; the layer takes 3"):
        layer(torch.ones(2, 4), edge_index, torch.ones(2, 6))
    with pytest.raises(DataError, match="3 rows for 2 edges"):
        layer(v, edge_index, torch.ones(3, 6))
    with pytest.raises(DataError, match="refers to node 7"):
        layer(v, torch.tensor([[0, 7], [1, 0]]), torch.ones(2, 6))
    with pytest.raises(DataError, match=r"edge_index has shape \(3, 2\); it is \(2, edges\)"):
        layer(v, torch.tensor([[0, 1], [1, 0], [0, 0]]), torch.ones(3, 6))
    with pytest.raises(DataError, match=r"v has shape \(2,\); it is \(nodes, channels\)"):
        layer(v[:, 0], edge_index, torch.ones(2, 6))
    with pytest.raises(DataError, match=r"edge_attr has type torch.float32, the layer torch.float64"):
        layer(v, edge_index, torch.ones(2, 6).float())
    with pytest.raises(DataError, match="edge_index is on meta, v on cpu"):
        layer(v, edge_index.to("meta"), torch.ones(2, 6))
    with pytest.raises(DataError, match="quadrature weights given"):
        layer(v, edge_index, torch.ones(2, 6), torch.ones(2))
    with pytest.raises(DataError, match="quadrature weights missing"):
        KernelIntegral(3, 3, MLP((6, 8)), aggregation="quadrature")(v, edge_index, torch.ones(2, 6))
    with pytest.raises(DataError, match="no values at the targets"):
        KernelIntegral(3, 3, MLP((6, 8)), root=True)((v, 2), edge_index, torch.ones(2, 6))
    with pytest.raises(ConfigError, match="'median' is unknown"):
        KernelIntegral(3, 3, MLP((6, 8)), aggregation="median")
    with pytest.raises(ConfigError, match="channels are 0 and 3"):
        KernelIntegral(0, 3, MLP((6, 8)))
    with pytest.raises(ConfigError, match="give hidden"):
        KernelIntegral(3, 3, nn.Identity())


def test_no_kernel_matrix_is_formed() -> None:
    """Memory kept for the backward pass grows with ``h + c`` an edge, not with ``c * c``."""
    layer = KernelIntegral(32, 32, MLP((2, 8), last=True))
    edge_index, edge_attr, v = ragged(50, 50, 2000), torch.randn(2000, 2), torch.randn(50, 32)
    kept: dict[int, int] = {}

    def note(value: Tensor) -> Tensor:
        kept[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(note, lambda value: value):
        layer(v, edge_index, edge_attr)
    assert sum(kept.values()) < 0.2 * 2000 * 32 * 32 * 8
