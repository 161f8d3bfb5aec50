"""A matrix an edge: the reference equals the sum as written, kept matrices equal the reference, gradients included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gno.nn import MLP
from gno.ops import EdgePlan, tiles
from gno.ops.features import Features
from gno.ops.matrices import contract_cached, kernel_matrices
from gno.ops.reference import contract_reference
from tests.conftest import ragged

pytestmark = pytest.mark.usefixtures("double")

SOURCES, TARGETS, EDGES = 9, 7, 40
ENDS = pytest.mark.parametrize("by", ["source", "target"])


def arguments(width: int = 3) -> list[Tensor]:
    """Hidden features, values at the sources, ``W``, ``B`` and the weights of the edges."""
    shapes = ((EDGES, 4), (SOURCES, width), (4, width, width), (width, width), (EDGES,))
    return [torch.randn(shape).div(2).requires_grad_() for shape in shapes]


def edges_and_plan(by: str) -> tuple[Tensor, EdgePlan]:
    edge_index = ragged(SOURCES, TARGETS, EDGES)
    return edge_index, EdgePlan.build(edge_index, SOURCES, TARGETS, by=by)


@ENDS
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("contract", [contract_reference, contract_cached])
def test_equals_the_sum_as_written(contract: Callable[..., Tensor], with_bias: bool, by: str) -> None:
    edge_index, plan = edges_and_plan(by)
    hidden, v, W, B, w = (t.detach() for t in arguments())
    bias = B if with_bias else None
    wanted = torch.zeros(TARGETS, 3)
    for e, (source, target) in enumerate(edge_index.T.tolist()):
        kappa = sum((hidden[e, k] * W[k] for k in range(4)), torch.zeros(3, 3) if bias is None else bias)
        wanted[target] += w[e] * v[source] @ kappa
    share = plan.slot_weight(w, v)
    by_edge, by_slot = Features(hidden, plan.edge), Features(hidden[plan.edge] * share)
    for features in (by_edge, by_slot):
        assert (contract(features, share, v, W, bias, plan) - wanted).abs().max() < 1e-14


def test_the_reference_takes_a_kernel_network() -> None:
    _, plan = edges_and_plan("target")
    kernel, attr, (_, v, W, B, w) = MLP((2, 4), last=True), torch.randn(EDGES, 2), arguments()
    share = plan.slot_weight(w, v)
    made = contract_reference(Features(attr, plan.edge, kernel), share, v, W, B, plan)
    at_hand = contract_reference(Features(kernel(attr), plan.edge), share, v, W, B, plan)
    assert (made - at_hand).abs().max() < 1e-14


def iterated(plan: EdgePlan, inputs: list[Tensor], announced: int | None, times: int = 4) -> Tensor:
    """A loss after iterations by kept matrices, or, with ``None``, by the reference."""
    hidden, v, W, B, w = inputs
    share, back = plan.slot_weight(w, v), torch.linspace(-1, 1, SOURCES * TARGETS).view(SOURCES, TARGETS)
    features = Features(hidden, plan.edge)
    matrices = None if announced is None else kernel_matrices(features, share, W, B, plan, times=announced)
    for _ in range(times):
        out = contract_reference(features, share, v, W, B, plan) if matrices is None else matrices.apply(v)
        v = torch.tanh(back @ out)
    return v.square().sum()


@ENDS
@pytest.mark.parametrize("announced", [0, 3, 4, 9])
def test_iterations_have_the_gradients_of_the_reference_however_many_were_announced(
    announced: int, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "GROUP_BYTES", 0)
    monkeypatch.setattr(tiles, "GROUP_ROWS", 7)  # several tiles, the last one smaller
    (_, plan), inputs = edges_and_plan(by), arguments()
    wanted = torch.autograd.grad(iterated(plan, inputs, None), inputs)
    loss = iterated(plan, inputs, announced)
    torch.autograd.grad(loss, inputs[1], retain_graph=True)  # a gradient by less leaves nothing behind
    for _ in range(2):
        for ours, theirs in zip(torch.autograd.grad(loss, inputs, retain_graph=True), wanted):
            assert (ours - theirs).abs().max() <= 1e-12 * max(1.0, float(theirs.abs().max()))


@ENDS
def test_both_derivatives_equal_finite_differences(by: str) -> None:
    plan = EdgePlan.build(ragged(4, 3, 8), 4, 3, by=by)
    shapes = ((8, 2), (4, 2), (2, 2, 1), (2, 1), (8,))
    inputs = [torch.randn(shape, requires_grad=True) for shape in shapes]

    def contraction(hidden: Tensor, v: Tensor, W: Tensor, B: Tensor, w: Tensor) -> Tensor:
        return contract_cached(Features(hidden, plan.edge), plan.slot_weight(w, v), v, W, B, plan)

    assert torch.autograd.gradcheck(contraction, inputs)
    assert torch.autograd.gradgradcheck(contraction, inputs)


class _Largest(TorchDispatchMode):
    """Numbers in the largest tensor that any operation makes."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        views = "expand" in str(func) or "view" in str(func) or "transpose" in str(func) or "as_strided" in str(func)
        if isinstance(out, Tensor) and not views:
            self.numbers = max(self.numbers, out.numel())
        return out


