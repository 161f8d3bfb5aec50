"""Loss and errors of a training run against the epoch."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gno.errors import DataError
from gno.report.axis import plain_axes
from gno.report.canvas import LABEL, MUTED, TICK, TITLE, frame, save_png, sheet, write

COLORS = ("#3b6fb6", "#d1603d", "#2f9e7a", "#8a5fbf", "#b8860b", "#5f6b7a", "#17181c")
"""Of the lines, in order; apart for eyes that do not tell red from green."""
NOT_DRAWN = ("epoch", "step", "seconds", "time", "samples_per_second")

Columns = dict[str, list[float]]


def curves(metrics: str | os.PathLike[str], path: str | os.PathLike[str], *, title: str = "") -> Path:
    r"""Draw the loss and the errors of a run on a logarithmic axis, and its learning rate in a strip below.

    Args:
        metrics: a CSV file with the column ``epoch``, ``learning_rate`` and any number of losses and errors.
        path: the PNG file.
        title: what stands above.

    Returns:
        the path.

    Raises:
        DataError: no such file, or nothing to draw in it.
        ResourceError: the picture cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> _ = (folder / "metrics.csv").write_text("epoch,loss,learning_rate\n1,0.5,0.001\n2,0.2,0.0005\n")
        >>> curves(folder / "metrics.csv", folder / "curves.png").name
        'curves.png'
    """
    columns = read_metrics(metrics)
    rate = {name: v for name, v in columns.items() if name in ("learning_rate", "lr")}
    drawn = {name: v for name, v in columns.items() if name not in NOT_DRAWN and name not in rate and drawable(v)}
    if not drawn:
        raise DataError(f"{metrics} has nothing to draw", why="no column of losses or errors has a positive number")
    epochs = columns.get("epoch") or [float(i + 1) for i in range(len(next(iter(drawn.values()))))]
    figure = sheet(7.7, 4.6)
    upper = frame(figure, 0.75, 1.45 if rate else 0.55, 4.75, 2.6 if rate else 3.5)
    for color, values in zip(COLORS, drawn.values()):
        _line(upper, epochs, values, color)
    upper.set_yscale("log")
    plain_axes(upper, "" if rate else "epoch")
    _names(upper, epochs, drawn)
    if rate:
        lower = frame(figure, 0.75, 0.55, 4.75, 0.65)
        _line(lower, epochs, next(iter(rate.values())), MUTED)
        plain_axes(lower, "epoch")
        lower.set_ylim(bottom=0)
        lower.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
        lower.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=True)
        lower.yaxis.get_offset_text().set(fontsize=TICK, color=MUTED)
        write(figure, 5.62, 0.55 + 0.3, "learning rate", size=LABEL, color=MUTED)
        upper.tick_params(labelbottom=False)
    write(figure, 0.75, 4.25, title or "training", size=TITLE, weight="bold")
    return save_png(figure, path)


def read_metrics(path: str | os.PathLike[str]) -> Columns:
    """The columns of a CSV file of numbers; what is no number is NaN.

    Args:
        path: the file.

    Raises:
        DataError: no such file, or no lines in it.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read", why=str(error), fix="give the metrics.csv of a run") from error
    if not rows:
        raise DataError(f"{path} has no lines", why="no epoch was finished", fix="train for at least one epoch")
    return {name: [_number(row[name]) for row in rows] for name in rows[0] if name}


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def readable(name: str) -> str:
    """The name of a column as one reads it.

    Example:
        >>> readable("valid_relative_l2")
        'valid relative L2'
    """
    words = ("L2" if word == "l2" else "H1" if word == "h1" else word for word in name.split("_"))
    return " ".join(words)


def drawable(values: list[float]) -> bool:
    """Whether a logarithmic axis has a place for any of some numbers."""
    return any(math.isfinite(v) and v > 0 for v in values)


def _line(axes: Axes, x: list[float], y: list[float], color: str) -> None:
    known = [(a, b) for a, b in zip(x, y) if math.isfinite(b)]
    marker = "o" if len(known) < 15 else None
    axes.plot(*zip(*known), color=color, linewidth=1.6, marker=marker, markersize=3.5, solid_capstyle="round")


def _names(axes: Axes, epochs: list[float], drawn: Columns) -> None:
    """The name of each line at its end, kept apart; no legend to look up."""
    ends = []
    for color, (name, values) in zip(COLORS, drawn.items()):
        last = next(v for v in reversed(values) if math.isfinite(v))
        ends.append(
            (axes.transAxes.inverted().transform(axes.transData.transform((epochs[-1], last)))[1], last, name, color)
        )
    room, above = 0.085, math.inf
    for place, last, name, color in sorted(ends, reverse=True):
        above = min(place, above - room)
        axes.text(
            1.025,
            above,
            f"{readable(name)}  {last:.3g}",
            transform=axes.transAxes,
            color=color,
            fontsize=LABEL,
            va="center",
            parse_math=False,
        )
