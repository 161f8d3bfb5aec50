"""Drag and lift against time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gno.report.axis import plain_axes
from gno.report.canvas import LABEL, MUTED, TITLE, frame, save_png, sheet, write
from gno.report.history import COLORS

Curve = Float[np.ndarray, " steps"]
CHARACTER = 0.085
"""Width of a character of a name, in inches: the sheet has room for the longest."""
START = 0.05
"""Share of the time whose forces, of a flow set in motion at once, do not widen the axes."""


def force_picture(
    times: Sequence[float],
    forces: Mapping[str, tuple[Curve, Curve]],
    path: str | os.PathLike[str],
    *,
    title: str = "drag and lift",
    names: tuple[str, str] = ("cd", "cl"),
) -> Path:
    """Draw the coefficients of drag and lift, one above the other.

    Args:
        times: after each step.
        forces: patch to drag and lift.
        path: the PNG file.
        title: what stands above.
        names: of the upper and the lower axis.

    Returns:
        the path.

    Raises:
        ResourceError: the picture cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> t = np.linspace(0, 1, 50)
        >>> force_picture(t.tolist(), {"hole": (3 + 0 * t, np.sin(9 * t))}, Path(mkdtemp()) / "f.png").name
        'f.png'
    """
    figure = sheet(max(7.0, 5.75 + CHARACTER * (max(map(len, forces)) + len("  -0.001234"))), 4.5)
    drag, lift = frame(figure, 0.85, 2.45, 4.75, 1.5), frame(figure, 0.85, 0.55, 4.75, 1.5)
    for number, (axes, name) in enumerate(zip((drag, lift), names)):
        curves = {patch: both[number] for patch, both in forces.items()}
        for color, values in zip(COLORS, curves.values()):
            axes.plot(times, values, color=color, linewidth=1.4, solid_capstyle="round")
        _settled_limits(axes, list(curves.values()))
        plain_axes(axes, "time" if axes is lift else "")
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axes.set_ylabel(name, fontsize=LABEL, color=MUTED)
        _last_values(axes, curves, with_names=axes is drag)
    drag.tick_params(labelbottom=False)
    write(figure, 0.85, 4.15, title, size=TITLE, weight="bold")
    return save_png(figure, path)


def _settled_limits(axes: Axes, curves: list[Curve]) -> None:
    """Limits of all but the first moments."""
    late = np.concatenate([values[int(START * len(values)) :] for values in curves])
    low, high = float(late.min()), float(late.max())
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set_ylim(low - room, high + room)


def _last_values(axes: Axes, curves: Mapping[str, Curve], *, with_names: bool) -> None:
    """The last value at the end of each line, kept apart; of the upper ones with the name of the patch."""
    low, high = axes.get_ylim()
    above = np.inf
    for values, patch, color in sorted(
        ((float(v[-1]), patch, color) for color, (patch, v) in zip(COLORS, curves.items())), reverse=True
    ):
        above = min((values - low) / (high - low), above - 0.13)
        text = f"{patch}  {values:.4g}" if with_names else f"{values:.4g}"
        place = axes.transAxes
        axes.text(1.025, above, text, transform=place, color=color, fontsize=LABEL, va="center", parse_math=False)
