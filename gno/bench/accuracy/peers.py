"""The peers: each network with its options, as a recipe of one and the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gno.bench.accuracy.case import PACKAGED, RIDGE, Case
from gno.training import Recipe

_PLACES: dict[str, Any] = {"features": ["boundary_distance", "coordinates"]}
_LEVELS: dict[str, Any] = {"features": ["boundary_distance"]}
_ONE: dict[str, Any] = {"features": ["boundary_distance", "is_boundary"]}

PEERS: dict[str, Mapping[str, Any]] = {
    "multipoleoperator": {"geometry": _PLACES, "rate": 4e-3},
    "transolver": {"geometry": _PLACES},
    "mgkn": {"width": 32, "kernel": {"width": 16, "aggregation": "quadrature"}, "geometry": _LEVELS, "rate": 4e-3},
    "gkn": {"width": 32, "kernel": {"width": 32}, "geometry": _LEVELS, "rate": 4e-3},
    "meshgraphnet": {"width": 64, "depth": 8, "kernel": {"width": 64}, "geometry": _ONE},
    "gcn": {"width": 128, "depth": 8, "geometry": _PLACES},
    RIDGE: {},
    **{name: {} for name in PACKAGED},
}
"""Peers by name, with the options of their networks. ``gkn`` stands for PyG's ``NNConv`` too, whose numbers are its."""


def recipe(peer: str, case: Case, *, seconds: float, seed: int, threads: int) -> Recipe:
    """The recipe of a network.

    Args:
        peer: its name.
        case: what it learns.
        seconds: of training.
        seed: of the run.
        threads: of the CPU.

    Example:
        >>> from gno.bench.accuracy.case import CASES
        >>> recipe("gcn", CASES["darcy"], seconds=60.0, seed=1, threads=1).optimization.seconds
        60.0
    """
    options = {**case.told, **PEERS[peer], **case.peers.get(peer, {})}
    rate = options.pop("rate", 2e-3)
    return Recipe.make(
        {
            "seed": seed,
            "threads": threads,
            "model": {"name": peer, "options": options},
            "data": {"augment": case.augment, "valid_share": 0.0},
            "optimization": {"seconds": seconds, "clock": "process", "learning_rate": rate, "batch_size": 4},
        }
    )