@pytest.mark.parametrize(("announced", "stored"), [(4, False), (0, True)])
def test_backward_makes_nothing_as_large_as_the_matrices(
    announced: int, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "GROUP_BYTES", 0)
    monkeypatch.setattr(tiles, "GROUP_ROWS", 5)
    (_, plan), inputs = edges_and_plan("target"), arguments(width=12)
    loss = iterated(plan, inputs, announced)
    with _Largest() as largest:
        loss.backward()
    assert (largest.numbers >= EDGES * 12 * 12) == stored


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lower_precision_agrees_to_its_rounding(dtype: torch.dtype) -> None:
    (_, plan), inputs = edges_and_plan("target"), arguments()
    low = [t.detach().to(dtype).requires_grad_() for t in inputs]
    exact = [t.detach().double().requires_grad_() for t in low]
    results = []
    for hidden, v, W, B, w in (low, exact):
        share = plan.slot_weight(w, v)
        out = contract_cached(Features(hidden, plan.edge), share, v, W, B, plan)
        results.append([out, *torch.autograd.grad(out.sum(), (hidden, v, W, B, w))])
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == dtype
        assert (ours - theirs).abs().max() < 8 * torch.finfo(dtype).eps * theirs.abs().max()


@pytest.mark.parametrize("contract", [contract_reference, contract_cached])
def test_no_edges_at_all_give_zero(contract: Callable[..., Tensor]) -> None:
    plan = EdgePlan.build(torch.zeros(2, 0, dtype=torch.int64), SOURCES, TARGETS)
    _, v, W, B, _ = arguments()
    hidden = torch.zeros(0, 4, requires_grad=True)
    out = contract(Features(hidden), torch.zeros(0, 1), v, W, B, plan)
    gradients = torch.autograd.grad(out.sum(), (hidden, v, W, B))
    assert torch.equal(out, torch.zeros(TARGETS, 3))
    assert not any(g.abs().sum() for g in gradients)


def test_autocast_computes_in_bfloat16_and_trains() -> None:
    (_, plan), inputs = edges_and_plan("target"), arguments()
    hidden, v, W, B, w = (t.detach().float().requires_grad_() for t in inputs)
    share = plan.slot_weight(w, v)
    exact = contract_cached(Features(hidden, plan.edge), share, v, W, B, plan)
    with torch.autocast("cpu", torch.bfloat16):
        out = contract_cached(Features(hidden, plan.edge), share, v, W, B, plan)
    gradients = [
        torch.autograd.grad(o.float().square().sum(), (hidden, v, W, B, w), retain_graph=True) for o in (out, exact)
    ]
    assert out.dtype == torch.bfloat16
    assert (out - exact).abs().max() < 0.05 * exact.abs().max()
    for ours, theirs in zip(*gradients):
        assert ours.dtype == torch.float32
        assert (ours - theirs).abs().max() < 0.1 * theirs.abs().max()


def test_tensors_of_any_layout_are_taken() -> None:
    _, plan = edges_and_plan("source")
    hidden, v, W = torch.randn(4, EDGES).T, torch.randn(3, SOURCES).T, torch.randn(3, 2, 4).permute(2, 0, 1)
    share, results = plan.slot_weight(None, v), []
    for tensors in ((hidden, v, W), (hidden.contiguous(), v.contiguous(), W.contiguous())):
        leaves = [t.detach().requires_grad_() for t in tensors]
        out = contract_cached(Features(leaves[0], plan.edge), share, leaves[1], leaves[2], None, plan)
        results.append([out, *torch.autograd.grad(out.square().sum(), leaves)])
    assert all((a - b).abs().max() < 1e-12 for a, b in zip(*results, strict=True))
