"""Several fields of one mesh, each with its own colors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part
from gno.report.canvas import LABEL, MUTED, TITLE, frame, save_png, sheet, write
from gno.report.drawing import color_bar, magnitude, rule
from gno.report.layout import BAR, BAR_ROOM, GAP
from gno.report.picture import field_of
from gno.report.scale import ColorScale
from gno.report.view import View

MARGIN, HEAD, LABEL_ROOM, FOOT = 0.25, 0.5, 0.4, 0.25


def fields_picture(
    mesh: Mesh, fields: Mapping[str, str], path: str | os.PathLike[str], *, title: str = "", about: str = ""
) -> Path:
    """Draw fields beside each other, below each other where the mesh is wide; each with its own color bar.

    Of a mesh that goes on far beyond most of its nodes, as about a wing, the part with these is drawn.

    Args:
        mesh: a mesh with the fields, in its point or cell data.
        fields: name to units, in the order of the picture; ``1`` is not written.
        path: the PNG file.
        title: what stands first above.
        about: what stands last above; the size of the mesh without it.

    Returns:
        the path.

    Raises:
        DataError: the mesh has no such field.
        ResourceError: the file cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> import numpy as np
        >>> points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
        >>> mesh = Mesh(points, cells, {}, {"a": np.ones(3)}, {"b": np.ones(1)})
        >>> fields_picture(mesh, {"a": "m", "b": "1"}, mkdtemp() + "/ab.png").name
        'ab.png'
    """
    mesh, _ = used_part(mesh)
    view = View.near(mesh)
    values = [view.part(field_of(mesh, name)) for name in fields]
    box = view.box(3.4)
    columns, rows = (1, len(values)) if box.is_flat else (len(values), 1)
    step_x, step_y = box.width + BAR_ROOM + 0.1, box.height + LABEL_ROOM
    width, height = MARGIN + columns * step_x, HEAD + rows * step_y + FOOT
    figure = sheet(max(width, 4.6), height)
    for number, (name, units) in enumerate(fields.items()):
        x = MARGIN + (0 if box.is_flat else number * step_x)
        y = FOOT + (rows - 1 - number if box.is_flat else 0) * step_y
        axes = frame(figure, x, y, box.width, box.height, **({} if mesh.dim == 2 else {"projection": "3d"}))
        field = magnitude(values[number])
        scale = ColorScale.sequential(field)
        view.draw(axes, field, scale)
        if mesh.dim == 2:
            rule(axes, ticks=False)
        label = name if values[number].ndim == 1 else f"|{name}|"
        write(figure, x, y + box.height + 0.1, label, size=LABEL, color=MUTED)
        color_bar(figure, (x + box.width + GAP, y, BAR, box.height), scale, "" if units == "1" else units)
    write(figure, MARGIN, height - 0.3, title or ", ".join(fields), size=TITLE, weight="bold")
    text = about or f"{mesh.num_points:,} nodes, {mesh.num_cells:,} cells"
    write(figure, max(width, 4.6) - MARGIN, height - 0.3, text, size=LABEL, color=MUTED, ha="right")
    return save_png(figure, path)
