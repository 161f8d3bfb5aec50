"""The peers: each network with its options, as a recipe of one and the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gno.bench.accuracy.case import Case
from gno.training import Recipe

RIDGE = "kernel ridge"
"""The peer that is no network, and takes what seconds it needs."""
PERSISTENCE = "persistence"
"""The peer that learns nothing: the first state stands still."""
SEEDLESS = (RIDGE, PERSISTENCE)
"""Peers of which nothing is drawn at random, so that one row says all."""
PACKAGED = ("fno", "gino")
"""Peers of a package of their own: see ``gno.bench.accuracy.package``."""

_PLACES: dict[str, Any] = {"features": ["boundary_distance", "coordinates"]}
_LEVELS: dict[str, Any] = {"features": ["boundary_distance"]}
_ONE: dict[str, Any] = {"features": ["boundary_distance", "is_boundary"]}

PEERS: dict[str, Mapping[str, Any]] = {
    "multipoleoperator": {"geometry": _PLACES, "rates": {"learning_rate": 4e-3}},
    "transolver": {"geometry": _PLACES},
    "mgkn": {
        "width": 32,
        "kernel": {"width": 16, "aggregation": "quadrature"},
        "geometry": _LEVELS,
        "rates": {"learning_rate": 4e-3},
    },
    "gkn": {"width": 32, "kernel": {"width": 32}, "geometry": _LEVELS, "rates": {"learning_rate": 4e-3}},
    "meshgraphnet": {"width": 64, "depth": 8, "kernel": {"width": 64}, "geometry": _ONE},
    "gcn": {"width": 128, "depth": 8, "geometry": _PLACES},
    "cfdgcn": {"width": 64, "depth": 6, "merged": 3, "rates": {"coordinate_rate": 1e-3}},
    **{name: {} for name in SEEDLESS},
    **{name: {} for name in PACKAGED},
}
"""Peers by name, with the options of their networks, and ``rates`` of learning.

``gkn`` stands for PyG's ``NNConv`` too, whose numbers are its.
"""


def recipe(peer: str, case: Case, *, seconds: float, seed: int, threads: int) -> Recipe:
    """The recipe of a network.

    Args:
        peer: its name.
        case: what it learns.
        seconds: of training.
        seed: of the run.
        threads: of the CPU.

    Example:
        >>> from gno.bench.accuracy.cases import CASES
        >>> recipe("gcn", CASES["darcy"], seconds=60.0, seed=1, threads=1).optimization.seconds
        60.0
    """
    options = {**case.told, **PEERS[peer], **case.peers.get(peer, {})}
    rates = {"learning_rate": 2e-3, **options.pop("rates", {})}
    in_time = {"time": dict(case.time)} if case.time else {}
    return Recipe.make(
        in_time
        | {
            "seed": seed,
            "threads": threads,
            "loss": case.loss,
            "model": {"name": peer, "options": options},
            "data": {"augment": case.augment, "valid_share": 0.0},
            "optimization": {"seconds": seconds, "clock": "process", "batch_size": 4, **rates},
        }
    )
