"""Samples that lie outside what a model saw in training: how many, by how much, and in which way."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gno.mesh import Mesh, node_volume
from gno.models import Operator
from gno.models.operator.novelty import mean_novelty
from gno.models.operator.ranges import unlike
from gno.problems.registry import family_of


@dataclass(frozen=True)
class Unlike:
    """In what a sample is unlike those of the training.

    Args:
        lines: one for each way, as of ``Operator.outside``; empty inside.
        deviations: the largest distance from training of its nodes.
    """

    lines: tuple[str, ...] = ()
    deviations: float = 0.0


INSIDE = Unlike()


class Outside:
    """What was found of the samples of an evaluation.

    Args:
        operator: the model.
        attributes: of the dataset that is looked at.
    """

    def __init__(self, operator: Operator, attributes: Mapping[str, Any] | None = None) -> None:
        self.operator, self.equation = operator, _unlike_equation(operator, attributes or {})
        self.samples: dict[int, Unlike] = {}
        self.novelty: dict[int, float] = {}

    @classmethod
    def of(cls, operator: Operator, attributes: Mapping[str, Any], meshes: Iterable[tuple[int, Mesh]]) -> Outside:
        """What a model finds of meshes.

        Args:
            operator: the model.
            attributes: of their dataset.
            meshes: number of a sample and its mesh with the input fields; a sample may come with several.
        """
        found = cls(operator, attributes)
        for number, mesh in meshes:
            found.add(number, mesh)
        return found

    def add(self, number: int, mesh: Mesh, novelty: Float[np.ndarray, " nodes"] | None = None) -> None:
        """Look at one mesh more.

        Args:
            number: of its sample.
            mesh: with the input fields.
            novelty: of its nodes, where a prediction has found it.
        """
        lines = self.operator.outside(mesh)
        before = self.samples.get(number, INSIDE)
        deviations = float(self.operator.distance_from_training(mesh).max()) if lines else 0.0
        merged = tuple(dict.fromkeys([*before.lines, *lines]))
        if novelty is None:
            mean = mean_novelty(self.operator, mesh)
        else:
            mean = float(np.average(novelty, weights=node_volume(mesh)))
        if mean is not None:
            self.novelty[number] = max(mean, self.novelty.get(number, 0.0))
        self.samples[number] = Unlike(merged, max(before.deviations, deviations))

    @property
    def count(self) -> int:
        """Samples outside."""
        return sum(1 for unlike in self.samples.values() if unlike.lines)

    @property
    def warnings(self) -> list[str]:
        """A line where the equation is another, and one where samples lie outside."""
        return [line for line in (self.equation, self._samples_outside()) if line]

    def _samples_outside(self) -> str:
        first = next(((number, unlike) for number, unlike in self.samples.items() if unlike.lines), None)
        if first is None:
            return ""
        most = max(unlike.deviations for unlike in self.samples.values())
        far = f", by up to {most:.3g} deviations" if most > 0 else ""
        what = f"{self.count:,} of {len(self.samples):,} samples lie outside the training ranges{far}"
        return f"{what}; sample {first[0]}: {first[1].lines[0]}"

    def refuse(self, data: str | os.PathLike[str]) -> None:
        """Refuse samples outside.

        Args:
            data: whose samples they are, for the error.

        Raises:
            DataError: there is one.
        """
        if self.warnings:
            raise unlike(f"{data}: {self.warnings[0]}")

    def numbers(self) -> dict[str, Any]:
        """``outside``, how many samples lie outside, and ``warnings``."""
        return {"outside": self.count, "warnings": self.warnings}

    def row(self, number: int) -> dict[str, float | int]:
        """In how many ways a sample lies ``outside``, its largest ``distance_from_training`` and mean ``novelty``.

        Args:
            number: of the sample.
        """
        unlike = self.samples.get(number, INSIDE)
        novelty = {"novelty": self.novelty[number]} if number in self.novelty else {}
        return {"outside": len(unlike.lines), "distance_from_training": unlike.deviations} | novelty


def _unlike_equation(operator: Operator, attributes: Mapping[str, Any]) -> str:
    """What the model is not told, and is another than in training; empty where nothing is, or it is not known."""
    model, data = family_of(operator.attributes), family_of(attributes)
    if model is None or data is None or model.name != data.name:
        return ""
    seen = {channel.spec.name for channel in operator.inputs}
    unseen = [option for option, told_by in model.constants.items() if told_by not in seen]
    pairs = [(option, getattr(data, option), getattr(model, option)) for option in unseen]
    changed = [f"{option} is {now}, and was {then} in training" for option, now, then in pairs if now != then]
    return f"another equation than that of the training: {'; '.join(changed)}" if changed else ""
