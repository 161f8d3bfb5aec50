"""The case: a problem, the files that it is learned from and tested on, and what all networks are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gno.errors import ConfigError
from gno.problems import Family, problem_named
from gno.problems.registry import kind_named


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
        peers: who can take part, with the options that they need for it.
        told: options of every network.
        augment: as of the recipe.
        loss: as of the recipe, and what the error is: of ``nodal`` its root.
        time: the table of the recipe, where trajectories are learned.
        solver: the option of the problem that says how fine its solver is, with coarser values to run it at; of a
            steady problem nothing, for that is solved on meshes at hand.
        sizes: options of the problem that say how many nodes, and the power of that number that they follow; one that
            ``options`` has not is that number.
        quick: what is another in ``small``; options of the problem are added to the others.

    Example:
        >>> case = Case("airfoil", {"around": 64, "outward": 28}, 1856, 231, 63, {}, {}, sizes={"around": 0.5})
        >>> case.problem_on(4.0).around
        128
    """

    problem: str
    options: Mapping[str, Any]
    nodes: int
    samples: int
    tests: int
    meshes: Mapping[str, float]
    peers: Mapping[str, Mapping[str, Any]]
    told: Mapping[str, Any] = field(default_factory=dict)
    augment: str = "none"
    loss: str = "relative_l2"
    time: Mapping[str, Any] = field(default_factory=dict)
    solver: Mapping[str, Sequence[int]] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=lambda: {"nodes": 1.0})
    quick: Mapping[str, Any] = field(default_factory=dict)

    def small(self) -> Case:
        """The same on few nodes and samples: to see that all runs, not to quote."""
        quick = {"nodes": 64, "samples": 9, "tests": 3, **self.quick}
        return replace(self, **{**quick, "options": {**self.options, **quick.get("options", {})}})

    @property
    def params(self) -> tuple[str, ...]:
        """Parameters of the samples that all are told."""
        return tuple(self.told.get("params", ()))

    @property
    def targets(self) -> list[str]:
        """Names of the fields that are to be found."""
        return [spec.name for spec in self.problem_on(1.0).fields if spec.role == "target"]

    @property
    def stride(self) -> int:
        """Instants that a step of a network spans."""
        found: int = self.time.get("strides", (1,))[0]
        return found

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
        own: dict[str, Any] = {
            name: round(share**power * self.options.get(name, self.nodes)) for name, power in self.sizes.items()
        }
        if "test_fraction" in kind_named(self.problem).__dataclass_fields__:  # type: ignore[attr-defined]
            own["test_fraction"] = self.tests / self.samples  # others know themselves what is for the test
        return problem_named(self.problem, {**self.options, **own, "part": part})
