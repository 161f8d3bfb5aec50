"""LevelMessage: the formula as a double loop, and what a source weighs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.nn import LevelMessage, MessageEdges
from gno.nn.kernel_options import KernelOptions
from tests.conftest import ragged

pytestmark = pytest.mark.usefixtures("double")


def made(aggregation: str, index: Tensor, sources: int, targets: int) -> tuple[MessageEdges, Tensor]:
    options, volume = KernelOptions(width=5, aggregation=aggregation), 0.5 + torch.rand(sources)
    position, inputs = (
        (torch.rand(sources, 2), torch.rand(targets, 2)),
        (torch.rand(sources, 1), torch.rand(targets, 1)),
    )
    return MessageEdges.of(index, position, inputs, 0.7, volume, options), volume


@pytest.mark.parametrize("aggregation", ["mean", "quadrature", "sum"])
def test_equals_the_mean_written_as_a_double_loop(aggregation: str) -> None:
    index = ragged(9, 6, 40)
    edges, volume = made(aggregation, index, 9, 6)
    layer, v, u = LevelMessage(8, 1, KernelOptions(width=5)), torch.randn(6, 8), torch.randn(9, 8)
    expected = []
    for i in range(6):
        total, weight = torch.zeros(5), 0.0
        for e, (j, target) in enumerate(index.T.tolist()):
            if target == i:
                q = float(volume[j]) if aggregation == "quadrature" else 1.0
                both = layer.of_source(u[j]) + layer.of_target(v[i]) + layer.of_edge(edges.features[e])
                total, weight = total + q * layer.act(both), weight + q
        expected.append(v[i] + layer.out(total / (1.0 if aggregation == "sum" else max(weight, 1e-300))))
    torch.testing.assert_close(layer(v, u, edges), torch.stack(expected), rtol=1e-12, atol=1e-13)


def test_the_mean_depends_on_the_field_and_not_on_how_often_it_is_sampled() -> None:
    options, layer = KernelOptions(width=5, aggregation="quadrature"), LevelMessage(8, 1, KernelOptions(width=5))
    index, x, y = ragged(9, 6, 40), torch.rand(9, 2), torch.rand(6, 2)
    a, b, q, v, u = torch.rand(9, 1), torch.rand(6, 1), torch.rand(9), torch.randn(6, 8), torch.randn(9, 8)
    twice = torch.cat([index, index + torch.tensor([[9], [0]])], dim=1)
    coarse = MessageEdges.of(index, (x, y), (a, b), 0.7, q, options)
    double = torch.cat([x, x]), torch.cat([a, a]), torch.cat([0.3 * q, 0.7 * q])
    fine = MessageEdges.of(twice, (double[0], y), (double[1], b), 0.7, double[2], options)
    torch.testing.assert_close(layer(v, u, coarse), layer(v, torch.cat([u, u]), fine), rtol=1e-12, atol=1e-13)
