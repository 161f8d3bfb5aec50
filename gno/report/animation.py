"""Truth, prediction and error of a trajectory, moving."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image

from gno.errors import DataError
from gno.files import replacing
from gno.mesh.mesh import Mesh
from gno.report.drawing import magnitude
from gno.report.scale import ColorScale
from gno.report.triptych import panels_figure

MOST = 30
"""Pictures in a film; of a longer trajectory every so many-th instant is shown, and the last."""
_DPI, _MILLISECONDS, _PAUSE = 90, 120, 1200


def animation(
    mesh: Mesh,
    time: Float[np.ndarray, " instants"],
    truth: Float[np.ndarray, "..."],
    prediction: Float[np.ndarray, "..."],
    path: str | os.PathLike[str],
    *,
    name: str = "u",
    units: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw ``panels`` of each instant into a GIF that repeats, with the same colors throughout.

    Args:
        mesh: the mesh.
        time: the instants.
        truth: values at the nodes, ``(instants, nodes)`` or ``(instants, nodes, components)``.
        prediction: the same.
        path: the GIF file.
        name: of the field.
        units: units of the field, SI symbols; ``1`` is not written.
        progress: told how many pictures are drawn, and of how many.

    Returns:
        the path.

    Raises:
        DataError: fields that do not fit the mesh or the instants.
        ResourceError: the file cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> u = np.ones((2, 3))
        >>> animation(mesh, np.array([0.0, 1.0]), u, 1.1 * u, mkdtemp() + "/u.gif").name
        'u.gif'
    """
    if prediction.shape != truth.shape or truth.shape[:2] != (len(time), mesh.num_points):
        raise DataError(
            f"truth has shape {truth.shape}, prediction {prediction.shape}",
            why=f"there are {len(time)} instants and {mesh.num_points} nodes",
        )
    shown = np.unique(np.linspace(0, len(time) - 1, min(MOST, len(time))).round().astype(int))
    fields = [[magnitude(states[k]) for k in shown] for states in (truth, prediction)]
    scales = (
        ColorScale.sequential(*fields[0]),
        ColorScale.diverging(*(v - u for u, v in zip(*fields))),
    )
    frames = []
    for number, k in enumerate(shown):
        title = f"{name} at time {time[k]:.4g}"
        figure = panels_figure(mesh, truth[k], prediction[k], name=name, units=units, title=title, scales=scales)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=_DPI, facecolor="white")
        frames.append(Image.open(picture).convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE))
        if progress is not None:
            progress(number + 1, len(shown))
    durations = [_MILLISECONDS] * (len(frames) - 1) + [_PAUSE]
    with replacing(path) as aside:
        frames[0].save(aside, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return Path(path)
