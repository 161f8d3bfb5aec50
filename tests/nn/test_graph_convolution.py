"""The graph convolution: the matrix product it stands for, PyG's layer, renumbering."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch_geometric.nn import GCNConv

from gno.errors import ConfigError, DataError
from gno.graph import GraphData, mesh_edges
from gno.mesh import shapes
from gno.nn import GraphConvolution, GraphConvolutions
from gno.nn.graph_convolution import symmetric_weights
from gno.testing import assert_equivariant

pytestmark = pytest.mark.usefixtures("double")
MESH = shapes.square(0.3, seed=2)
EDGES = mesh_edges(MESH)
NUM = MESH.num_points


def matrix() -> Tensor:
    a = torch.eye(NUM)
    a[EDGES[1], EDGES[0]] = 1.0
    scale = torch.diag(a.sum(1).rsqrt())
    return scale @ a @ scale


@pytest.mark.parametrize(("wide", "narrow"), [(3, 7), (7, 3), (4, 4)])
def test_equals_the_matrix_product_whichever_comes_first(wide: int, narrow: int) -> None:
    layer, v = GraphConvolution(wide, narrow), torch.randn(NUM, wide)
    torch.nn.init.normal_(layer.bias)
    assert (layer(v, EDGES) - (matrix() @ v @ layer.weight.T + layer.bias)).abs().max() < 1e-13
    assert torch.equal(layer(v, EDGES), layer(v, EDGES, symmetric_weights(EDGES, NUM)))


def test_equals_the_layer_of_pyg_in_outputs_and_gradients() -> None:
    layer, other, v = GraphConvolution(5, 6), GCNConv(5, 6), torch.randn(NUM, 5)
    other.lin.weight.data.copy_(layer.weight.data)
    for one in (layer, other):
        one(v, EDGES).square().sum().backward()
    assert (layer(v, EDGES) - other(v, EDGES)).abs().max() < 1e-13
    assert layer.weight.grad is not None
    assert (layer.weight.grad - other.lin.weight.grad).abs().max() < 1e-11


def test_gradients_equal_finite_differences() -> None:
    layer = GraphConvolution(2, 3)
    assert torch.autograd.gradcheck(lambda v: layer(v, EDGES), torch.randn(NUM, 2, requires_grad=True))


def test_knows_no_numbering_and_an_isolated_node_keeps_to_itself() -> None:
    layer = GraphConvolution(2, 3)
    graph = GraphData(pos=torch.tensor(MESH.points), x=torch.randn(NUM, 2), edge_index=EDGES)
    assert_equivariant(lambda g: layer(g.x, g.edge_index), graph)
    v = torch.randn(1, 2)
    assert torch.allclose(layer(v, torch.zeros(2, 0, dtype=torch.int64)), v @ layer.weight.T + layer.bias)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="from 0 to 3 channels"):
        GraphConvolution(0, 3)
    with pytest.raises(DataError, match="4 channels; the layer takes 2"):
        GraphConvolution(2, 3)(torch.ones(NUM, 4), EDGES)
    with pytest.raises(DataError):
        GraphConvolution(2, 3)(torch.ones(2, 2), EDGES)


def test_layers_stand_one_behind_the_other_with_a_relu_between() -> None:
    stack, v = GraphConvolutions((2, 5, 3)), torch.randn(NUM, 2)
    first, second = stack.layers
    assert torch.equal(stack(v, EDGES), second(first(v, EDGES).relu(), EDGES))
    assert float(GraphConvolutions((2, 5), last=True)(v, EDGES).detach().min()) == 0
    with pytest.raises(ConfigError, match=r"sizes are \(2,\); graph convolutions need two"):
        GraphConvolutions((2,))
