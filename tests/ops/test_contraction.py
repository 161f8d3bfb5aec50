"""The kernel contraction and its edge plan: gradients, both orders of summation, little padding."""

from __future__ import annotations

import jaxtyping
import pytest
import torch
from torch import Tensor, nn

from gno.errors import ConfigError, DataError
from gno.ops import EdgePlan, kernel_contraction
from tests.conftest import ragged

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("sources", [3, 9])
def test_gradients_equal_finite_differences(sources: int) -> None:
    edge_index = ragged(sources, 5, 14)
    arguments = [torch.randn(shape, requires_grad=True) for shape in ((14, 3), (sources, 2), (3, 2, 2), (2, 2), (14,))]

    def contraction(hidden: Tensor, v: Tensor, weight: Tensor, bias: Tensor, share: Tensor) -> Tensor:
        return kernel_contraction(hidden, v, edge_index, weight, bias, num_targets=5, edge_weight=share)

    assert torch.autograd.gradcheck(contraction, arguments)
    assert torch.autograd.gradgradcheck(contraction, arguments)


def test_both_orders_of_the_contraction_agree() -> None:
    edge_index, hidden, v, W = ragged(10, 15, 70), torch.randn(70, 4), torch.randn(10, 3), torch.randn(4, 3, 2)
    results = []
    for by in ("source", "target"):
        plan = EdgePlan.build(edge_index, 10, 15, by=by)
        assert int(plan.real.sum()) == plan.num_edges == 70
        assert sorted(plan.edge[plan.real].tolist()) == list(range(70))
        results.append(kernel_contraction(hidden, v, edge_index, W, num_targets=15, plan=plan))
    assert (results[0] - results[1]).abs().max() < 1e-13


@pytest.mark.parametrize("by", ["source", "target"])
def test_all_backends_agree(by: str) -> None:
    edge_index = ragged(10, 15, 70)
    network, plan = nn.Sequential(nn.Linear(2, 4), nn.Tanh()), EdgePlan.build(edge_index, 10, 15, by=by)
    leaves = [torch.randn(s, requires_grad=True) for s in ((70, 2), (10, 3), (4, 3, 2), (3, 2), (70,))]
    e, v, W, B, share = leaves
    results = []
    for backend in ("reference", "cached", "plain", "streamed", None):
        options = {"num_targets": 15, "edge_weight": share, "plan": plan, "backend": backend}
        out = kernel_contraction((network, e), v, edge_index, W, B, **options)
        results.append([out, *torch.autograd.grad(out.sin().sum(), [*leaves, *network.parameters()])])
    for result in results[1:]:
        for ours, theirs in zip(result, results[0]):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)


def test_padding_stays_small() -> None:
    plan = EdgePlan.build(ragged(500, 500, 40_000), 500, 500, by="target")
    assert len(plan.real) < 1.2 * plan.num_edges


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    edge_index, hidden, v, W = ragged(10, 15, 70), torch.randn(70, 4), torch.randn(10, 3), torch.randn(4, 3, 2)
    with pytest.raises(DataError, match="5 features per edge; weight combines 4"):
        kernel_contraction(torch.randn(70, 5), v, edge_index, W, num_targets=15)
    with pytest.raises(DataError, match="4 channels; weight takes 3"):
        kernel_contraction(hidden, torch.randn(10, 4), edge_index, W, num_targets=15)
    with pytest.raises(DataError, match="refers to node"):
        kernel_contraction(hidden, v[:4], edge_index, W, num_targets=15)
    with pytest.raises(DataError, match="plan is for 70 edges, 10 sources, 15 targets"):
        kernel_contraction(hidden, v, edge_index, W, num_targets=16, plan=EdgePlan.build(edge_index, 10, 15))
    with pytest.raises(ConfigError, match="backend 'fast' is unknown"):
        kernel_contraction(hidden, v, edge_index, W, num_targets=15, backend="fast")
    with pytest.raises(ConfigError, match="backend 'triton' does not run on cpu"):
        kernel_contraction(hidden, v, edge_index, W, num_targets=15, backend="triton")
    with pytest.raises(ConfigError, match="by is 'edge'"):
        EdgePlan.build(edge_index, 10, 15, by="edge")
