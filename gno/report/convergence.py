"""How the residual of a solver falls."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gno.report.axis import plain_axes
from gno.report.canvas import LABEL, TITLE, frame, save_png, sheet, write
from gno.report.history import COLORS


def residual_picture(history: Sequence[float], path: str | os.PathLike[str], *, title: str = "residual") -> Path:
    """Draw the residual against the step, on a logarithmic axis.

    Args:
        history: relative residual at the start and after each step; zeros are left out.
        path: the PNG file.
        title: what stands above.

    Returns:
        the path.

    Raises:
        ResourceError: the picture cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> residual_picture([1.0, 1e-3, 1e-9], Path(mkdtemp()) / "residual.png").name
        'residual.png'
    """
    known = [(step, value) for step, value in enumerate(history) if value > 0]
    figure = sheet(5.6, 3.4)
    axes = frame(figure, 0.85, 0.55, 3.6, 2.3)
    axes.plot(*zip(*known), color=COLORS[0], linewidth=1.6, marker="o", markersize=3.5, solid_capstyle="round")
    axes.set_yscale("log")
    plain_axes(axes, "step")
    if known:
        step, last = known[-1]
        axes.annotate(
            f"{last:.1e}", (step, last), xytext=(6, 0), textcoords="offset points", color=COLORS[0], fontsize=LABEL,
            va="center", annotation_clip=False,
        )  # fmt: skip
    write(figure, 0.85, 3.08, title, size=TITLE, weight="bold")
    return save_png(figure, path)
