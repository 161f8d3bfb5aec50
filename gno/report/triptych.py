"""Truth, prediction and error of one sample, side by side."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.figure import Figure

from gno.errors import DataError
from gno.mesh.geometry import node_volume
from gno.mesh.mesh import Mesh
from gno.report.canvas import LABEL, MUTED, TITLE, frame, save_png, sheet, write
from gno.report.drawing import color_bar, magnitude, rule
from gno.report.layout import BAR, BAR_ROOM, GAP, Box
from gno.report.scale import ColorScale
from gno.report.view import View

Place = tuple[float, float]


def panels(
    mesh: Mesh,
    truth: Shaped[np.ndarray, "..."],
    prediction: Shaped[np.ndarray, "..."],
    path: str | os.PathLike[str],
    *,
    name: str = "u",
    units: str = "",
    title: str = "",
) -> Path:
    """Draw truth and prediction with one color scale, and their signed difference with its own, white at zero.

    The relative error in L2 is written above. Of vector fields the magnitudes are drawn; of 3-D meshes, the outer
    surface; of meshes in the plane that go on far beyond most of their nodes, as about a wing, the part with these.

    Args:
        mesh: the mesh.
        truth: values at the nodes, ``(nodes,)`` or ``(nodes, components)``.
        prediction: the same.
        path: the PNG file.
        name: of the field.
        units: units of the field, SI symbols; ``1`` is not written.
        title: what stands first above.

    Returns:
        the path.

    Raises:
        DataError: fields that do not fit the mesh.
        ResourceError: the file cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> panels(mesh, np.ones(3), np.array([1.0, 1.1, 1.0]), mkdtemp() + "/panels.png").name
        'panels.png'
    """
    truth, prediction = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if len(truth) != mesh.num_points or prediction.shape != truth.shape:
        raise DataError(
            f"truth has shape {truth.shape}, prediction {prediction.shape}",
            why=f"the mesh has {mesh.num_points} nodes, and both need values there",
        )
    return save_png(panels_figure(mesh, truth, prediction, name=name, units=units, title=title or name), path)


def panels_figure(
    mesh: Mesh,
    truth: Float[np.ndarray, "..."],
    prediction: Float[np.ndarray, "..."],
    *,
    name: str,
    units: str,
    title: str,
    scales: tuple[ColorScale, ColorScale] | None = None,
) -> Figure:
    """The figure of ``panels``.

    Args:
        mesh: the mesh.
        truth: values at the nodes.
        prediction: the same.
        name: of the field.
        units: of the field.
        title: what stands first above.
        scales: colors of the fields and of the error; those of these values without them.
    """
    error = _relative_l2(prediction, truth, node_volume(mesh))
    view = View.near(mesh)
    fields = [magnitude(view.part(values)) for values in (truth, prediction)]
    difference = fields[1] - fields[0]
    scale, error_scale = scales or (ColorScale.sequential(*fields), ColorScale.diverging(difference))
    box = view.box(2.75 if mesh.dim == 2 else 3.1)
    figure, places = _places(box)
    symbol = name if truth.ndim == 1 else f"|{name}|"
    parts = zip(
        places,
        [*fields, difference],
        (scale, scale, error_scale),
        (f"true {symbol}", f"predicted {symbol}", "predicted − true"),
    )
    for (x, y), values, colors, label in parts:
        axes = frame(figure, x, y, box.width, box.height, **({} if mesh.dim == 2 else {"projection": "3d"}))
        view.draw(axes, values, colors)
        if mesh.dim == 2:
            rule(axes, ticks=False)
        write(figure, x, y + box.height + 0.09, label, size=LABEL, color=MUTED)
    for (x, y), colors in ((places[1], scale), (places[2], error_scale)):
        color_bar(figure, (x + box.width + GAP, y, BAR, box.height), colors, "" if units == "1" else units)
    _head(figure, title, error, mesh)
    return figure


def _places(box: Box) -> tuple[Figure, list[Place]]:
    """A sheet with room for three frames, and their lower left corners."""
    margin, head, label, foot = 0.2, 0.5, 0.34, 0.22
    if box.is_flat:
        step = box.height + label + 0.16
        figure = sheet(margin + box.width + BAR_ROOM, head + 3 * step + foot - 0.16)
        return figure, [(margin, foot + row * step) for row in (2, 1, 0)]
    figure = sheet(margin + 3 * box.width + 0.2 + 2 * BAR_ROOM, head + label + box.height + foot)
    second = margin + box.width + 0.2
    return figure, [(margin, foot), (second, foot), (second + box.width + BAR_ROOM, foot)]


def _head(figure: Figure, title: str, error: float, mesh: Mesh) -> None:
    width, height = figure.get_size_inches()
    write(figure, 0.2, height - 0.3, title, size=TITLE, weight="bold")
    text = f"relative L2 error {error:.4f}  ·  {mesh.num_points:,} nodes"
    write(figure, width - 0.2, height - 0.3, text, size=LABEL, color=MUTED, ha="right")


def _relative_l2(prediction: np.ndarray, truth: np.ndarray, volume: np.ndarray) -> float:
    import torch

    from gno.training.metrics import relative_l2

    v, u, weight = (torch.from_numpy(np.ascontiguousarray(array)) for array in (prediction, truth, volume))
    return float(relative_l2(v, u, weight))
