"""One scalar field on a mesh, in a frame that has room for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from gno.errors import DataError
from gno.mesh.faces import edges, faces
from gno.mesh.mesh import Mesh
from gno.report.canvas import INK, LABEL, MUTED, TICK, frame
from gno.report.scale import ColorScale
from gno.report.surface import Surface

FINEST_LINES = 6000
"""Meshes with more cells are drawn without their edges, which would hide the field."""
LIGHT = np.array([0.35, -0.5, 0.8])
"""Where the light comes from in 3-D."""


def magnitude(values: Shaped[np.ndarray, "..."]) -> Float[np.ndarray, " n"]:
    """The field itself where it is scalar, its length at each place where it is a vector."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 1:
        return values
    flat = values.reshape(len(values), -1)
    return flat[:, 0] if flat.shape[1] == 1 else np.linalg.norm(flat, axis=1)


def draw_field(axes: Axes, mesh: Mesh, values: Float[np.ndarray, " n"], scale: ColorScale) -> None:
    """Fill a frame with a field: smooth between nodes, one color a cell for values of cells.

    Args:
        axes: the frame; of the projection ``3d`` for a mesh in 3-D, of which the outer surface is shown.
        mesh: the mesh.
        values: one number a node or a cell.
        scale: the colors.

    Raises:
        DataError: as many values as neither nodes nor cells.
    """
    if len(values) not in (mesh.num_points, mesh.num_cells):
        raise DataError(
            f"a field of {len(values)} values cannot be drawn",
            why=f"the mesh has {mesh.num_points} nodes and {mesh.num_cells} cells",
        )
    if mesh.dim == 3:
        _draw_surface(axes, mesh, values, scale)
    else:
        _draw_plane(axes, mesh, values, scale)


def color_bar(figure: Figure, place: tuple[float, float, float, float], scale: ColorScale, units: str = "") -> None:
    """A color bar at a place in inches, with its power of ten and its units above.

    Args:
        figure: where.
        place: left, bottom, width and height in inches.
        scale: the colors.
        units: text above the bar.
    """
    axes = frame(figure, *place)
    bar = figure.colorbar(ScalarMappable(scale.norm(), scale.colors), cax=axes, extend=scale.extend, extendfrac=0.03)
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
    formatter = ScalarFormatter(useMathText=True)
    formatter.set_powerlimits((-3, 4))
    bar.formatter = formatter
    bar.update_ticks()
    axes.tick_params(labelsize=TICK, length=2.5, width=0.6, color=MUTED, labelcolor=INK, pad=2.5)
    axes.yaxis.get_offset_text().set_visible(False)
    formatter.set_locs(list(bar.get_ticks()))
    head = " ".join(part for part in (formatter.get_offset(), units) if part)
    axes.set_title(head, loc="left", fontsize=TICK, color=MUTED, pad=6)


def rule(axes: Axes, *, ticks: bool) -> None:
    """Make a frame plain: coordinates in small type, or nothing but the mesh.

    Args:
        axes: the frame.
        ticks: whether coordinates are written.
    """
    for spine in axes.spines.values():
        spine.set_visible(False)
    if not ticks:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    axes.tick_params(labelsize=TICK, length=2.5, width=0.6, color=MUTED, labelcolor=MUTED, pad=2.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        axis.get_offset_text().set(fontsize=TICK, color=MUTED)
    axes.set_xlabel("x", fontsize=LABEL, color=MUTED, labelpad=1)
    axes.set_ylabel("y", fontsize=LABEL, color=MUTED, labelpad=6, rotation=0)


def _draw_plane(axes: Axes, mesh: Mesh, values: np.ndarray, scale: ColorScale) -> None:
    surface, (x, y) = Surface.of(mesh), mesh.points.T
    options: dict[str, Any] = {"cmap": scale.colors, "norm": scale.norm()}
    if len(values) == mesh.num_points:
        known = np.isfinite(values[surface.triangles]).all(axis=1)
        axes.tripcolor(x, y, np.nan_to_num(values), triangles=surface.triangles[known], shading="gouraud", **options)
    else:
        face = np.asarray(values)[surface.cell]
        known = np.isfinite(face)
        # An edge of the same color closes the hair between neighbors that smoothing of the edges would leave.
        cells = axes.tripcolor(x, y, facecolors=face[known], triangles=surface.triangles[known], **options)
        cells.set_edgecolor("face")
        cells.set_linewidth(0.25)
    if not known.all():
        unknown = PolyCollection(mesh.points[surface.triangles[~known]], facecolors="#d6d9de", edgecolors="none")
        axes.add_collection(unknown)
    _draw_lines(axes, mesh)
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")


def _draw_lines(axes: Axes, mesh: Mesh) -> None:
    all_faces = faces(mesh)
    if mesh.num_cells <= FINEST_LINES:
        width = float(np.clip(12 / max(mesh.num_cells, 1) ** 0.5, 0.12, 0.4))
        lines = mesh.points[edges(mesh)]
        axes.add_collection(LineCollection(list(lines), colors=[(0, 0, 0, 0.22)], linewidths=width))
    outline = mesh.points[all_faces.nodes[all_faces.neighbor < 0]]
    axes.add_collection(LineCollection(list(outline), colors=INK, linewidths=0.7, capstyle="round", clip_on=False))


def _draw_surface(axes: Any, mesh: Mesh, values: np.ndarray, scale: ColorScale) -> None:
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

    surface = Surface.of(mesh)
    face = surface.average(values) if len(values) == mesh.num_points else np.asarray(values)[surface.cell]
    corners = mesh.points[surface.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    shade = 0.72 + 0.28 * np.clip(normal @ (LIGHT / np.linalg.norm(LIGHT)), -0.4, 1.0)
    colors = colormaps[scale.colors](scale.norm()(np.nan_to_num(face)))
    colors[~np.isfinite(face)] = (0.84, 0.85, 0.87, 1.0)
    colors[:, :3] *= shade[:, None]
    axes.add_collection3d(Poly3DCollection(list(corners), facecolors=colors, edgecolors=colors, linewidths=0.2))
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    axes.set_box_aspect(np.maximum(high - low, 1e-3 * (high - low).max()), zoom=1.0)
    axes.view_init(elev=24, azim=-58)
    axes.set_axis_off()
