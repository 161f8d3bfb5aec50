"""The check that every mesh passes on its way from a file: what can be mended is, the rest is refused by number."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.mesh.faces import faces
from gno.mesh.formats.boundary import boundary_of
from gno.mesh.formats.raw import RawMesh
from gno.mesh.geometry import cell_volume
from gno.mesh.mesh import CELL_DIM, CORNERS, Mesh

FLIPPED = {
    "triangle": [0, 2, 1],
    "quad": [0, 3, 2, 1],
    "tetra": [0, 2, 1, 3],
    "pyramid": [0, 3, 2, 1, 4],
    "wedge": [3, 4, 5, 0, 1, 2],
    "hexahedron": [4, 5, 6, 7, 0, 1, 2, 3],
}
"""Order of the nodes that turns a cell inside out."""
LOWER = {"vertex": 0, "line": 1}
DEGENERATE = 1e-14
"""A cell smaller than this times (extent of the mesh) ** dim has no volume."""
FLAT = 1e-10
"""A mesh is flat when its third coordinate varies by less than this times its extent."""


def clean(raw: RawMesh, path: Path | str) -> Mesh:
    """Check what a reader found and make a mesh of it.

    Args:
        raw: what stands in the file.
        path: the file, for the messages.

    Raises:
        MeshError: coordinates that are no numbers, no cells, cells of unknown or higher order, nodes that are not
            there, cells without volume, twice the same cell, faces of three cells, a surface in space.

    Example:
        >>> square = np.array([[0.0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 1, 5]])
        >>> clean(RawMesh(square, [("quad", np.array([[0, 1, 2, 3]])), ("line", np.array([[0, 1]]))]), "a.vtu")
        Mesh(2-D, 4 points, 1 quad; boundary: boundary (1))
    """
    try:
        return _clean(raw)
    except MeshError as error:
        raise MeshError(f"{path}: {error.what}", why=error.why, fix=error.fix) from error


def _clean(raw: RawMesh) -> Mesh:
    _check_points(raw.points)
    blocks = [_known(kind, nodes) for kind, nodes in raw.blocks]
    dim = max((_dimension(kind) for kind, nodes in blocks if len(nodes)), default=0)
    if dim < 2:
        raise MeshError("the mesh has no cells", why="it needs triangles, quads, or cells of a volume", fix=EXPORT)
    points, flattened = _in_space(raw.points, dim)
    chosen = [(i, kind, nodes) for i, (kind, nodes) in enumerate(blocks) if _dimension(kind) == dim]
    _check_nodes([(kind, nodes) for _, kind, nodes in chosen], len(points))
    cells: dict[str, list[np.ndarray]] = {}
    for _, kind, nodes in chosen:
        cells.setdefault(kind, []).append(nodes)
    order = [i for kind in cells for i, other, _ in chosen if other == kind]
    mesh = Mesh(points, _upright(points, {kind: np.concatenate(parts) for kind, parts in cells.items()}))
    _check_duplicates(mesh)
    faces(mesh)  # refuses a face of three cells
    lower = [nodes for kind, nodes in blocks if _dimension(kind) == dim - 1 and len(nodes)]
    patches = raw.patches if raw.patches or not lower else {"boundary": lower}
    return Mesh(
        points,
        mesh.cells,
        boundary_of(mesh, patches),
        {name: _values(name, v, flattened) for name, v in raw.point_data.items()},
        {name: _cell_values(name, v, order, flattened) for name, v in raw.cell_data.items()},
    )


EXPORT = "export the mesh again from the program that made it"


def _check_points(points: np.ndarray) -> None:
    if points.ndim != 2 or points.shape[1] not in (2, 3) or not len(points):
        raise MeshError(f"points have shape {points.shape}", why="a mesh needs (nodes, 2) or (nodes, 3)", fix=EXPORT)
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        text = ", ".join(f"{x:g}" for x in points[first])
        raise MeshError(
            f"point {first} has coordinates ({text})", why=f"{int(bad.sum())} points are not finite", fix=EXPORT
        )
    if np.abs(points).max() > 1e100:
        raise MeshError(f"a coordinate is {np.abs(points).max():g}", why="volumes would overflow", fix=EXPORT)


def _known(kind: str, nodes: np.ndarray) -> tuple[str, np.ndarray]:
    """The linear cell type of a block; VTK's axis-aligned cells and small polygons become what they are."""
    if kind == "polygon" and nodes.ndim == 2 and nodes.shape[1] in (3, 4):
        return ("triangle" if nodes.shape[1] == 3 else "quad"), nodes
    if kind == "pixel":
        return "quad", nodes[:, [0, 1, 3, 2]]
    if kind == "voxel":
        return "hexahedron", nodes[:, [0, 1, 3, 2, 4, 5, 7, 6]]
    if kind in CORNERS or kind in LOWER:
        return kind, nodes
    number = re.fullmatch(r"(line|triangle|quad|tetra|pyramid|wedge|hexahedron)\d+", kind)
    if number or "LAGRANGE" in kind or "BEZIER" in kind:
        raise MeshError(
            f"the mesh has {len(nodes)} cells of type {kind}",
            why="cells of higher order are not supported",
            fix="mesh again with element order 1 (Gmsh: Mesh.ElementOrder = 1)",
        )
    raise MeshError(
        f"the mesh has {len(nodes)} cells of type {kind}",
        why=f"cells are {', '.join(CORNERS)}",
        fix="split these cells with the program that made them",
    )


