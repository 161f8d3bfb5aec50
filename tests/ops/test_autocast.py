"""The contraction in half precision: as good as its rounding allows, in bounded memory, with sums in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gno.nn import MLP, KernelIntegral
from gno.ops import EdgePlan, contraction, streamed, tiles
from gno.ops.contraction import contract
from tests.conftest import ragged

EPS = torch.finfo(torch.bfloat16).eps
HALVES = [
    pytest.param("cpu", torch.bfloat16),
    pytest.param("cpu", torch.float16),
    *(
        pytest.param("cuda", dtype, marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"))
        for dtype in (torch.bfloat16, torch.float16)
    ),
]


@pytest.fixture(autouse=True)
def _many_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing counts as small, tiles hold a few rows and groups three, so that some nodes are split."""
    monkeypatch.setattr(contraction, "PLAIN_BYTES", -1)
    monkeypatch.setattr(tiles, "TILE_BYTES", 1000)
    monkeypatch.setattr(tiles, "GROUP_BYTES", 0)
    monkeypatch.setattr(tiles, "GROUP_ROWS", 3)
    torch.manual_seed(0)


class Problem:
    """A contraction of float32, grouped by either end, with features at hand or a kernel that makes them."""

    def __init__(self, by: str, kind: str, edges: int = 900, device: str = "cpu") -> None:
        nodes = (60, 40)
        edge_index = ragged(*nodes, edges)
        self.plan = EdgePlan.build(edge_index.to(device), *nodes, by=by)
        degree = torch.bincount(edge_index[1], minlength=nodes[1])
        self.share = self.plan.slot_weight((1 / degree[edge_index[1]]).to(device), torch.zeros(0))
        self.kernel = MLP((3, 16, 16), "tanh", last=True).to(device) if kind == "kernel" else None
        values = torch.randn(edges, 3) if self.kernel else torch.randn(len(self.plan.edge), 16)
        others = torch.randn(nodes[0], 8), torch.randn(16, 8, 8) / 16, torch.randn(8, 8)
        self.arguments = [t.to(device).requires_grad_() for t in (values, *others)]

    @property
    def leaves(self) -> list[Tensor]:
        return [*self.arguments, *(self.kernel.parameters() if self.kernel else ())]

    def __call__(self) -> Tensor:
        values, v, weight, bias = self.arguments
        hidden = values * self.share.to(values.dtype) if self.kernel is None else (self.kernel, values)
        return contract(hidden, self.share.to(v.dtype), v, weight, bias, plan=self.plan)

    def to(self, dtype: torch.dtype) -> Problem:
        self.arguments = [t.detach().to(dtype).requires_grad_() for t in self.arguments]
        self.kernel = self.kernel.to(dtype) if self.kernel else None
        return self

    def results(self, autocast: torch.dtype | None = None) -> list[Tensor]:
        """The output and the gradient of each leaf."""
        device = self.plan.node.device.type
        with torch.autocast(device, autocast, enabled=autocast is not None):
            out = self()
        slope = torch.linspace(-1, 1, out.numel(), device=device).view_as(out)
        return [out.detach(), *torch.autograd.grad((out * slope).sum(), self.leaves)]


def errors(results: list[Tensor], exact: list[Tensor]) -> list[float]:
    """Error of each, relative to its norm."""
    return [float((a - b).norm() / b.norm()) for a, b in zip(results, exact, strict=True)]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Calls a function where everything counts as small."""

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(contraction, "PLAIN_BYTES", 2**40)
            return function(*arguments)

    return call


@pytest.fixture
def only_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain contraction may not be used."""
    for module in (contraction, streamed):
        monkeypatch.setattr(module, "contract_plain", None)


@pytest.mark.parametrize(("device", "dtype"), HALVES)
@pytest.mark.parametrize("kind", ["kernel", "at hand"])
@pytest.mark.parametrize("by", ["source", "target"])
def test_tiles_under_autocast_are_as_exact_as_plain_operations(
    by: str, kind: str, device: str, dtype: torch.dtype, plain: Callable[..., Any]
) -> None:
    problem = Problem(by, kind, device=device)
    tiled, whole = problem.results(dtype), plain(problem.results, dtype)
    assert [t.dtype for t in tiled] == [t.dtype for t in whole] == [dtype, *(leaf.dtype for leaf in problem.leaves)]
    exact = problem.to(torch.float64).results()
    eps = torch.finfo(dtype).eps
    for ours, theirs in zip(errors(tiled, exact), errors(whole, exact), strict=True):
        assert 0 < theirs < 4 * eps
        assert 0 < ours < max(2 * eps, 1.5 * theirs)


