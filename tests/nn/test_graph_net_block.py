"""A block of message passing: the sums of the paper, isolated nodes, gradients, refusals."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.graph import GraphData
from gno.nn import GraphNetBlock
from gno.nn.kernel_options import KernelOptions
from gno.testing import assert_equivariant
from tests.conftest import ragged

pytestmark = pytest.mark.usefixtures("double")


def block(aggregation: str = "sum", layers: int = 2) -> GraphNetBlock:
    return GraphNetBlock(4, KernelOptions(width=6, layers=layers, aggregation=aggregation, activation="relu"))


def as_written(layer: GraphNetBlock, v: Tensor, e: Tensor, edge_index: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The equation, edge by edge, with the perceptron of an edge applied to its three parts in a row."""
    messages = [
        layer.message(layer.ends(torch.cat([e[k], v[j], v[i]]))) for k, (j, i) in enumerate(edge_index.T.tolist())
    ]
    nodes = []
    for i in range(len(v)):
        mine = [(m, q[j]) for m, (j, target) in zip(messages, edge_index.T.tolist()) if target == i]
        total = sum((m * (w if layer.aggregation == "quadrature" else 1) for m, w in mine), torch.zeros(4))
        weight = {"sum": 1, "mean": len(mine), "quadrature": sum(w for _, w in mine)}[layer.aggregation]
        nodes.append(v[i] + layer.node(torch.cat([v[i], total / weight if mine else total])))
    return torch.stack(nodes), e + torch.stack(messages)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("aggregation", ["sum", "mean", "quadrature"])
def test_equals_the_equation_as_a_double_loop(aggregation: str, layers: int) -> None:
    layer, edge_index = block(aggregation, layers), ragged(9, 9, 30)
    v, e, q = torch.randn(9, 4), torch.randn(30, 4), 0.5 + torch.rand(9)
    found = layer(v, e, edge_index, q if aggregation == "quadrature" else None)
    for one, other in zip(found, as_written(layer, v, e, edge_index, q)):
        assert (one - other).abs().max() < 1e-13


def test_renumbering_the_nodes_renumbers_the_result_and_the_order_of_edges_does_not_matter() -> None:
    layer, edge_index, edge_attr = block(), ragged(9, 9, 30), torch.randn(30, 4)
    graph = GraphData(pos=torch.rand(9, 2), x=torch.randn(9, 4), edge_index=edge_index, edge_attr=edge_attr)
    assert_equivariant(lambda g: layer(g.x, g.edge_attr, g.edge_index)[0], graph, tolerance=1e-13)
    order = torch.randperm(30)
    v, e = layer(graph.x, edge_attr, edge_index)
    v_too, e_too = layer(graph.x, edge_attr[order], edge_index[:, order])
    assert (v - v_too).abs().max() < 1e-13
    assert (e[order] - e_too).abs().max() < 1e-13


def test_an_isolated_node_hears_nothing() -> None:
    layer, edge_index = block(), ragged(9, 9, 30)  # the last node gets no edge
    v, e = torch.randn(9, 4), torch.randn(30, 4)
    alone = v[-1] + layer.node(torch.cat([v[-1], torch.zeros(4)]))
    assert (layer(v, e, edge_index)[0][-1] - alone).abs().max() < 1e-14
    none = layer(v, e[:0], edge_index[:, :0])
    assert (none[0][-1] - alone).abs().max() < 1e-14
    assert none[1].shape == (0, 4)


def test_gradients_equal_differences() -> None:
    layer = GraphNetBlock(4, KernelOptions(width=6, aggregation="sum", activation="gelu"))
    v, e = torch.randn(5, 4, requires_grad=True), torch.randn(8, 4, requires_grad=True)
    edge_index = ragged(5, 5, 8)
    assert torch.autograd.gradcheck(lambda v, e: layer(v, e, edge_index)[0], (v, e))


def test_what_does_not_fit_is_refused() -> None:
    layer, edge_index = block(), torch.tensor([[0], [3]])
    v, e = torch.zeros(3, 4), torch.zeros(1, 4)
    with pytest.raises(DataError, match="refers to node 3; there are 3 nodes"):
        layer(v, e, edge_index)
    with pytest.raises(DataError, match="v has 5 channels, e 5; the block takes 4"):
        layer(torch.zeros(3, 5), torch.zeros(1, 5), edge_index)
    with pytest.raises(DataError, match="volumes given with aggregation 'sum'"):
        layer(v, e, torch.tensor([[0], [1]]), torch.ones(3))
    with pytest.raises(DataError, match="volumes missing with aggregation 'quadrature'"):
        block("quadrature")(v, e, torch.tensor([[0], [1]]))
    with pytest.raises(ConfigError, match="width is 0"):
        GraphNetBlock(0)
