"""The picture of one field on its mesh."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gno.errors import DataError
from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part
from gno.report.canvas import MUTED, TITLE, frame, save_png, sheet, write
from gno.report.drawing import color_bar, magnitude, rule
from gno.report.layout import BAR, BAR_ROOM, GAP
from gno.report.scale import ColorScale
from gno.report.view import View, Window


def field_picture(
    mesh: Mesh,
    name: str,
    path: str | os.PathLike[str],
    *,
    location: str | None = None,
    units: str = "",
    title: str = "",
    diverging: bool = False,
    window: Window | None = None,
) -> Path:
    """Draw a field on its mesh into a PNG file; of a vector field the magnitude, of a 3-D mesh the outer surface.

    Args:
        mesh: a mesh with the field.
        name: of the field.
        path: the PNG file.
        location: ``point`` or ``cell``; without it, the nodes' values where there are both.
        units: units of the field, SI symbols; ``1`` is not written.
        title: what stands above; the name of the field without it.
        diverging: colors away from zero to both sides.
        window: the part of the plane that is shown, with colors of its own; all of it without.

    Returns:
        the path.

    Raises:
        DataError: the mesh has no such field.
        ResourceError: the file cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
        >>> mesh = Mesh(points, cells, {}, {"u": np.ones(3)})
        >>> field_picture(mesh, "u", mkdtemp() + "/u.png").name
        'u.png'
    """
    whole, _ = used_part(mesh)
    view = View.of(whole, window)
    values, box, flat = view.part(field_of(whole, name, location)), view.box(4.2), mesh.dim == 2
    left, bottom, top = (0.75, 0.5, 0.62) if flat else (0.15, 0.15, 0.5)
    figure = sheet(left + box.width + BAR_ROOM + 0.1, bottom + box.height + top)
    axes = frame(figure, left, bottom, box.width, box.height, **({} if flat else {"projection": "3d"}))
    field = magnitude(values)
    scale = ColorScale.diverging(field) if diverging else ColorScale.sequential(field)
    view.draw(axes, field, scale)
    if flat:
        rule(axes, ticks=True)
    heading = title or (name if values.ndim == 1 else f"magnitude of {name}")
    write(figure, left, bottom + box.height + 0.3, heading, size=TITLE, weight="bold")
    about = f"{whole.num_points:,} nodes, {whole.num_cells:,} cells"
    write(figure, left + box.width + BAR_ROOM, bottom + box.height + 0.3, about, size=8.0, color=MUTED, ha="right")
    height = min(box.height, 4.2) if flat else 0.7 * box.height
    place = (left + box.width + GAP, bottom + (box.height - height) / 2, BAR, height)
    color_bar(figure, place, scale, "" if units == "1" else units)
    return save_png(figure, path)


def field_of(mesh: Mesh, name: str, location: str | None = None) -> Float[np.ndarray, "..."]:
    """The values of a field, those at the nodes before those of the cells.

    Args:
        mesh: a mesh with the field.
        name: of the field.
        location: ``point`` or ``cell``.

    Raises:
        DataError: the mesh has no such field.
    """
    places = {"point": mesh.point_data, "cell": mesh.cell_data}
    for place, data in places.items():
        if location in (None, place) and name in data:
            return np.asarray(data[name], dtype=np.float64)
    known = [*mesh.point_data, *mesh.cell_data]
    raise DataError(f"the mesh has no field {name!r} to draw", why=f"it has: {', '.join(known) or 'none'}")
