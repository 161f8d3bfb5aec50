"""Networks by name, as recipes and model files call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from gno.datasets.naming import suggestion
from gno.errors import ConfigError
from gno.models.cfd_gcn import CFDGCN
from gno.models.gcn import GCN
from gno.models.gkn import GKN
from gno.models.meshgraphnet import MeshGraphNet
from gno.models.mgkn import MGKN
from gno.models.solver_corrector import SolverCorrector

MODELS: dict[str, type[nn.Module]] = {
    "GKN": GKN,
    "MGKN": MGKN,
    "MeshGraphNet": MeshGraphNet,
    "SolverCorrector": SolverCorrector,
    "GCN": GCN,
    "CFDGCN": CFDGCN,
}
"""Networks by name. Each keeps the arguments it was made with in ``arguments``, as values that JSON can hold."""


def make(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The network of a name.

    Args:
        name: one of ``MODELS``, in any case.
        arguments: of its constructor.

    Raises:
        ConfigError: an unknown name or argument, or a value that cannot be.

    Example:
        >>> make("mgkn", {"in_channels": 1, "out_channels": 1, "radius": [0.1, 0.4]}).cycles
        3
    """
    try:
        return kind_of(name)(**arguments)
    except TypeError as error:
        raise ConfigError(f"model {name!r} cannot be made", why=str(error).replace("__init__() ", "")) from error


def kind_of(name: str) -> type[nn.Module]:
    """The class of a name.

    Args:
        name: one of ``MODELS``, in any case.

    Raises:
        ConfigError: an unknown name.

    Example:
        >>> kind_of("gkn").__name__
        'GKN'
    """
    known = {key.lower(): kind for key, kind in MODELS.items()}
    if name.lower() not in known:
        raise ConfigError(f"model {name!r} is unknown", why=f"known: {', '.join(MODELS)}", fix=suggestion(name, MODELS))
    return known[name.lower()]


def name_of(network: nn.Module) -> str:
    """The name of a network.

    Raises:
        ConfigError: a network that is not registered.
    """
    for name, kind in MODELS.items():
        if type(network) is kind:
            return name
    raise ConfigError(f"network {type(network).__name__} is not among {', '.join(MODELS)}", fix="add it to MODELS")
