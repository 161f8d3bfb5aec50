"""The cases by name, with what every peer needs for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gno.bench.accuracy.case import Case
from gno.bench.accuracy.equations import SLIPPING
from gno.bench.accuracy.peers import PACKAGED, PERSISTENCE, RIDGE

_NETWORKS = ("multipoleoperator", "transolver", "mgkn", "gkn", "meshgraphnet", "gcn")

_DARCY = Case(
    "darcy",
    {},
    nodes=1700,
    samples=1100,
    tests=100,
    meshes={"finer": 4.0, "coarser": 0.53, "re-meshed": 0.9},
    peers={name: {} for name in (*_NETWORKS, RIDGE, *PACKAGED)},
    told={"boundary": "zero", "transforms": {"permeability": "log"}},
    augment="rigid",
    quick={"options": {"field_nodes": 200}},
)

_SPACING = (1 / 64, 1 / 32, 1 / 16, 1 / 8)
_ROUND = {"spacing": _SPACING, "radius": (1 / 50, *(2.5 * s for s in _SPACING)), "features": (), "scale": 1.0}
"""Levels from neighbors to a third of the circle, on which no place is another."""

_BURGERS = Case(
    "burgers",
    {"solver_points": 256},
    nodes=256,
    samples=1124,
    tests=100,
    meshes={"finer": 4.0, "coarser": 0.5},
    peers={
        "multipoleoperator": {"geometry": _ROUND},
        "transolver": {"geometry": {"features": ("coordinates",), "scale": 1.0}},
        "mgkn": {"geometry": _ROUND},
        RIDGE: {},
    },
    sizes={"resolution": 1.0},
    quick={"options": {"solver_points": 64}},
)

_AIRFOIL: Mapping[str, Any] = {
    "features": ("coordinates", "patch_distance", "is_boundary"),
    "patches": ("airfoil",),
    "scale": 1.0,
    "center": (0.5, 0.0),
}
"""What a node of a mesh about an airfoil knows of its place, in chords."""


_STRETCHED = {**_AIRFOIL, "spacing": (0.15, 0.6, 2.4), "radius": (0.15, 0.375, 1.5, 6.0)}
_AIRFOIL_PEERS: Mapping[str, Mapping[str, Any]] = {
    **{name: {"geometry": _STRETCHED} for name in ("multipoleoperator", "mgkn")},
    "gkn": {"geometry": {**_AIRFOIL, "radius": (0.15,)}},
    **{name: {"geometry": _AIRFOIL} for name in ("transolver", "meshgraphnet", "gcn")},
}


def _with_solver(nodes: int, airfoil: int, farfield: int) -> dict[str, Mapping[str, Any]]:
    """All peers of the airfoil; inside of CFD-GCN a mesh of so many nodes and edges of the patches."""
    solver = {"name": "compressible", "boundary": SLIPPING, "tolerance": 1e-7}
    mesh = {"nodes": nodes, "keep": {"airfoil": airfoil, "farfield": farfield}}
    return {**_AIRFOIL_PEERS, "cfdgcn": {"geometry": _AIRFOIL, "coarse": {"solver": solver, "mesh": mesh}}}


_GAS = Case(
    "airfoil",
    {"around": 64, "outward": 28},
    nodes=1856,
    samples=231,
    tests=63,
    meshes={"finer": 4.0, "coarser": 0.5, "re-meshed": 0.9},
    peers=_with_solver(353, 32, 16),
    told={"params": ["mach", "alpha"]},
    loss="nodal",  # most of the volume is far away, most of the nodes are near
    sizes={"around": 0.5, "outward": 0.5},
    quick={
        "nodes": 144,
        "samples": 6,
        "tests": 1,
        "options": {"around": 16, "outward": 8, "alpha_max": 0.0},
        "peers": _with_solver(60, 12, 8),
    },
)

_PERIODIC = {"features": (), "scale": 1.0}
_LEVELED = {**_PERIODIC, "spacing": (0.06, 0.12, 0.24), "radius": (0.065, 0.15, 0.3, 0.49)}
_NEAR = {**_PERIODIC, "radius": (0.065,)}

_TORUS = Case(
    "ns-torus",
    {"end_time": 20.0},
    nodes=1000,
    samples=240,
    tests=40,
    meshes={"finer": 4.0, "coarser": 0.53, "re-meshed": 0.9},
    peers={
        **{name: {"geometry": _LEVELED} for name in ("multipoleoperator", "mgkn")},
        "transolver": {"geometry": {"features": ("coordinates",), "scale": 1.0}},
        "gkn": {"geometry": {**_PERIODIC, "radius": (0.13,)}},
        # The sides of the cells end at the faces of the box.
        **{name: {"geometry": _NEAR, "edges": "radius"} for name in ("meshgraphnet", "gcn")},
        PERSISTENCE: {},
    },
    time={"strides": [1], "windows": 4, "horizon": 2, "pushforward": 1, "noise": 0.003},
    solver={"solver_points": (8, 12, 16, 24, 32)},
    quick={
        "nodes": 500,
        "samples": 5,
        "tests": 1,
        "options": {"viscosity": 1e-2, "end_time": 0.75, "interval": 0.25, "solver_points": 24},
        "solver": {"solver_points": (8, 16)},
    },
)

_WALLS: dict[str, Any] = {
    "features": ("boundary_distance", "patch_distance", "is_boundary"),
    "patches": ("inlet", "outlet", "cylinder"),
    "scale": 0.41,
}
_CHANNEL = {**_WALLS, "features": (*_WALLS["features"], "coordinates")}

_ON_WALLS = {"fixed": ["inlet", "wall", "cylinder"], "fixed_fields": ["velocity"]}

_CYLINDER = Case(
    "cylinder",
    {"label_nodes": 4000, "steps": 300},
    nodes=1000,
    samples=120,
    tests=20,
    meshes={"finer": 4.0, "coarser": 0.53, "re-meshed": 0.9},
    peers={
        **{name: {"geometry": _CHANNEL} for name in ("multipoleoperator", "transolver", "gcn")},
        **{name: {"geometry": _WALLS} for name in ("mgkn", "gkn", "meshgraphnet")},
        PERSISTENCE: {},
    },
    told={"params": ["inflow"]},
    time={"strides": [5], "windows": 8, "pushforward": 1, "noise": 0.02, **_ON_WALLS},
    solver={"label_nodes": (250, 500, 1000, 2000)},
    quick={
        "nodes": 200,
        "samples": 5,
        "tests": 1,
        "options": {"label_nodes": 400, "steps": 10},
        "solver": {"label_nodes": (150, 250)},
    },
)

CASES: dict[str, Case] = {
    "darcy": replace(_DARCY, options={"shapes": ("square",), "held_out": ()}),
    "darcy-shapes": _DARCY,
    "burgers": _BURGERS,
    "airfoil": _GAS,
    "ns-torus": _TORUS,
    "cylinder": _CYLINDER,
}
"""Cases by name: Darcy's flow on the square, as in the papers; on shapes, some of which no network has seen; the
map from the first to the last state of Burgers' equation; flows of a gas about an airfoil at Mach numbers between those
of the training; and, in time, forced flow on the torus and flow past a cylinder."""
