"""The picture of a benchmark: what grows with size, ours beside the peer's, each line named with its exponent."""

from __future__ import annotations

import math
import os
from itertools import groupby
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatterMathtext, LogLocator

from gno.bench.growth import OURS, Curve
from gno.bench.record import Record
from gno.bench.row import UNITS
from gno.report.axis import plain_axes
from gno.report.canvas import LABEL, MUTED, TITLE, frame, save_png, sheet, write
from gno.report.history import COLORS

PANEL_WIDTH, PANEL_HEIGHT, LEFT, BOTTOM, TOP = 2.55, 2.1, 0.65, 0.6, 0.45
"""A panel, and the room around it, in inches; that on its right is as wide as the longest name."""
APART = 0.09
"""Least distance of two names, as a share of the panel's height."""


def growth_picture(record: Record, path: str | os.PathLike[str]) -> Path:
    """Draw cost against size on logarithmic axes, a panel for each thing measured at several sizes.

    Args:
        record: rows of a benchmark.
        path: the PNG file.

    Returns:
        the path.

    Raises:
        ResourceError: the picture cannot be written.
    """
    panels = [list(group) for _, group in groupby(record.curves(), key=lambda curve: (curve.name, curve.quantity))]
    columns = {0: 1, 1: 1, 2: 2, 4: 2}.get(len(panels), 3)
    rows = max(1, math.ceil(len(panels) / columns))
    unit, law = record.benchmark.unit, record.benchmark.law
    longest = max((len(curve.who) for panel in panels for curve in panel), default=0) + len(law)
    width, height = LEFT + PANEL_WIDTH + 0.5 + 0.07 * longest, BOTTOM + PANEL_HEIGHT + TOP
    figure = sheet(max(columns * width, 5.5), rows * height + 0.55)
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        left, bottom = column * width + LEFT, (rows - 1 - row) * height + BOTTOM
        scale, measured = _scale(panel)
        _draw(frame(figure, left, bottom, PANEL_WIDTH, PANEL_HEIGHT), panel, scale, unit, law)
        write(
            figure, left, bottom + PANEL_HEIGHT + 0.12, ", ".join(filter(None, (panel[0].name, measured))), size=LABEL
        )
    write(figure, LEFT, rows * height + 0.25, record.benchmark.title, size=TITLE, weight="bold")
    write(figure, LEFT, rows * height + 0.05, record.about(), size=LABEL - 1.5, color=MUTED)
    return save_png(figure, path)


def _scale(panel: list[Curve]) -> tuple[float, str]:
    """Milliseconds where none takes a tenth of a second."""
    short = panel[0].quantity == "seconds" and max(max(curve.values) for curve in panel) < 0.1
    return (1e3, "ms") if short else (1.0, UNITS[panel[0].quantity])


def _draw(axes: Axes, panel: list[Curve], scale: float, unit: str, law: str) -> None:
    axes.set(xscale="log", yscale="log")
    values = [scale * value for curve in panel for value in curve.values]
    sizes = [size for curve in panel for size in curve.sizes]
    axes.set_xlim(min(sizes) / 1.3, max(sizes) * 1.3)
    # A flat line shall look flat: an axis of less than a decade would show noise as growth.
    middle = math.sqrt(min(values) * max(values))
    axes.set_ylim(min(min(values) / 1.6, middle / 10**0.6), max(max(values) * 1.6, middle * 10**0.6))
    plain_axes(axes, unit)
    wide = max(sizes) > 30 * min(sizes)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(LogLocator(subs=()))
    axes.xaxis.set_major_formatter(LogFormatterMathtext() if wide else (lambda v, _: f"{v:,.0f}"))
    for curve in panel:
        color = COLORS[0] if curve.who == OURS else COLORS[1]
        line = [scale * value for value in curve.values]
        axes.plot(curve.sizes, line, color=color, linewidth=1.6, marker="o", markersize=3.5)
    _names(axes, panel, scale, law)


def _names(axes: Axes, panel: list[Curve], scale: float, law: str) -> None:
    """The name and exponent of each line at its end, kept apart."""
    base = f"({law})".replace("log", r"{\log}") if " " in law else law
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = [(*to_axes.transform((curve.sizes[-1], scale * curve.values[-1])), curve) for curve in panel]
    above = math.inf
    for x, y, curve in sorted(ends, key=lambda end: -end[1]):
        above = min(y, above - APART)
        axes.annotate(
            f"{curve.who}  ${base}^{{{curve.exponent:.2f}}}$",
            (x, above),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            color=COLORS[0] if curve.who == OURS else COLORS[1],
            fontsize=LABEL,
            va="center",
            annotation_clip=False,
        )
