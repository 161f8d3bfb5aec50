"""How often the truth lies within the error bands of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gno.mesh import Mesh
from gno.models import Operator
from gno.models.operator.calibration import LEVEL, scores

Rates = dict[str, dict[str, list[float]]]
"""Of each target: ``inside``, the share of the volume inside of the band, and ``bounded``, at each level."""


class Coverage:
    """What was found of the bands of a model over the samples of an evaluation.

    Args:
        operator: the model; without bands nothing is found.
    """

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.samples: list[Rates] = []

    def add(self, mesh: Mesh, found: Mapping[str, np.ndarray]) -> None:
        """Look at one sample more.

        Args:
            mesh: with inputs and targets.
            found: target to predicted values at the nodes.
        """
        if not self.operator.bands:
            return
        truth = {channel.spec.name: channel.values(mesh).numpy() for channel in self.operator.targets}
        rates: Rates = {}
        for name, score in scores(self.operator, mesh, found, truth).items():
            band = self.operator.bands[name]
            inside = [float(score.shares @ (score.nodes <= width)) for width in band.widths]
            rates[name] = {"inside": inside, "bounded": [float(score.whole <= bound) for bound in band.bounds]}
        self.samples.append(rates)

    def row(self) -> dict[str, float]:
        """``coverage`` of the last sample: the share of the volume inside of the bands of 90 %, mean of the fields."""
        if not self.samples:
            return {}
        last = [
            rates["inside"][self.operator.bands[name].levels.index(LEVEL)]
            for name, rates in self.samples[-1].items()
            if LEVEL in self.operator.bands[name].levels
        ]
        return {"coverage": float(np.mean(last))} if last else {}

    def numbers(self) -> dict[str, Any]:
        """``bands``, a row for each target and level: what was measured beside what was promised."""
        if not self.samples:
            return {}
        rows = []
        for name, band in self.operator.bands.items():
            inside, bounded = (
                np.mean([rates[name][kind] for rates in self.samples], axis=0) for kind in ("inside", "bounded")
            )
            for k, level in enumerate(band.levels):
                measured = {"coverage": float(inside[k]), "bounded": float(bounded[k])}
                promised = {"level": level, "width": band.widths[k], "bound": band.bounds[k]}
                rows.append({"field": name, **promised, **measured})
        return {"bands": rows}
