"""The errors of all samples at a glance."""

from __future__ import annotations

import math
import os
from pathlib import Path

from gno.errors import DataError
from gno.report.axis import plain_axes
from gno.report.canvas import LABEL, MUTED, TICK, TITLE, frame, save_png, sheet, write
from gno.report.history import COLORS, drawable, read_metrics
from gno.report.methods import METHODS

_LINE = 0.38  # inches between the names: all methods fit


def errors_picture(per_sample: str | os.PathLike[str], path: str | os.PathLike[str]) -> Path:
    r"""Draw the relative L2 error of every sample, from the best to the worst of the model, for each method.

    Args:
        per_sample: a CSV file with the column ``relative_l2``, and by custom ``baseline_relative_l2`` and
            ``solver_relative_l2``.
        path: the PNG file.

    Returns:
        the path.

    Raises:
        DataError: no such file, or no errors in it.
        ResourceError: the picture cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> _ = (folder / "per_sample.csv").write_text("sample,relative_l2\n0,0.02\n1,0.04\n")
        >>> errors_picture(folder / "per_sample.csv", folder / "errors.png").name
        'errors.png'
    """
    columns = read_metrics(per_sample)
    own = columns.get("relative_l2", [])
    if not drawable(own):
        raise DataError(f"{per_sample} has nothing to draw", why="no sample has a positive relative_l2")
    order = sorted(range(len(own)), key=lambda i: own[i])
    figure = sheet(8.2, 3.6)
    axes = frame(figure, 0.75, 0.55, 4.6, 2.45)
    colored = zip(METHODS, COLORS, strict=True)  # a method without a color would be left out
    shown = [(m, c) for m, c in colored if m.prefix + "relative_l2" in columns]
    for row, (method, color) in enumerate(shown):
        errors = [columns[method.prefix + "relative_l2"][i] for i in order]
        known = [(i + 1, e) for i, e in enumerate(errors) if math.isfinite(e) and e > 0]
        if not known:
            continue
        axes.plot(*zip(*known), "o", color=color, markersize=3.6, markeredgewidth=0, alpha=0.85)
        write(figure, 5.5, 2.75 - _LINE * row, method.name, size=LABEL, color=color, weight="bold")
        middle = sorted(e for _, e in known)[len(known) // 2]
        write(figure, 5.5, 2.6 - _LINE * row, f"median {middle:.3g}", size=TICK, color=MUTED)
    axes.set_yscale("log")
    plain_axes(axes, "samples, from the best to the worst of the model")
    write(figure, 0.75, 3.22, "relative L2 error of each sample", size=TITLE, weight="bold")
    return save_png(figure, path)
