"""Grids as meshes: quads in the plane, hexahedra in space, and a line as a strip of squares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from gno.errors import DataError
from gno.mesh.geometry import cell_volume
from gno.mesh.mesh import Mesh

CORNERS = {
    2: np.array([[0, 0], [1, 0], [1, 1], [0, 1]]),
    3: np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]),
}
"""Corners of a cell as steps along the axes."""
REVERSED = {2: [0, 3, 2, 1], 3: [4, 5, 6, 7, 0, 1, 2, 3]}
"""Order of the corners of a left-handed grid."""
SIDES = ("left", "right", "bottom", "top", "back", "front")
"""Patches at the two ends of each axis."""


class Grid:
    """A grid of axes, and what becomes of values on it.

    The mesh has a node at each point, the last axis running first. The mesh needs two dimensions: a line becomes a
    strip of squares, whose two rows of nodes have the same values.

    Args:
        axes: coordinates along each axis, one to three of them.
        stride: every which point is kept, along each axis.

    Raises:
        DataError: coordinates that do not all grow or all fall, or fewer than two points along an axis.

    Example:
        >>> grid = Grid([np.linspace(0, 1, 5), np.linspace(0, 2, 3)], stride=2)
        >>> grid.mesh
        Mesh(2-D, 6 points, 2 quad; boundary: left (1), right (1), bottom (2), top (2))
        >>> grid.values(np.arange(15.0).reshape(5, 3))
        array([ 0.,  2.,  6.,  8., 12., 14.])
    """

    def __init__(self, axes: Sequence[np.ndarray], stride: int = 1) -> None:
        self.shape = tuple(len(axis) for axis in axes)
        self.stride = stride
        self.axes = [np.asarray(axis, dtype=np.float64)[::stride] for axis in axes]
        for number, axis in enumerate(self.axes):
            steps = np.diff(axis)
            if len(axis) < 2 or not ((steps > 0).all() or (steps < 0).all()):
                raise DataError(
                    f"axis {number} of the grid has {len(axis)} coordinates",
                    why="there must be two or more, that all grow or all fall",
                    fix="look at the coordinates in the file, or take a smaller stride",
                )

    @cached_property
    def mesh(self) -> Mesh:
        """The mesh, with a patch at each end of each axis."""
        axes = self.axes
        if len(axes) == 1:
            axes = [axes[0], np.array([0.0, np.abs(np.diff(axes[0])).mean()])]
        return structured(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))

    def values(self, values: np.ndarray, *, leading: int = 0) -> np.ndarray:
        """Values at the nodes ``(..., nodes)`` or ``(..., nodes, k)``.

        Args:
            values: ``(..., x[, y[, z]])``, and one more axis at the end where a field has components.
            leading: axes before the first of the grid, such as that of time.

        Raises:
            DataError: another shape than that of the grid.
        """
        dim = len(self.shape)
        if values.shape[leading : leading + dim] != self.shape or values.ndim - leading - dim not in (0, 1):
            raise DataError(f"values have shape {values.shape}", why=f"the grid has {self.shape} points")
        every = (slice(None),) * leading + (slice(None, None, self.stride),) * dim
        kept = values[every]
        if dim == 1:
            kept = np.repeat(np.expand_dims(kept, leading + 1), 2, axis=leading + 1)
        parts = kept.shape[leading + max(dim, 2) :]
        return kept.reshape(*kept.shape[:leading], -1, *(parts if parts != (1,) else ()))


def shared_grids(stride: int) -> Callable[[Sequence[np.ndarray]], Grid]:
    """From axes to their grid, which is made once: samples on the same axes share a mesh.

    Args:
        stride: as of ``Grid``.

    Example:
        >>> grid = shared_grids(1)
        >>> grid([np.arange(3.0), np.arange(4.0)]) is grid([np.arange(3.0), np.arange(4.0)])
        True
    """
    kept: dict[tuple[bytes, ...], Grid] = {}

    def grid(axes: Sequence[np.ndarray]) -> Grid:
        key = tuple(axis.tobytes() for axis in axes)
        if key not in kept:
            kept[key] = Grid(axes, stride)
        return kept[key]

    return grid


def structured(points: np.ndarray) -> Mesh:
    """Mesh of a grid of points, straight or curved; a left-handed one is turned.

    Args:
        points: coordinates ``(x, y, 2)`` or ``(x, y, z, 3)``.

    Raises:
        DataError: no such shape, or a grid that folds over itself.
    """
    dim = points.ndim - 1
    if dim not in CORNERS or points.shape[-1] != dim or min(points.shape[:-1]) < 2:
        raise DataError(f"points of a grid have shape {points.shape}", why="it must be (x, y, 2) or (x, y, z, 3)")
    shape = points.shape[:-1]
    node = np.arange(int(np.prod(shape))).reshape(shape)
    first = np.indices([n - 1 for n in shape]).reshape(dim, -1).T
    cells = node[tuple(np.moveaxis(first[:, None] + CORNERS[dim], -1, 0))]
    kind, flat = ("quad", "hexahedron")[dim - 2], points.reshape(-1, dim)
    volume = cell_volume(Mesh(flat, {kind: cells}))
    if volume.sum() < 0:
        cells, volume = cells[:, REVERSED[dim]], -volume
    if not (volume > 0).all():
        raise DataError(
            f"{int((volume <= 0).sum())} of {len(cells)} cells of the grid have no volume, or are inside out",
            why="its points cross, or stand twice",
            fix="look at the coordinates in the file",
        )
    return Mesh(flat, {kind: cells}, _sides(node))


def _sides(node: np.ndarray) -> dict[str, np.ndarray]:
    boundary = {}
    for axis in range(node.ndim):
        for name, end in zip(SIDES[2 * axis :], (0, -1)):
            face = np.take(node, end, axis=axis)
            if node.ndim == 2:
                boundary[name] = np.stack([face[:-1], face[1:]], axis=1)
            else:
                corners = [face[:-1, :-1], face[1:, :-1], face[1:, 1:], face[:-1, 1:]]
                boundary[name] = np.stack([c.ravel() for c in corners], axis=1)
    return boundary
