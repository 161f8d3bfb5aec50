"""How the kernels of a network look: their width, depth and what they see of an edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from gno.errors import ConfigError
from gno.nn.edge_features import GEOMETRIES, num_edge_features
from gno.nn.kernel_integral import AGGREGATIONS
from gno.nn.mlp import MLP, activation
from gno.ops.period import check_period

MOST = 64
"""Most layers: a model file is not to ask for a thousand million of them."""


@dataclass(frozen=True)
class KernelOptions:
    """Options of the kernels of a network.

    Args:
        width: hidden features of an edge.
        layers: layers that make them, at most 64, each followed by the activation; the last, linear layer is not among
            them.
        dim: dimension of the space.
        geometry: ``relative``, ``absolute`` or ``both``, as of ``edge_features``.
        aggregation: ``mean``, ``sum`` or ``quadrature``, as of ``KernelIntegral``.
        activation: name of the activation.
        period: length of the periodic box along each axis, as of ``edge_features``; empty where nothing is periodic.

    Raises:
        ConfigError: a value that cannot be.

    Example:
        >>> KernelOptions(width=16).mlp(channels=1).in_channels
        5
    """

    width: int = 32
    layers: int = 2
    dim: int = 2
    geometry: str = "relative"
    aggregation: str = "mean"
    activation: str = "gelu"
    period: Sequence[float] = ()

    def __post_init__(self) -> None:
        for name in ("width", "layers", "dim"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ConfigError(
                    f"kernel {name} is {getattr(self, name)!r}", why="it must be a whole number, 1 or more"
                )
        if self.layers > MOST:
            raise ConfigError(f"kernel layers is {self.layers}", why=f"it must be {MOST} or less")
        for name, known in (("geometry", GEOMETRIES), ("aggregation", AGGREGATIONS)):
            if getattr(self, name) not in known:
                raise ConfigError(f"kernel {name} {getattr(self, name)!r} is unknown", why=f"known: {', '.join(known)}")
        activation(self.activation)
        object.__setattr__(self, "period", tuple(self.period))
        check_period(self.period or None, self.dim)

    @classmethod
    def of(cls, options: KernelOptions | Mapping[str, Any] | None) -> KernelOptions:
        """Options from a mapping, as a model file or a recipe holds them.

        Raises:
            ConfigError: an unknown key.

        Example:
            >>> KernelOptions.of({"width": 8}).width
            8
        """
        if isinstance(options, KernelOptions):
            return options
        known = [field.name for field in fields(cls)]
        wrong = [key for key in options or {} if key not in known]
        if wrong:
            raise ConfigError(f"kernel option {wrong[0]!r} is unknown", why=f"known: {', '.join(known)}")
        return cls(**(options or {}))

    def mlp(self, channels: int) -> MLP:
        """The network from edge features to hidden features.

        Args:
            channels: input channels at one end of an edge.
        """
        features = num_edge_features(self.dim, channels, self.geometry)
        return MLP((features, *[self.width] * self.layers), self.activation, last=True)

    def to_dict(self) -> dict[str, Any]:
        """What JSON and a model file can hold."""
        return asdict(self) | {"period": list(self.period)}
