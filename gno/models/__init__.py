"""Whole networks, one paper a file, and the operator that carries one from mesh to mesh."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gno.models.gkn import GKN
    from gno.models.mgkn import MGKN
    from gno.models.operator import Operator
    from gno.models.registry import MODELS

_LAZY = {
    "GKN": "gno.models.gkn",
    "MGKN": "gno.models.mgkn",
    "MODELS": "gno.models.registry",
    "Operator": "gno.models.operator",
}

__all__ = ["GKN", "MGKN", "MODELS", "Operator"]


def __getattr__(name: str) -> Any:
    """Import a model when it is first used (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module 'gno.models' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