def _dimension(kind: str) -> int:
    return CELL_DIM[kind] if kind in CELL_DIM else LOWER[kind]


def _in_space(points: np.ndarray, dim: int) -> tuple[np.ndarray, bool]:
    """Points with as many coordinates as the cells have dimensions, and whether one was dropped."""
    if points.shape[1] == dim:
        return points, False
    if points.shape[1] < dim:
        raise MeshError("the mesh has 3-D cells, but two coordinates a point", fix=EXPORT)
    extent, height = np.ptp(points, axis=0).max(), np.ptp(points[:, 2])
    if height > FLAT * extent:
        raise MeshError(
            f"this is a surface mesh: triangles and quads whose z varies by {height:g}",
            why="cells must fill the plane z = constant or the space",
            fix="rotate a flat mesh into the x-y plane; export the volume cells of a solid",
        )
    return points[:, :2], True


def _check_nodes(blocks: list[tuple[str, np.ndarray]], num_points: int) -> None:
    first = 0
    for kind, nodes in blocks:
        if nodes.ndim != 2 or nodes.shape[1] != CORNERS[kind] or nodes.dtype.kind not in "iu":
            raise MeshError(f"{kind} cells have shape {nodes.shape}", why=f"a {kind} has {CORNERS[kind]} corners")
        bad = (nodes < 0) | (nodes >= num_points)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise MeshError(
                f"cell {first + row} refers to point {nodes[row, column]}",
                why=f"the mesh has {num_points} points, numbered from 0",
                fix=EXPORT,
            )
        first += len(nodes)


def _upright(points: np.ndarray, cells: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Cells with positive volume: inverted ones are turned, with a warning; flat ones are refused."""
    extent, turned, total, first = float(np.ptp(points, axis=0).max()), 0, 0, 0
    result = {}
    for kind, nodes in cells.items():
        volume = cell_volume(Mesh(points, {kind: nodes}))
        corners = np.sort(nodes, axis=1)
        flat = (np.abs(volume) <= DEGENERATE * extent ** points.shape[1]) | (corners[:, 1:] == corners[:, :-1]).any(1)
        if flat.any():
            some = ", ".join(str(first + i) for i in np.flatnonzero(flat)[:5])
            raise MeshError(
                f"{int(flat.sum())} degenerate cells, the first: {some}",
                why=f"cell {first + int(np.flatnonzero(flat)[0])} ({kind}) has nodes in one place or no volume",
                fix="collapse these cells in the mesher, or mesh again",
            )
        inverted = volume < 0
        result[kind] = np.where(inverted[:, None], nodes[:, FLIPPED[kind]], nodes)
        if not (kind == "wedge" and inverted.all()):  # two orders of a wedge are in use: Gmsh's and VTK's
            turned += int(inverted.sum())
        total, first = total + len(nodes), first + len(nodes)
    if turned:
        warnings.warn(f"{turned} of {total} cells were inverted; their nodes were put in order", stacklevel=5)
    return result


def _check_duplicates(mesh: Mesh) -> None:
    first = 0
    for kind, nodes in mesh.cells.items():
        key = np.sort(nodes, axis=1)
        order = np.lexsort(key.T[::-1])
        same = (key[order[1:]] == key[order[:-1]]).all(axis=1)
        if same.any():
            at = int(np.flatnonzero(same)[0])
            raise MeshError(
                f"cells {first + order[at]} and {first + order[at + 1]} ({kind}) have the same nodes",
                why=f"{int(same.sum())} cells stand twice",
                fix="remove duplicate cells in the program that made the mesh",
            )
        first += len(nodes)


def _cell_values(name: str, parts: list[np.ndarray], order: list[int], flattened: bool) -> np.ndarray:
    try:
        return _values(name, np.concatenate([parts[i] for i in order]), flattened)
    except (ValueError, IndexError) as error:
        raise MeshError(f"cell data {name!r} does not fit the cells", why=str(error), fix=EXPORT) from error


def _values(name: str, values: np.ndarray, flattened: bool) -> np.ndarray:
    """Values as float64; of a vector of a flat mesh the third component goes, where it is zero throughout."""
    if values.dtype.kind not in "biuf":
        raise MeshError(f"field {name!r} has type {values.dtype}", why="fields are real numbers", fix=EXPORT)
    values = values.astype(np.float64)
    if flattened and values.ndim == 2 and values.shape[1] == 3 and not values[:, 2].any():
        values = values[:, :2]
    return np.ascontiguousarray(values)