@pytest.mark.usefixtures("only_streamed")
@pytest.mark.parametrize("by", ["source", "target"])
def test_a_model_of_bfloat16_trains_tile_by_tile(by: str) -> None:
    problem = Problem(by, "kernel").to(torch.bfloat16)
    results = problem.results()
    assert {t.dtype for t in results} == {torch.bfloat16}
    assert max(errors(results, problem.to(torch.float64).results())) < 4 * EPS


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("by", ["source", "target"])
def test_many_tiles_are_as_exact_as_one(by: str, autocast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(by, "kernel", edges=6000)
    problem = problem if autocast else problem.to(torch.bfloat16)
    many = problem.results(torch.bfloat16 if autocast else None)
    monkeypatch.setattr(tiles, "TILE_BYTES", 2**30)
    monkeypatch.setattr(tiles, "GROUP_ROWS", 1000)
    one = problem.results(torch.bfloat16 if autocast else None)
    exact = problem.to(torch.float64).results()
    for few, more in zip(errors(one, exact), errors(many, exact), strict=True):
        assert more < 2.5 * max(few, EPS / 2)


def test_only_the_arguments_are_kept_for_backward() -> None:
    problem = Problem("target", "kernel")
    kept: list[int] = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor.data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t), torch.autocast("cpu", torch.bfloat16):
        problem()
    assert set(kept) == {t.data_ptr() for t in (problem.share, *problem.leaves)}


def test_second_derivatives_under_autocast_are_those_of_plain_operations(plain: Callable[..., Any]) -> None:
    problem = Problem("target", "kernel")

    def penalty() -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            out = problem()
        (slope,) = torch.autograd.grad(out.float().square().sum(), problem.arguments[0], create_graph=True)
        return [slope.detach(), *torch.autograd.grad(slope.square().sum(), problem.leaves)]

    ours, theirs = penalty(), plain(penalty)
    exact = plain(lambda: problem.to(torch.float64) and penalty())
    assert [t.dtype for t in ours] == [t.dtype for t in theirs] == [torch.float32] * 9
    for a, b in zip(errors(ours, exact), errors(theirs, exact), strict=True):
        assert 0 < a < max(4 * EPS, 1.5 * b)


def test_the_gradient_is_the_same_whether_or_not_backward_runs_under_autocast() -> None:
    problem = Problem("target", "kernel")
    with torch.autocast("cpu", torch.bfloat16):
        out = problem()
        inside = torch.autograd.grad(out, problem.leaves, torch.ones_like(out), retain_graph=True)
    outside = torch.autograd.grad(out, problem.leaves, torch.ones_like(out))
    assert all(torch.equal(a, b) for a, b in zip(inside, outside, strict=True))


def test_others_who_use_the_kernel_under_autocast_keep_their_gradient() -> None:
    problem = Problem("target", "kernel")
    values = problem.arguments[0]
    with torch.autocast("cpu", torch.bfloat16):
        problem()
        direct = problem.kernel(values)
    direct.float().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in problem.kernel.parameters())


@pytest.mark.usefixtures("only_streamed")
def test_layers_one_after_another_train_under_autocast() -> None:
    """The second layer gets its values in bfloat16 and has its parameters in float32."""
    first, second = (KernelIntegral(8, 8, MLP((3, 16), last=True), root=True, bias=True) for _ in range(2))
    edge_index, edge_attr, v = ragged(40, 40, 600), torch.randn(600, 3), torch.randn(40, 8)
    parameters = [*first.parameters(), *second.parameters()]

    def gradients(autocast: bool) -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            out = second(first(v, edge_index, edge_attr).relu(), edge_index, edge_attr)
            loss = out.float().square().mean()
        return list(torch.autograd.grad(loss, parameters))

    low, full = gradients(True), gradients(False)
    assert {t.dtype for t in low} == {torch.float32}
    assert max(errors(low, full)) < 4 * EPS


@pytest.mark.parametrize("plain_bytes", [-1, 2**40])
@pytest.mark.parametrize("aggregation", ["mean", "quadrature"])
def test_the_mean_over_a_thousand_neighbors_is_one_in_bfloat16(
    aggregation: str, plain_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count, or a sum of weights, that is added up in bfloat16 stops at 256 of them."""
    monkeypatch.setattr(contraction, "PLAIN_BYTES", plain_bytes)
    layer = KernelIntegral(1, 1, nn.Linear(1, 1), aggregation=aggregation, kernel_bias=False).bfloat16()
    for parameter, value in ((layer.weight, 1), (layer.kernel.weight, 0), (layer.kernel.bias, 1)):
        nn.init.constant_(parameter, value)
    edge_index = torch.stack([torch.arange(1000), torch.zeros(1000, dtype=torch.int64)])
    ones = torch.ones(1000, 1, dtype=torch.bfloat16)
    out = layer((ones, 1), edge_index, ones, *([0.1 * ones[:, 0]] if aggregation == "quadrature" else []))
    assert abs(float(out.detach()) - 1) < 2 * EPS
