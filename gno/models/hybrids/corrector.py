"""What corrects a solver: a network beside it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from gno.errors import ConfigError
from gno.models.networks.registry import kind_of, make
from gno.nn.kernel_options import KernelOptions


class Corrector(nn.Module):
    """The operator inside of ``SolverCorrector`` and ``StepCorrector``, which say what it sees and what is made of it.

    Args:
        in_channels: channels of ``graph.x``.
        out_channels: channels of the result.
        seen: channels that the operator sees beside those of ``graph.x``.
        radius: physical radius of the edges inside each level, level 0 included.
        network: name of the operator in ``NETWORKS`` of ``gno.models.networks.registry``.
        options: arguments of the operator: of ``MGKN``, ``width`` and ``cycles``.
        kernel: options of its kernels.

    Raises:
        ConfigError: an unknown network, or a value that cannot be.

    Example:
        >>> inner = Corrector(3, 1, seen=2, radius=(0.1,), network="gcn", options={"width": 8}).operator
        >>> inner.arguments["in_channels"]
        5
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        seen: int,
        radius: Sequence[float],
        network: str = "mgkn",
        options: Mapping[str, Any] | None = None,
        kernel: KernelOptions | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if network.lower() == type(self).__name__.lower():
            raise ConfigError(f"network is {network!r}", why="a corrector corrects a solver, not another corrector")
        given, table = dict(options or {}), KernelOptions.of(kernel)
        own = {"in_channels": in_channels + seen, "out_channels": out_channels, "radius": list(radius), "kernel": table}
        taken = inspect.signature(kind_of(network)).parameters
        self.operator = make(network, given | {name: value for name, value in own.items() if name in taken})
        self.arguments: dict[str, Any] = {
            "in_channels": in_channels, "out_channels": out_channels, "radius": [float(r) for r in radius],
            "network": network, "options": given, "kernel": table.to_dict(),
        }  # fmt: skip

    @property
    def edges(self) -> str:
        """Which edges the operator takes: ``radius``, or ``mesh``."""
        return str(getattr(self.operator, "edges", "radius"))
