"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from gno.errors import ConfigError, DataError

ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU, "tanh": nn.Tanh}
"""Activations by name."""


def activation(name: str) -> nn.Module:
    """The activation of a name.

    Raises:
        ConfigError: an unknown name.

    Example:
        >>> activation("relu")
        ReLU()
    """
    return ACTIVATIONS[_known(name)]()


class MLP(nn.Module):
    r"""Linear layers with an activation between them.

    .. math::
        x \mapsto W_n\, \sigma(W_{n-1} \cdots \sigma(W_1 x + b_1) \cdots) + b_n

    Args:
        sizes: channels of the input, of each hidden layer and of the output.
        activation: its name.
        last: apply the activation after the last layer, too.

    Raises:
        ConfigError: fewer than two sizes, a size below 1, or an unknown activation.

    Shapes:
        - input: ``(..., sizes[0])``
        - output: ``(..., sizes[-1])``

    Example:
        >>> import torch
        >>> MLP((3, 16, 2))(torch.zeros(5, 3)).shape
        torch.Size([5, 2])
    """

    def __init__(self, sizes: Sequence[int], activation: str = "gelu", *, last: bool = False) -> None:
        super().__init__()
        if len(sizes) < 2 or any(size < 1 for size in sizes):
            raise ConfigError(f"sizes are {tuple(sizes)}", why="an MLP needs two or more, each at least 1")
        self.in_channels, self.out_channels = sizes[0], sizes[-1]
        layers: list[nn.Module] = []
        act = ACTIVATIONS[_known(activation)]
        for number, (before, after) in enumerate(pairwise(sizes), start=2):
            layers.append(nn.Linear(before, after))
            if last or number < len(sizes):
                layers.append(act())
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "*rows c_in"]) -> Float[Tensor, "*rows c_out"]:
        """Apply the layers.

        Raises:
            DataError: a wrong number of channels.
        """
        if x.shape[-1] != self.in_channels:
            raise DataError(f"x has {x.shape[-1]} channels", why=f"the MLP takes {self.in_channels}")
        return self.layers(x)

    @property
    def chain(self) -> nn.Sequential:
        """All that the network does: its layers, one after the other."""
        return self.layers


def _known(name: str) -> str:
    if name not in ACTIVATIONS:
        raise ConfigError(f"activation {name!r} is unknown", why=f"known: {', '.join(ACTIVATIONS)}")
    return name
