"""The pressure on the surface of a body, along its chord."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from gno.report.axis import plain_axes
from gno.report.canvas import LABEL, MUTED, TITLE, frame, save_png, sheet, write
from gno.report.history import COLORS

Ends = Float[np.ndarray, "facets 2"]


def pressure_picture(
    surface: Mapping[str, tuple[Ends, Ends]],
    path: str | os.PathLike[str],
    *,
    critical: float | None = None,
    title: str = "pressure coefficient",
) -> Path:
    r"""Draw the pressure coefficient of each patch against x, suction upwards.

    Args:
        surface: patch to x and ``cp`` of the two ends of each facet ``(facets, 2)``.
        path: the PNG file.
        critical: ``cp`` at which the gas is as fast as sound; no line without it, or where it is off the picture.
        title: what stands above.

    Returns:
        the path.

    Raises:
        ResourceError: the picture cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> x = np.array([[1.0, 0.5], [0.5, 0.0], [0.0, 0.5], [0.5, 1.0]])
        >>> pressure_picture({"airfoil": (x, 4 * x * (x - 1))}, Path(mkdtemp()) / "cp.png").name
        'cp.png'
    """
    figure = sheet(7.0, 4.1)
    axes = frame(figure, 0.85, 0.55, 4.75, 3.0)
    for color, (x, cp) in zip(COLORS, surface.values()):
        lines = LineCollection(list(np.stack([x, cp], -1)), colors=color, linewidths=1.4, capstyle="round")
        axes.add_collection(lines)
    low, high = (pick([pick(cp) for _, cp in surface.values()]) for pick in (np.min, np.max))
    room = 0.06 * (high - low) or 0.1
    ends = np.concatenate([x.reshape(-1) for x, _ in surface.values()])
    axes.set_xlim(ends.min() - 0.02 * np.ptp(ends), ends.max() + 0.02 * np.ptp(ends))
    axes.set_ylim(high + room, low - room)
    plain_axes(axes, "x")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_ylabel("cp", fontsize=LABEL, color=MUTED)
    if critical is not None and low < critical < high:
        axes.axhline(critical, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.text(
            1.02, critical, "sonic", transform=axes.get_yaxis_transform(), va="center", color=MUTED, fontsize=LABEL
        )
    for number, (color, patch) in enumerate(zip(COLORS, surface)):
        write(figure, 5.75, 3.4 - 0.2 * number, patch, size=LABEL, color=color)
    write(figure, 0.85, 3.75, title, size=TITLE, weight="bold")
    return save_png(figure, path)
