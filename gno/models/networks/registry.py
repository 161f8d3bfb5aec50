"""Networks without a solver inside, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from gno.datasets.naming import suggestion
from gno.errors import ConfigError, said_of_arguments
from gno.models.networks.gcn import GCN
from gno.models.networks.gkn import GKN
from gno.models.networks.meshgraphnet import MeshGraphNet
from gno.models.networks.mgkn import MGKN
from gno.models.networks.multipole_operator import MultipoleOperator
from gno.models.networks.transolver import Transolver

NETWORKS: dict[str, type[nn.Module]] = {
    "GKN": GKN,
    "MGKN": MGKN,
    "MultipoleOperator": MultipoleOperator,
    "MeshGraphNet": MeshGraphNet,
    "Transolver": Transolver,
    "GCN": GCN,
}
"""Networks by name. Each keeps the arguments it was made with in ``arguments``, as values that JSON can hold."""


def make(name: str, arguments: Mapping[str, Any], known: Mapping[str, type[nn.Module]] = NETWORKS) -> nn.Module:
    """The network of a name.

    Args:
        name: of the network, in any case.
        arguments: of its constructor.
        known: networks by name.

    Raises:
        ConfigError: an unknown name or argument, or a value that cannot be.

    Example:
        >>> make("mgkn", {"in_channels": 1, "out_channels": 1, "radius": [0.1, 0.4]}).cycles
        3
    """
    try:
        return kind_of(name, known)(**arguments)
    except TypeError as error:
        raise ConfigError(f"model {name!r} cannot be made", why=said_of_arguments(error)) from error


def kind_of(name: str, known: Mapping[str, type[nn.Module]] = NETWORKS) -> type[nn.Module]:
    """The class of a name.

    Args:
        name: of the network, in any case.
        known: networks by name.

    Raises:
        ConfigError: an unknown name.

    Example:
        >>> kind_of("gkn").__name__
        'GKN'
    """
    kinds = {key.lower(): kind for key, kind in known.items()}
    if name.lower() not in kinds:
        raise ConfigError(f"model {name!r} is unknown", why=f"known: {', '.join(known)}", fix=suggestion(name, known))
    return kinds[name.lower()]
