"""The sheet that pictures are drawn on: one size of type, one resolution, no state shared with the caller."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gno.files import replacing

DPI = 160
INK = "#20242c"
MUTED = "#69707d"
HAIRLINE = "#c9ced6"
TITLE, LABEL, TICK = 11.0, 9.0, 8.0
"""Sizes of type, in points."""


def sheet(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, with its own canvas.

    Args:
        width: in inches.
        height: in inches.

    Example:
        >>> sheet(4.0, 3.0).get_size_inches().tolist()
        [4.0, 3.0]
    """
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def frame(figure: Figure, left: float, bottom: float, width: float, height: float, **options: Any) -> Axes:
    """Axes at a place in inches from the lower left corner.

    Args:
        figure: where.
        left: in inches.
        bottom: in inches.
        width: in inches.
        height: in inches.
        options: of ``Figure.add_axes``: ``projection``.
    """
    w, h = figure.get_size_inches()
    axes: Axes = figure.add_axes((left / w, bottom / h, width / w, height / h), **options)
    return axes


def write(figure: Figure, x: float, y: float, text: str, *, size: float = LABEL, **options: object) -> None:
    """Text at a place in inches from the lower left corner; what looks like mathematics is left as it is.

    Args:
        figure: where.
        x: in inches.
        y: in inches, of the baseline.
        text: one line.
        size: in points.
        options: of ``Figure.text``: ``color``, ``weight``, ``ha``.
    """
    w, h = figure.get_size_inches()
    style = {"color": INK, "va": "baseline", "parse_math": False} | options
    figure.text(x / w, y / h, text, fontsize=size, **style)  # type: ignore[arg-type]


def save_png(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure; the same figure gives the same bytes, and a broken write leaves nothing.

    Args:
        figure: what.
        path: where.

    Raises:
        ResourceError: the file cannot be written.
    """
    with replacing(path) as aside:
        figure.savefig(aside, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    return Path(path)
