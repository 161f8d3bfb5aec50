"""Axes of curves: two thin lines, a few ticks, and a grid that stays behind."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.ticker import Locator, LogFormatterSciNotation, LogLocator, MaxNLocator

from gno.report.canvas import HAIRLINE, INK, LABEL, MUTED, TICK


def plain_axes(axes: Axes, label: str) -> None:
    """Take away what is not needed, and put few ticks on both axes.

    Args:
        axes: with its lines drawn and its scale set.
        label: of the horizontal axis, which counts something.
    """
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=HAIRLINE, linewidth=0.8)
    axes.grid(axis="y", which="major", color=HAIRLINE, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", labelsize=TICK, width=0.6, color=HAIRLINE, labelcolor=INK)
    if axes.get_yscale() == "log":
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(_ticks(low, high))
        axes.yaxis.set_minor_locator(LogLocator(subs=()))
        axes.yaxis.set_major_formatter((lambda v, _: f"{v:g}") if low > 2e-4 else LogFormatterSciNotation())
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel(label, fontsize=LABEL, color=MUTED)


def _ticks(low: float, high: float) -> Locator:
    """Powers of ten over a wide range, with 2 and 5 over a narrower one, even steps over less than a decade."""
    decades = math.log10(high / low)
    if decades < 0.8:
        return MaxNLocator(5, steps=[1, 2, 5, 10])
    return LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0,))
