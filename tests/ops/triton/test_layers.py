"""Which kernel networks are evaluated in registers, and the blocks of a program."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from gno.nn import MLP
from gno.ops.triton.layers import layers_of


class Residual(MLP):
    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


def hooked() -> nn.Module:
    network = MLP((3, 3))
    network.layers[0].register_forward_hook(lambda *_: None)
    return network


@pytest.mark.parametrize("activation", ["gelu", "relu", "silu", "tanh"])
def test_one_or_two_layers_are_seen(activation: str) -> None:
    assert [layer.activation for layer in layers_of(MLP((3, 8, 8), activation, last=True))] == [activation] * 2
    assert [layer.activation for layer in layers_of(MLP((3, 8, 8), activation))] == [activation, "none"]
    assert [layer.activation for layer in layers_of(nn.Linear(3, 8))] == ["none"]


@pytest.mark.parametrize(
    "network",
    [
        MLP((3, 4, 4, 4)),
        MLP((65, 4)),
        Residual((3, 3)),
        hooked(),
        nn.Sequential(nn.ReLU(), nn.Linear(3, 3)),
        nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.ReLU()),
        nn.Sequential(nn.Linear(3, 3), nn.GELU("tanh")),
        nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)),
        nn.Sequential(weight_norm(nn.Linear(3, 3))),
        nn.Sequential(),
    ],
)
def test_anything_else_is_left_to_torch(network: nn.Module) -> None:
    assert layers_of(network) is None


def test_weights_of_any_layout_are_taken() -> None:
    linear = nn.Linear(3, 5)
    linear.weight.data = torch.randn(3, 5).T
    (layer,) = layers_of(linear)
    assert layer.weight.is_contiguous()
    assert torch.equal(layer.weight, linear.weight)
