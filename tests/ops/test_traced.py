import subprocess
import sys

import pytest
import torch

from gno.ops import EdgePlan
from gno.ops.plain import contract_plain
from gno.ops.traced import one_bucket

# In a process of its own: no compiler can trace the checks of shapes that wrap each function in these tests.
COMPILE = """
import torch
from torch import nn

from gno.nn import KernelIntegral
from gno.ops.edge_plan import EdgePlan

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
layer = KernelIntegral(
    3, 2, nn.Sequential(nn.Linear(2, 4), nn.GELU()), hidden=4, aggregation="quadrature", root=True, bias=True
)
compiled = torch.compile(layer, fullgraph=True, dynamic=True, backend="aot_eager")
for nodes, edges in ((7, 40), (30, 200), (12, 12)):
    v, q = torch.randn(nodes, 3, requires_grad=True), torch.rand(nodes, requires_grad=True)
    edge_index, e = torch.randint(nodes, (2, edges)), torch.randn(edges, 2, requires_grad=True)
    results = []
    for run in (layer, compiled):
        out = run(v, edge_index, e, q)
        results.append([out, *torch.autograd.grad(out.sin().sum(), [v, q, e, *layer.parameters()])])
    for ours, theirs in zip(*results):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)
assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
assert not torch._dynamo.utils.counters["graph_break"]
"""


def test_layer_compiles_without_a_break_for_any_number_of_edges() -> None:
    done = subprocess.run([sys.executable, "-c", COMPILE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("double")
def test_operation_keeps_the_rules_of_torch() -> None:
    hidden, share, v = (torch.rand(s, requires_grad=True) for s in ((6, 2), (6, 1), (3, 2)))
    weight, bias = torch.rand(2, 2, 3, requires_grad=True), torch.rand(2, 3, requires_grad=True)
    edge_index = torch.tensor([[0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 3, 1]])
    for b in (bias, None):
        torch.library.opcheck(torch.ops.gno.contract.default, (hidden, share, v, weight, b, edge_index, 4))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("edges", [0, 1, 40])
def test_one_bucket_contracts_as_many_do(edges: int) -> None:
    edge_index = torch.stack([torch.randint(5, (edges,)), torch.randint(4, (edges,))])
    hidden, v, weight, bias = torch.randn(edges, 3), torch.randn(5, 2), torch.randn(3, 2, 2), torch.randn(2, 2)
    results = []
    for plan in (EdgePlan.build(edge_index, 5, 4), one_bucket(edge_index, 5, 4)):
        share = plan.slot_weight(None, v)
        results.append(contract_plain(plan.weighted(hidden, share), share, v, weight, bias, plan))
    torch.testing.assert_close(*results, rtol=1e-13, atol=1e-14)
