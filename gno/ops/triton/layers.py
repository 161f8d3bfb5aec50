"""The layers of a kernel network that is small enough to be evaluated in registers."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

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


def layers_of(network: nn.Module | None) -> tuple[Layer, ...] | None:
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
            layers.append(Layer(module.weight, module.bias, "none"))
        elif (name := _activation(module)) and layers and layers[-1].activation == "none":
            layers[-1] = layers[-1]._replace(activation=name)
        else:
            return None
    return tuple(layers) if len(layers) in (1, 2) and not _hooked(network) else None


def _chain(network: nn.Module | None) -> tuple[nn.Module | None, ...]:
    # A subclass inherits ``chain`` and may still do more in its forward: only the class's own word counts.
    modules = network.chain if "chain" in vars(type(network)) else network
    return tuple(modules) if type(modules) is nn.Sequential else (modules,)


def _activation(module: nn.Module | None) -> str | None:
    if isinstance(module, nn.GELU) and module.approximate != "none":
        return None
    return _ACTIVATIONS.get(type(module))  # type: ignore[arg-type]


def _hooked(network: nn.Module | None) -> bool:
    modules = network.modules() if network is not None else ()
    return any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in modules)
