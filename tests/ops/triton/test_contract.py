"""The contraction in Triton equals the plain one, in outputs and gradients: on a GPU, or in Triton's interpreter."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from gno.nn import MLP
from gno.ops import EdgePlan
from gno.ops.features import Features
from gno.ops.plain import contract_plain
from gno.ops.triton import contract_triton, runs, sweep
from gno.ops.triton.availability import interpreted
from tests.conftest import ragged

DEVICE = "cpu" if interpreted() else "cuda"
DTYPE = torch.float32 if DEVICE == "cuda" else torch.float64
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(DEVICE == "cuda" and not torch.cuda.is_available(), reason="no GPU, and no interpreter"),
]

NETWORKS = {
    "two layers": lambda: MLP((5, 18, 21), "gelu", last=True),
    "one layer": lambda: nn.Sequential(nn.Linear(3, 7, bias=False), nn.Tanh()),
    "linear": lambda: MLP((3, 33, 5), "silu"),
    "by torch": lambda: MLP((3, 4, 5, 6), "relu", last=True),
}


@pytest.fixture(autouse=True)
def _groups_of_three_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "GROUP_BYTES", 0)
    monkeypatch.setattr(sweep, "GROUP_ROWS", 3)
    monkeypatch.setattr(sweep, "TILE_BYTES", 800)
    torch.manual_seed(0)


def problem(dtype: torch.dtype, by: str, h: int, edges: int = 26) -> tuple[EdgePlan, list[Tensor]]:
    """A plan with isolated nodes and one row of many slots; weights of the edges, values, matrices and a bias."""
    edge_index = ragged(8, 9, edges)
    edge_index[0 if by == "source" else 1, : edges // 2] = 2
    plan = EdgePlan.build(edge_index.to(DEVICE), 8, 9, by=by)
    share = plan.slot_weight(
        torch.rand(edges, dtype=torch.float64).to(DEVICE) + 0.5, torch.empty(0, dtype=torch.float64)
    )
    tensors = [share, *(torch.randn(s, dtype=torch.float64) for s in ((8, 3), (h, 3, 17), (3, 17)))]
    return plan, [t.to(DEVICE, dtype).requires_grad_() for t in tensors]


def compare(features: Features, leaves: list[Tensor], plan: EdgePlan) -> list[tuple[Tensor, Tensor]]:
    """Output and gradients, and those of the plain contraction in float64."""
    share, v, weight, *bias = leaves
    arguments = (share, v, weight, bias[0] if bias else None, plan)
    assert runs(features, v, weight)
    results = [differentiated(contract_triton(features, *arguments), features, leaves)]
    exact = Features(double(features.values), features.edge, features.kernel and deepcopy(features.kernel).double())
    share, v, weight, *bias = leaves = [double(leaf) for leaf in leaves]
    arguments = (share, v, weight, bias[0] if bias else None, plan)
    results.append(differentiated(contract_plain(exact.weighted(plan, share), *arguments), exact, leaves))
    return list(zip(*results, strict=True))


def differentiated(out: Tensor, features: Features, leaves: list[Tensor]) -> list[Tensor]:
    inputs = [features.values, *leaves, *features.parameters]
    wave = torch.linspace(-1, 1, out.numel(), device=DEVICE).view_as(out).to(out.dtype)
    gradients = torch.autograd.grad(out, inputs, wave, allow_unused=True)
    return [out, *(torch.zeros_like(i) if g is None else g for i, g in zip(inputs, gradients))]


def double(leaf: Tensor) -> Tensor:
    return leaf.detach().double().requires_grad_()


def close(pairs: list[tuple[Tensor, Tensor]], tolerance: float) -> bool:
    return all((a - b).abs().max() <= tolerance * max(1.0, float(b.detach().abs().max())) for a, b in pairs)


def tolerance(dtype: torch.dtype) -> float:
    """In float32, what a sum of some tens of terms loses, which nearly cancel in some gradients."""
    return 1e-12 if dtype == torch.float64 else 16 * torch.finfo(torch.float32).eps


@pytest.mark.parametrize("by", ["source", "target"])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("where", ["edges", "slots"])
def test_features_at_hand(where: str, with_bias: bool, by: str) -> None:
    plan, leaves = problem(DTYPE, by, h=19)
    values = torch.randn(26 if where == "edges" else len(plan.edge), 19).to(DEVICE, DTYPE)
    if where == "slots":
        values = values * leaves[0].detach()
    features = Features(values.requires_grad_(), plan.edge if where == "edges" else None)
    assert close(compare(features, leaves if with_bias else leaves[:-1], plan), tolerance(DTYPE))


CASES = [*((network, DTYPE) for network in NETWORKS), ("two layers", torch.float32)]


@pytest.mark.parametrize("by", ["source", "target"])
@pytest.mark.parametrize(("network", "dtype"), CASES)
def test_features_of_a_network(network: str, dtype: torch.dtype, by: str) -> None:
    kernel = NETWORKS[network]().to(DEVICE, dtype)
    d, h = (next(kernel.parameters()).shape[1], [*kernel.parameters()][-1].shape[0])
    plan, leaves = problem(dtype, by, h)
    values = torch.randn(26, d).to(DEVICE, dtype).requires_grad_()
    assert close(compare(Features(values, plan.edge, kernel), leaves, plan), tolerance(dtype))


@pytest.mark.parametrize("by", ["source", "target"])
def test_wider_than_a_block(by: str) -> None:
    plan, leaves = problem(DTYPE, by, h=260, edges=5)
    kernel = MLP((2, 20, 260), "relu", last=True).to(DEVICE, DTYPE)
    leaves[1:] = [torch.randn(s, dtype=DTYPE, device=DEVICE, requires_grad=True) for s in ((8, 65), (260, 65, 2))]
    values = torch.randn(5, 2).to(DEVICE, DTYPE).requires_grad_()
    assert close(compare(Features(values, plan.edge, kernel), leaves, plan), tolerance(DTYPE))


@pytest.mark.parametrize("by", ["source", "target"])
def test_bfloat16_loses_a_few_roundings_and_no_more(by: str) -> None:
    """However many terms a sum has: it is taken in float32, and only factors and results are rounded."""
    plan, leaves = problem(torch.bfloat16, by, h=19)
    values = torch.randn(26, 19).to(DEVICE, torch.bfloat16).requires_grad_()
    pairs = compare(Features(values, plan.edge), leaves, plan)
    assert all(low.dtype == torch.bfloat16 for low, _ in pairs)
    assert close(pairs, 3 * torch.finfo(torch.bfloat16).eps)


def test_only_what_is_asked_for_is_differentiated() -> None:
    plan, leaves = problem(DTYPE, "target", h=7, edges=12)
    kernel = NETWORKS["one layer"]().to(DEVICE, DTYPE)
    features = Features(torch.randn(12, 3).to(DEVICE, DTYPE), plan.edge, kernel)
    expected = contract_plain(features.weighted(plan, leaves[0]), *leaves, plan).sum()
    all_leaves = [*leaves, *kernel.parameters()]
    for leaf, gradient in zip(all_leaves, torch.autograd.grad(expected, all_leaves)):
        for other in all_leaves:
            other.requires_grad_(other is leaf)
        contract_triton(features, *leaves, plan).sum().backward()
        assert close([(leaf.grad, gradient)], tolerance(DTYPE))


def test_the_second_derivative_is_that_of_the_plain_contraction() -> None:
    plan, leaves = problem(DTYPE, "target", h=4, edges=20)
    values = torch.randn(20, 4).to(DEVICE, DTYPE).requires_grad_()
    features, results = Features(values, plan.edge), []
    for out in (
        contract_triton(features, *leaves, plan),
        contract_plain(features.weighted(plan, leaves[0]), *leaves, plan),
    ):
        (first,) = torch.autograd.grad(out.square().sum(), leaves[1], create_graph=True)
        results.append(torch.autograd.grad(first.square().sum(), [values, *leaves]))
    assert close(list(zip(*results, strict=True)), 100 * tolerance(DTYPE))


@pytest.mark.parametrize("by", ["source", "target"])
def test_no_edges_give_zero(by: str) -> None:
    plan = EdgePlan.build(torch.zeros(2, 0, dtype=torch.int64, device=DEVICE), 4, 3, by=by)
    kernel = NETWORKS["one layer"]().to(DEVICE)
    v = torch.ones(4, 2, device=DEVICE, requires_grad=True)
    weight, bias = torch.ones(7, 2, 5, device=DEVICE, requires_grad=True), torch.ones(2, 5, device=DEVICE)
    values = torch.zeros(0, 3, device=DEVICE)
    out = contract_triton(Features(values, plan.edge, kernel), plan.slot_weight(None, v), v, weight, bias, plan)
    out.sum().backward()
    assert torch.equal(out, torch.zeros(3, 5, device=DEVICE))
    assert torch.equal(v.grad, torch.zeros_like(v))
    assert torch.equal(weight.grad, torch.zeros_like(weight))
