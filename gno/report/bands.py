"""Tables of error bands: what a calibration promises, and what an evaluation measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gno.models import Band

CALIBRATED = ("field", "level", "half width over scale", "bound of relative L2")
MEASURED = ("field", "level", "half width over scale", "volume inside", "bound of relative L2", "samples below it")


def calibrated(bands: Mapping[str, Band]) -> list[list[str | float]]:
    """Rows of what is promised, under ``CALIBRATED``.

    Args:
        bands: target to band.

    Example:
        >>> calibrated({"u": Band(40, levels=(0.9,), widths=(0.02,), bounds=(0.03,))})
        [['u', '90 %', 0.02, 0.03]]
    """
    return [
        [name, _percent(level), width, bound]
        for name, band in bands.items()
        for level, width, bound in zip(band.levels, band.widths, band.bounds)
    ]


def measured(metrics: Mapping[str, Any]) -> list[list[str | float]]:
    """Rows of what was measured, under ``MEASURED``; none of a model that is not calibrated.

    Args:
        metrics: as ``gno.training.evaluate`` returns them.

    Example:
        >>> row = {"field": "u", "level": 0.9, "width": 0.02, "bound": 0.03, "coverage": 0.904, "bounded": 0.9}
        >>> measured({"bands": [row]})
        [['u', '90 %', 0.02, '90.4 %', 0.03, '90 %']]
    """
    return [
        [b["field"], _percent(b["level"]), b["width"], _percent(b["coverage"]), b["bound"], _percent(b["bounded"])]
        for b in metrics.get("bands", ())
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
