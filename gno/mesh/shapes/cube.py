"""The cube, by tetrahedra or hexahedra."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from gno.errors import ConfigError
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.square import check_length
from gno.mesh.shapes.target import check_edge_length

# Corners of a cell as steps along x, y, z, in VTK's order.
_CORNERS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]])
# Six tetrahedra around the diagonal from corner 0 to corner 6: one for each order of steps along x, y and z.
_PATHS = [[0, 1, 2, 6], [0, 2, 3, 6], [0, 3, 7, 6], [0, 7, 4, 6], [0, 4, 5, 6], [0, 5, 1, 6]]
# Corners of the faces of a cell, seen counter-clockwise from outside.
_FACES = {
    "left": [0, 4, 7, 3],
    "right": [1, 2, 6, 5],
    "bottom": [0, 1, 5, 4],
    "top": [3, 7, 6, 2],
    "back": [0, 3, 2, 1],
    "front": [4, 5, 6, 7],
}


def cube(edge_length: float, *, side: float = 1.0, kind: str = "tetra") -> Mesh:
    """Cube ``(0, side)^3``: patches ``left`` and ``right`` (x), ``bottom`` and ``top`` (y), ``back`` and ``front`` (z).

    Args:
        edge_length: target length of the edges along the axes.
        side: length of a side.
        kind: ``hexahedron``, or ``tetra`` with six tetrahedra in place of each.

    Raises:
        ConfigError: an edge length, side or kind that cannot be.

    Example:
        >>> cube(0.5, kind="hexahedron").num_cells, cube(0.5).num_cells
        (8, 48)
    """
    if kind not in ("tetra", "hexahedron"):
        raise ConfigError(f"kind is {kind!r}", why="known kinds: tetra, hexahedron")
    check_length("side", side)
    check_edge_length(edge_length, side)
    n = max(1, round(side / edge_length))
    x = np.linspace(0, side, n + 1)
    points = np.stack(np.meshgrid(x, x, x, indexing="ij"), -1).reshape(-1, 3)
    cells = _cells(n)
    if kind == "hexahedron":
        return Mesh(points, {"hexahedron": cells}, {name: _outer(cells, name, n) for name in _FACES})
    boundary = {name: _cut(_outer(cells, name, n)) for name in _FACES}
    return Mesh(points, {"tetra": cells[:, _PATHS].reshape(-1, 4)}, boundary)


def _cells(n: int) -> Int[np.ndarray, "cells 8"]:
    first = np.indices((n, n, n)).reshape(3, -1).T
    return ((first[:, None] + _CORNERS) @ np.array([(n + 1) ** 2, n + 1, 1])).astype(np.int64)


def _outer(cells: Int[np.ndarray, "cells 8"], name: str, n: int) -> Int[np.ndarray, "faces 4"]:
    low, high = ("left", "bottom", "back"), ("right", "top", "front")
    axis, place = (low.index(name), 0) if name in low else (high.index(name), n - 1)
    return np.take(cells.reshape(n, n, n, 8), place, axis=axis).reshape(-1, 8)[:, _FACES[name]]


def _cut(quads: Int[np.ndarray, "faces 4"]) -> Int[np.ndarray, "triangles 3"]:
    """Two triangles for each quad, along the diagonal through the cell's corner 0 or 6, as the tetrahedra have it."""
    low = quads.min(1)  # the corner with the lowest number begins the diagonal
    shift = np.argmax(quads == low[:, None], axis=1)
    turned = np.take_along_axis(quads, (shift[:, None] + np.arange(4)) % 4, axis=1)
    return np.stack([turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]], 1).reshape(-1, 3)
