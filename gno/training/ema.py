"""Moving average of the weights: what is validated and saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gno.errors import ConfigError


class MovingAverage:
    r"""Exponential moving average of the parameters of a module.

    .. math::
        \bar\theta \leftarrow d_s \bar\theta + (1 - d_s)\, \theta,
        \qquad d_s = \min\left(d, \tfrac{1 + s}{10 + s}\right)

    The decay grows with the step, so that the first, random weights are soon forgotten. A decay of 0 keeps the
    weights themselves.

    Args:
        module: whose parameters are averaged.
        decay: :math:`d` in [0, 1).

    Raises:
        ConfigError: a decay out of range.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> average = MovingAverage(layer, decay=0.0)
        >>> _ = layer.weight.data.fill_(3.0)
        >>> average.update(layer)
        >>> average.state["weight"].item()
        3.0
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ConfigError(f"the decay of the moving average is {decay}", why="it lies in [0, 1)")
        self.decay = decay
        self.num_updates = 0
        self.state: dict[str, Tensor] = {name: p.detach().clone() for name, p in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take the weights of one more step into the average."""
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        for name, parameter in module.named_parameters():
            if decay == 0:
                self.state[name].copy_(parameter)
            else:
                self.state[name].lerp_(parameter, 1 - decay)

    @contextmanager
    def applied(self, module: nn.Module) -> Iterator[None]:
        """The average as the module's weights, for as long as the context lasts."""
        own = {name: p.detach().clone() for name, p in module.named_parameters()}
        self._copy(self.state, module)
        try:
            yield
        finally:
            self._copy(own, module)

    @torch.no_grad()
    def _copy(self, state: Mapping[str, Tensor], module: nn.Module) -> None:
        for name, parameter in module.named_parameters():
            parameter.copy_(state[name])
