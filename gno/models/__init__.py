"""Whole networks, one paper a file, and the operator that carries one from mesh to mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.lazy import lazily

if TYPE_CHECKING:
    from gno.models.exported import export, export_inputs
    from gno.models.gkn import GKN
    from gno.models.meshgraphnet import MeshGraphNet
    from gno.models.mgkn import MGKN
    from gno.models.operator import Operator
    from gno.models.propagator import Propagator
    from gno.models.registry import MODELS

_LAZY = {
    "GKN": "gno.models.gkn",
    "MGKN": "gno.models.mgkn",
    "MODELS": "gno.models.registry",
    "MeshGraphNet": "gno.models.meshgraphnet",
    "Operator": "gno.models.operator",
    "Propagator": "gno.models.propagator",
    "export": "gno.models.exported",
    "export_inputs": "gno.models.exported",
}

__all__ = ["GKN", "MGKN", "MODELS", "MeshGraphNet", "Operator", "Propagator", "export", "export_inputs"]

# Import a model when it is first used.
__getattr__ = lazily(__name__, _LAZY)
