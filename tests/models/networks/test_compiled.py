"""Whole networks compile without a graph break, once for all graphs."""

from __future__ import annotations

import subprocess
import sys

import pytest

# In a process of its own: no compiler can trace the checks of shapes that wrap each function in these tests.
COMPILE = """
import sys

import torch

from gno.graph import Hierarchy, multilevel_graph, nearest_edges
from gno.models import MODELS

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
kernel = {"width": 4, "aggregation": "quadrature"}
network = MODELS[sys.argv[1]](2, 1, radius=(0.3,), width=4, kernel=kernel)
compiled = torch.compile(network, fullgraph=True, dynamic=True, backend="aot_eager")
for nodes in (20, 40, 33):
    pos = torch.rand(nodes, 2)
    graph = multilevel_graph(pos, Hierarchy.build(pos, spacing=(), radius=(0.3,)), x=torch.randn(nodes, 2))
    graph.edge_index = nearest_edges(pos, 3)
    torch.testing.assert_close(compiled(graph), network(graph), rtol=1e-12, atol=1e-13)
assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
"""


@pytest.mark.long
@pytest.mark.parametrize("name", ["GKN", "MGKN", "MeshGraphNet"])
def test_a_network_compiles_as_one_graph(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", COMPILE, name], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
