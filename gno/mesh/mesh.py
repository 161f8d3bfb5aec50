"""The mesh: points, cells by type, named boundary, and the fields that live on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from gno.errors import MeshError
from gno.typing import Connectivity, Facets, Field, Points

CORNERS = {"triangle": 3, "quad": 4, "tetra": 4, "pyramid": 5, "wedge": 6, "hexahedron": 8}
"""Corners of each cell type in the order of CGNS and Gmsh: the first triangle of a wedge faces the second."""
CELL_DIM = {"triangle": 2, "quad": 2, "tetra": 3, "pyramid": 3, "wedge": 3, "hexahedron": 3}
"""Dimension of each cell type."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """An unstructured mesh in two or three dimensions, with linear cells, mixed at will.

    Cells are numbered through the types in the order of ``cells``; ``cell_data`` follows that order. A mesh is
    not changed after it is made: ``with_data`` returns another one.

    Args:
        points: node coordinates ``(nodes, dim)``, with ``dim`` 2 or 3.
        cells: cell type (``triangle``, ``quad``, ``tetra``, ``pyramid``, ``wedge``, ``hexahedron``) to node numbers.
        boundary: patch name to facets: ``(n, 2)`` edges in 2-D; ``(n, 3 or 4)`` polygons in 3-D, -1 where a
            triangle stands among quads.
        point_data: name to values ``(nodes, ...)``.
        cell_data: name to values ``(cells, ...)``.

    Raises:
        MeshError: a shape, a cell type or a node number that cannot be.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> mesh.dim, mesh.num_points, mesh.num_cells
        (2, 3, 1)
    """

    points: Points
    cells: Mapping[str, Connectivity]
    boundary: Mapping[str, Facets] = field(default_factory=dict)
    point_data: Mapping[str, Field] = field(default_factory=dict)
    cell_data: Mapping[str, Field] = field(default_factory=dict)

    def __post_init__(self) -> None:
        points = np.ascontiguousarray(self.points, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] not in (2, 3):
            raise MeshError(f"points have shape {points.shape}", why="a mesh needs (nodes, 2) or (nodes, 3)")
        if not np.isfinite(points).all():
            row = int(np.argmin(np.isfinite(points).all(axis=1)))
            raise MeshError(f"point {row} is {points[row].tolist()}", why="coordinates must be finite")
        set_ = object.__setattr__
        set_(self, "points", points)
        set_(self, "cells", {t: _connectivity(t, c, points.shape) for t, c in self.cells.items() if len(c)})
        set_(self, "boundary", {n: _facets(n, f, points.shape) for n, f in self.boundary.items()})
        set_(self, "point_data", _fields("point_data", self.point_data, len(points)))
        set_(self, "cell_data", _fields("cell_data", self.cell_data, self.num_cells))

    @property
    def dim(self) -> int:
        """Dimension of the space: 2 or 3."""
        return int(self.points.shape[1])

    @property
    def num_points(self) -> int:
        """Number of nodes."""
        return len(self.points)

    @property
    def num_cells(self) -> int:
        """Number of cells of all types."""
        return sum(len(c) for c in self.cells.values())

    @cached_property
    def boundary_nodes(self) -> np.ndarray:
        """Sorted node numbers on the named boundary; on every outer face where no patch is named."""
        if not self.boundary:
            from gno.mesh.faces import outer_nodes

            return outer_nodes(self)
        nodes = np.unique(np.concatenate([f.ravel() for f in self.boundary.values()]))
        return nodes[nodes >= 0]

    @cached_property
    def edge_length(self) -> float:
        """Typical edge length: the dim-th root of the mean cell volume of simplices of that edge."""
        from gno.mesh.geometry import cell_volume

        mean = float(np.abs(cell_volume(self)).sum()) / max(self.num_points, 1)
        return float((2 / 3**0.5 * mean) ** 0.5) if self.dim == 2 else float((2**0.5 * mean) ** (1 / 3))

    def with_data(
        self, point_data: Mapping[str, Field] | None = None, cell_data: Mapping[str, Field] | None = None
    ) -> Mesh:
        """The same mesh with other fields; ``None`` keeps those it has."""
        return replace(
            self,
            point_data=self.point_data if point_data is None else point_data,
            cell_data=self.cell_data if cell_data is None else cell_data,
        )

    def without(self, names: Collection[str]) -> Mesh:
        """The same mesh without some fields, and without what was computed of it before.

        Args:
            names: of the fields, at nodes or in cells.
        """
        point, cell = (
            {name: values for name, values in data.items() if name not in names}
            for data in (self.point_data, self.cell_data)
        )
        return self.with_data(point, cell)

    def __repr__(self) -> str:
        cells = ", ".join(f"{len(c)} {t}" for t, c in self.cells.items()) or "no cells"
        patches = ", ".join(f"{n} ({len(f)})" for n, f in self.boundary.items()) or "none"
        return f"Mesh({self.dim}-D, {self.num_points} points, {cells}; boundary: {patches})"


def _connectivity(kind: str, cells: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if kind not in CORNERS:
        raise MeshError(f"cell type {kind!r} is unknown", why=f"known types: {', '.join(CORNERS)}")
    if CELL_DIM[kind] != shape[1]:
        raise MeshError(
            f"{kind} cells in {shape[1]}-D space",
            why=f"cells have the dimension of the space: {kind} is {CELL_DIM[kind]}-D",
            fix="drop the third coordinate of a flat mesh; surface meshes are not supported",
        )
    cells = _whole(f"{kind} cells", cells)
    if cells.ndim != 2 or cells.shape[1] != CORNERS[kind]:
        raise MeshError(f"{kind} cells have shape {cells.shape}", why=f"a {kind} has {CORNERS[kind]} corners")
    _check_nodes(f"{kind} cell", cells, shape[0], lowest=0)
    return cells


def _facets(name: str, facets: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    facets = _whole(f"facets of {name!r}", facets)
    allowed = (2,) if shape[1] == 2 else (3, 4)
    if facets.ndim != 2 or (len(facets) and facets.shape[1] not in allowed):
        raise MeshError(f"boundary {name!r} has facets of shape {facets.shape}", why=f"facets have {allowed} corners")
    _check_nodes(f"boundary {name!r} facet", facets, shape[0], lowest=-1 if shape[1] == 3 else 0)
    return facets


def _whole(what: str, nodes: np.ndarray) -> np.ndarray:
    """Node numbers as whole numbers: floats would be cut off without a word."""
    given = np.asarray(nodes)
    if given.size and given.dtype.kind not in "iu":
        raise MeshError(f"{what} have node numbers of type {given.dtype}", why="nodes are numbered by whole numbers")
    return np.ascontiguousarray(given, dtype=np.int64)


def _check_nodes(what: str, nodes: np.ndarray, num_points: int, lowest: int) -> None:
    bad = (nodes < lowest) | (nodes >= num_points)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise MeshError(
            f"{what} {row} refers to point {nodes[row, column]}",
            why=f"the mesh has {num_points} points, numbered from 0",
            fix="write the mesh again with the program that made it",
        )


def _fields(what: str, fields: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    for name, values in fields.items():
        if np.ndim(values) < 1 or len(values) != count:
            raise MeshError(f"{what} {name!r} has shape {np.shape(values)}", why=f"the first axis must be {count}")
    return {name: np.asarray(values) for name, values in fields.items()}
