"""Errors of rollouts against time, and spectra against the wave number."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from gno.errors import DataError
from gno.report.axis import plain_axes
from gno.report.canvas import LABEL, MUTED, TITLE, frame, save_png, sheet, write
from gno.report.history import COLORS, drawable, read_metrics

LINES = {
    "relative_l2": "model",
    "persistence_relative_l2": "first state, still",
    "coarse_relative_l2": "plain step",
    "finer_relative_l2": "plain step, twice as fine",
}


def time_picture(table: str | os.PathLike[str], path: str | os.PathLike[str]) -> Path:
    r"""Draw the relative L2 error of rollouts against time, with the middle 80 % of the trajectories as a band.

    Args:
        table: the ``in_time.csv`` of an evaluation.
        path: the PNG file.

    Returns:
        the path.

    Raises:
        DataError: no such file, or no errors in it.
        ResourceError: the picture cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> _ = (folder / "in_time.csv").write_text("time,relative_l2\n0,0\n1,0.1\n2,0.2\n")
        >>> time_picture(folder / "in_time.csv", folder / "in_time.png").name
        'in_time.png'
    """
    columns = read_metrics(table)
    shown = {name: label for name, label in LINES.items() if drawable(columns.get(name, []))}
    if "time" not in columns or not shown:
        raise DataError(f"{table} has nothing to draw", why="it needs the columns time and relative_l2")
    figure = sheet(7.7, 3.8)
    axes = frame(figure, 0.75, 0.55, 4.75, 2.65)
    if "relative_l2_p10" in columns:
        low, high = (np.array(columns[f"relative_l2_{end}"]) for end in ("p10", "p90"))
        known = low > 0
        axes.fill_between(np.array(columns["time"])[known], low[known], high[known], color=COLORS[0], alpha=0.18, lw=0)
    for color, name in zip(COLORS, shown):
        known_points = [(t, e) for t, e in zip(columns["time"], columns[name]) if math.isfinite(e) and e > 0]
        axes.plot(*zip(*known_points), color=color, linewidth=1.6, solid_capstyle="round")
    axes.set_yscale("log")
    _finish(axes, "time", {label: columns[name][-1] for name, label in shown.items()})
    write(figure, 0.75, 3.42, "relative L2 error against time", size=TITLE, weight="bold")
    return save_png(figure, path)


def spectrum_picture(table: str | os.PathLike[str], field: str, path: str | os.PathLike[str]) -> Path:
    r"""Draw the spectrum of a field, true and predicted, on logarithmic axes.

    Args:
        table: the ``spectrum.csv`` of an evaluation.
        field: its name.
        path: the PNG file.

    Returns:
        the path.

    Raises:
        DataError: no such file, or no such field in it.
        ResourceError: the picture cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> _ = (folder / "s.csv").write_text("wave_number,true_u,predicted_u\n1,1,1\n2,0.5,0.4\n")
        >>> spectrum_picture(folder / "s.csv", "u", folder / "s.png").name
        's.png'
    """
    columns = read_metrics(table)
    shown = {f"{kind}_{field}": kind for kind in ("true", "predicted")}
    if not all(drawable(columns.get(name, [])) for name in shown):
        raise DataError(f"{table} has no spectrum of {field!r}", why=f"it has: {', '.join(columns)}")
    figure = sheet(7.7, 3.8)
    axes = frame(figure, 0.75, 0.55, 4.75, 2.65)
    for color, name in zip((MUTED, COLORS[0]), shown):
        known = [(k, e) for k, e in zip(columns["wave_number"], columns[name]) if e > 0]
        axes.plot(*zip(*known), color=color, linewidth=1.6, solid_capstyle="round")
    axes.set_xscale("log")
    axes.set_yscale("log")
    _finish(axes, "wave number", {kind: columns[name][-1] for name, kind in shown.items()}, (MUTED, COLORS[0]))
    write(figure, 0.75, 3.42, f"spectrum of {field} at the last instant", size=TITLE, weight="bold")
    return save_png(figure, path)


def _finish(axes: Axes, label: str, last: dict[str, float], colors: tuple[str, ...] = COLORS) -> None:
    """Axes, and the name of each line beside them, the highest first."""
    plain_axes(axes, label)
    if axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(6))
    else:
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda k, _: f"{k:g}")
    order = sorted(zip(last.items(), colors), key=lambda item: -item[0][1])
    for row, ((name, value), color) in enumerate(order):
        text = f"{name}  {value:.3g}"
        axes.text(1.025, 0.95 - 0.09 * row, text, transform=axes.transAxes, color=color, fontsize=LABEL, va="center")
