"""The layers of a kernel network that is small enough to be evaluated in registers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from torch import Tensor, nn

MOST_INPUTS = 64
"""Numbers of an edge that a program holds at once; edges have about six."""

_ACTIVATIONS: dict[type[nn.Module], str] = {nn.GELU: "gelu", nn.ReLU: "relu", nn.SiLU: "silu", nn.Tanh: "tanh"}


class Layer(NamedTuple):
    """A linear layer and the activation of what it gives.

    Args:
        weight: ``(out, in)``.
        bias: ``(out,)``, if there is one.
        activation: its name, ``"none"`` without one.
    """

    weight: Tensor
    bias: Tensor | None
    activation: str


def layers_of(network: nn.Module) -> tuple[Layer, ...] | None:
    """The one or two layers that a network consists of; ``None`` where it is anything else.

    Args:
        network: an ``nn.Sequential``, or a module whose class says by ``chain`` that it does no more than one.

    Example:
        >>> [layer.activation for layer in layers_of(nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8)))]
        ['relu', 'none']
        >>> layers_of(nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8))) is None
        True
    """
    layers: list[Layer] = []
    for module in _chain(network):
        if type(module) is nn.Linear:
            layers.append(Layer(module.weight.detach().contiguous(), module.bias, "none"))
        elif (name := _activation(module)) and layers and layers[-1].activation == "none":
            layers[-1] = layers[-1]._replace(activation=name)
        else:
            return None
    small = len(layers) in (1, 2) and layers[0].weight.shape[1] <= MOST_INPUTS
    return tuple(layers) if small and not _hooked(network) else None


def _chain(network: nn.Module) -> Iterable[nn.Module]:
    # A subclass inherits ``chain`` and may still do more in its forward: only the class's own word counts.
    modules: Any = network.chain if "chain" in vars(type(network)) else network
    return modules if type(modules) is nn.Sequential else (modules,)


def _activation(module: nn.Module) -> str | None:
    if isinstance(module, nn.GELU) and module.approximate != "none":
        return None
    return _ACTIVATIONS.get(type(module))


def _hooked(network: nn.Module) -> bool:
    return any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in network.modules())
