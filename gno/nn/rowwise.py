"""Networks that treat each row on its own, and the same way each time."""

from __future__ import annotations

from torch import nn

from gno.nn.mlp import MLP

_ROWWISE = (
    MLP, nn.Sequential, nn.Linear, nn.Identity, nn.LayerNorm, nn.GELU, nn.ReLU, nn.SiLU, nn.Tanh, nn.ELU, nn.LeakyReLU,
    nn.Sigmoid, nn.Softplus, nn.Softsign, nn.Hardtanh, nn.Hardswish, nn.Mish, nn.SELU,
)  # fmt: skip


def rowwise(network: nn.Module) -> bool:
    """Whether a network is made only of layers that treat each row on its own and without chance.

    Such a network may be evaluated on a part of the rows at a time, and again for its gradient. A norm over the rows or
    dropout may not. A layer of an unknown class, a subclass of a known one included, is taken not to be such, and so is
    one with hooks: they may change what it does from call to call.

    Args:
        network: in question.

    Example:
        >>> rowwise(nn.Sequential(nn.Linear(2, 4), nn.GELU())), rowwise(nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.1)))
        (True, False)
    """
    return all(type(module) in _ROWWISE and not _hooked(module) for module in network.modules())


def _hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks or module._backward_hooks)
