"""The view: what a frame shows of a mesh, all of it or a part of the plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes

from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part
from gno.report.drawing import draw_field
from gno.report.layout import Box
from gno.report.scale import ColorScale

Window = tuple[Sequence[float], Sequence[float]]
"""Lower left and upper right corner."""
_MIDDLE = (0.2, 0.8)
_FAR = 4.0  # times the sides of what holds the middle nodes: a mesh as wide is mostly far away from them


@dataclass(frozen=True)
class View:
    """The cells of a mesh that are drawn, and the values that belong to them.

    Args:
        mesh: with these cells alone.
        nodes: numbers of its nodes in the whole mesh.
        cells: numbers of its cells there.
        num_points: nodes of the whole mesh.
        window: the part of the plane that is shown; all without it.
    """

    mesh: Mesh
    nodes: Int[np.ndarray, " nodes"]
    cells: Int[np.ndarray, " cells"]
    num_points: int
    window: Window | None = None

    @classmethod
    def of(cls, mesh: Mesh, window: Window | None = None) -> View:
        """The cells that reach into a window.

        Args:
            mesh: the whole mesh.
            window: all cells are shown without it.
        """
        reach = {kind: _reach(mesh.points[rows], window) for kind, rows in mesh.cells.items()}
        inside = {kind: rows[reach[kind]] for kind, rows in mesh.cells.items()}
        part = mesh if window is None else Mesh(mesh.points, inside, {})
        part, nodes = used_part(part)
        cells = np.flatnonzero(np.concatenate([*reach.values(), np.zeros(0, dtype=bool)]))
        return cls(part, nodes, cells, mesh.num_points, window)

    @classmethod
    def near(cls, mesh: Mesh) -> View:
        """Where most nodes are, if the mesh goes on far beyond, as that of a wing does; else all of it.

        Args:
            mesh: the whole mesh.

        Example:
            >>> from gno.mesh import shapes
            >>> wing = shapes.airfoil_o(shapes.naca("0012"), around=32, outward=16)
            >>> View.near(shapes.square(0.2)).window is None, View.near(wing).window is None
            (True, False)
        """
        whole, _ = used_part(mesh)
        if mesh.dim != 2 or not whole.num_points:
            return cls.of(mesh)
        low, high = np.quantile(whole.points, _MIDDLE, axis=0)
        if (np.ptp(whole.points, axis=0) <= _FAR * (high - low)).any():
            return cls.of(mesh)
        room = float((high - low).max()) / 2
        return cls.of(mesh, ((low - room).tolist(), (high + room).tolist()))

    def box(self, size: float) -> Box:
        """The frame that it needs.

        Args:
            size: side of the frame of a square, in inches.
        """
        if self.window is None:
            return Box.of(self.mesh, size)
        return Box.about(np.ptp(np.array(self.window), axis=0), size)

    def part(self, values: Float[np.ndarray, "n ..."]) -> Float[np.ndarray, "m ..."]:
        """Those of a field's values that are shown.

        Args:
            values: at all nodes, or in all cells.
        """
        return values[self.nodes] if len(values) == self.num_points else values[self.cells]

    def draw(self, axes: Axes, values: Float[np.ndarray, " m"], scale: ColorScale) -> None:
        """Fill a frame, as of ``draw_field``.

        Args:
            axes: the frame.
            values: of ``part``.
            scale: the colors.
        """
        draw_field(axes, self.mesh, values, scale)
        if self.window is not None:
            axes.set(**{f"{axis}lim": ends for axis, ends in zip("xy", zip(*self.window))})
            for drawn in axes.collections:
                drawn.set_clip_on(True)


def _reach(corners: Float[np.ndarray, "cells corners dim"], window: Window | None) -> np.ndarray:
    if window is None:
        return np.ones(len(corners), dtype=bool)
    low, high = np.array(window)
    result: np.ndarray = ((corners.max(1) >= low) & (corners.min(1) <= high)).all(axis=1)
    return result
