"""The case: a problem, the files that it is learned from and tested on, and what all networks are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gno.errors import ConfigError
from gno.problems import Family, problem_named

RIDGE = "kernel ridge"
"""The peer that is no network, and takes what seconds it needs."""
PACKAGED = ("fno", "gino")
"""Peers of a package of their own: see ``gno.bench.accuracy.package``."""


@dataclass(frozen=True)
class Case:
    """A map between fields and its meshes.

    Args:
        problem: its name.
        options: of the problem.
        nodes: about how many a mesh has; of a line, those along it.
        samples: in all.
        tests: how many of them are for the test.
        meshes: other meshes that the same test problems are put on: name to nodes over ``nodes``.
        told: options of every network.
        augment: as of the recipe.
        size: the option of the problem that says how many nodes.
        peers: who can take part, with the options that they need for it; all where nobody is named.
        quick: options of the problem for ``small``.

    Example:
        >>> CASES["darcy"].small().problem_on(1.0).shapes
        ('square',)
    """

    problem: str
    options: Mapping[str, Any]
    nodes: int
    samples: int
    tests: int
    meshes: Mapping[str, float]
    told: Mapping[str, Any] = field(default_factory=dict)
    augment: str = "none"
    size: str = "nodes"
    peers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)

    def small(self) -> Case:
        """The same on few nodes and samples: to see that all runs, not to quote."""
        return replace(self, nodes=64, samples=9, tests=3, options={**self.options, **self.quick})

    def one_to_one(self, peer: str) -> dict[str, Any]:
        """What a peer that maps one field to another is told: ``names``, ``transform``, ``boundary``.

        Args:
            peer: its name.

        Raises:
            ConfigError: there are more fields.
        """
        fields = self.problem_on(1.0).fields
        inputs, targets = ([s.name for s in fields if (s.role == "target") == wanted] for wanted in (False, True))
        if len(inputs) != 1 or len(targets) != 1:
            raise ConfigError(
                f"{peer} with {len(inputs)} inputs and {len(targets)} targets", why="it takes one of each"
            )
        return {
            "names": (inputs[0], targets[0]),
            "transform": self.told.get("transforms", {}).get(inputs[0], "none"),
            "boundary": self.told.get("boundary", "free"),
        }

    def problem_on(self, share: float, part: str = "all") -> Family:
        """The problem on meshes of other sizes; the same problems, whatever the size.

        Args:
            share: nodes over those of the training.
            part: of the samples.
        """
        own = {self.size: round(share * self.nodes), "test_fraction": self.tests / self.samples, "part": part}
        return problem_named(self.problem, {**self.options, **own})


_DARCY = Case(
    "darcy",
    {},
    nodes=1700,
    samples=1100,
    tests=100,
    meshes={"finer": 4.0, "coarser": 0.53, "re-meshed": 0.9},
    told={"boundary": "zero", "transforms": {"permeability": "log"}},
    augment="rigid",
    quick={"field_nodes": 200},
)

_SPACING = (1 / 64, 1 / 32, 1 / 16, 1 / 8)
_ROUND = {"spacing": _SPACING, "radius": (1 / 50, *(2.5 * s for s in _SPACING)), "features": (), "scale": 1.0}
"""Levels from neighbors to a third of the circle, on which no place is another."""

CASES: dict[str, Case] = {
    "darcy": replace(_DARCY, options={"shapes": ("square",), "held_out": ()}),
    "darcy-shapes": _DARCY,
    "burgers": Case(
        "burgers",
        {"solver_points": 256},
        nodes=256,
        samples=1124,
        tests=100,
        meshes={"finer": 4.0, "coarser": 0.5},
        size="resolution",
        peers={
            "multipoleoperator": {"geometry": _ROUND},
            "transolver": {"geometry": {"features": ("coordinates",), "scale": 1.0}},
            "mgkn": {"geometry": _ROUND},
            RIDGE: {},
        },
        quick={"solver_points": 64},
    ),
}
"""Cases by name: Darcy's flow on the square, as in the papers; on shapes, some of which no network has seen; and the
map from the first to the last state of Burgers' equation."""
