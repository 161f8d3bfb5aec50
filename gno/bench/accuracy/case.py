"""The case: a problem, the files that it is learned from and tested on, and what all networks are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gno.problems import Problem, problem_named


@dataclass(frozen=True)
class Case:
    """A steady problem and its meshes.

    Args:
        problem: its name.
        options: of the problem.
        nodes: about how many a mesh has.
        samples: in all.
        tests: how many of them are for the test.
        meshes: other meshes that the same test problems are put on: name to nodes over ``nodes``.
        told: options of every network.
        augment: as of the recipe.

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

    def small(self) -> Case:
        """The same on few nodes and samples: to see that all runs, not to quote."""
        return replace(self, nodes=60, samples=9, tests=3, options={**self.options, "field_nodes": 200})

    def problem_on(self, share: float, part: str = "all") -> Problem:
        """The problem on meshes of other sizes; the same problems, whatever the size.

        Args:
            share: nodes over those of the training.
            part: of the samples.
        """
        own = {"nodes": round(share * self.nodes), "test_fraction": self.tests / self.samples, "part": part}
        found = problem_named(self.problem, {**self.options, **own})
        if not isinstance(found, Problem):
            raise TypeError(f"{self.problem} is no steady problem")
        return found


_MESHES = {"finer": 4.0, "coarser": 0.53, "re-meshed": 0.9}
_TOLD = {"boundary": "zero", "transforms": {"permeability": "log"}}

CASES: dict[str, Case] = {
    "darcy": Case(
        "darcy", {"shapes": ("square",), "held_out": ()}, 1700, 1100, 100, _MESHES, told=_TOLD, augment="rigid"
    ),
    "darcy-shapes": Case("darcy", {}, 1700, 1100, 100, _MESHES, told=_TOLD, augment="rigid"),
}
"""Cases by name: Darcy's flow on the square, as in the papers; and on shapes, some of which no network has seen."""
