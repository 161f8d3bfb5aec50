"""OpenFOAM's polyMesh folder (ASCII), in space or one cell thick between `empty` patches."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.foam import Patch, read_faces, read_labels, read_patches, read_vectors
from gno.mesh.formats.polyhedra import FIX, cells_of_faces
from gno.mesh.formats.raw import RawMesh
from gno.mesh.formats.source import COPY

FILES = ("points", "faces", "owner", "neighbour", "boundary")


def find(folder: Path) -> Path:
    """The polyMesh folder that a case, or the folder itself, holds.

    Args:
        folder: a case (with ``constant/polyMesh``), ``constant``, or ``polyMesh``.

    Raises:
        MeshError: no mesh there.
    """
    for candidate in (folder, folder / "constant" / "polyMesh", folder / "polyMesh"):
        if any((candidate / name).exists() or (candidate / f"{name}.gz").exists() for name in ("faces", "owner")):
            return candidate
    raise MeshError(
        f"{folder} is a folder without an OpenFOAM mesh",
        why="there is no points, faces, owner in it or in its constant/polyMesh",
        fix="pass a mesh file or an OpenFOAM case",
    )


def read(folder: Path) -> RawMesh:
    """Read a polyMesh; patches keep their names, and a mesh between ``empty`` patches becomes flat.

    Source: https://www.openfoam.com/documentation/user-guide/4-mesh-generation-and-conversion

    Args:
        folder: the polyMesh folder.

    Raises:
        MeshError: a missing, binary or damaged file, or a cell that is a general polyhedron.
    """
    points, (nodes, start) = read_vectors(folder / "points"), read_faces(folder / "faces")
    owner, neighbor = read_labels(folder / "owner"), read_labels(folder / "neighbour")
    patches = read_patches(folder / "boundary")
    num_faces = len(start) - 1
    _check(folder, len(points), nodes, num_faces, owner, neighbor)
    for patch in patches:
        if patch.start < len(neighbor) or patch.start + patch.count > num_faces:
            reach = f"faces {patch.start} to {patch.start + patch.count - 1}"
            raise _unfit(
                folder, f"patch {patch.name} has {reach}", f"outer faces are {len(neighbor)} to {num_faces - 1}"
            )
    corners = _corners(nodes, start)
    if any(patch.kind == "empty" and patch.count for patch in patches):
        return _flat(folder, points, corners, owner, patches)
    blocks = cells_of_faces(corners, owner, neighbor)
    return RawMesh(points, blocks, {p.name: [corners[p.start : p.start + p.count]] for p in patches})


def _check(
    folder: Path, num_points: int, nodes: np.ndarray, num_faces: int, owner: np.ndarray, neighbor: np.ndarray
) -> None:
    if len(owner) != num_faces or len(neighbor) > num_faces or not num_faces:
        raise _unfit(folder, f"{num_faces} faces, {len(owner)} owners, {len(neighbor)} neighbours")
    bad = (nodes < 0) | (nodes >= num_points)
    if bad.any():
        raise _unfit(folder, f"a face refers to point {nodes[bad][0]}", f"the mesh has {num_points} points")
    cells = np.concatenate([owner, neighbor])
    if cells.min() < 0 or cells.max() >= len(cells):
        raise _unfit(folder, f"a face belongs to cell {cells.min() if cells.min() < 0 else cells.max()}")
    if (owner[: len(neighbor)] == neighbor).any():
        raise _unfit(
            folder,
            f"a face lies between cell {owner[: len(neighbor)][owner[: len(neighbor)] == neighbor][0]} and itself",
        )


def _corners(nodes: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Nodes ``(faces, 4)``, -1 at the end of a triangle."""
    sizes = np.diff(start)
    odd = (sizes < 3) | (sizes > 4)
    if odd.any():
        first = int(np.flatnonzero(odd)[0])
        why = f"{odd.sum()} faces are neither triangles nor quads: their cells are polyhedra"
        raise MeshError(f"face {first} has {sizes[first]} corners", why=why, fix=FIX)
    corners = np.full((len(sizes), 4), -1, dtype=np.int64)
    column = np.arange(4)
    inside = column < sizes[:, None]
    corners[inside] = nodes
    return corners


def _flat(folder: Path, points: np.ndarray, corners: np.ndarray, owner: np.ndarray, patches: list[Patch]) -> RawMesh:
    """The plane mesh of the front faces; the other patches become its edges."""
    rows = np.concatenate([np.arange(p.start, p.start + p.count) for p in patches if p.kind == "empty"])
    shape = points[np.where(corners[rows] < 0, corners[rows][:, [2]], corners[rows])]
    normal = np.cross(shape[:, 2] - shape[:, 0], shape[:, 3] - shape[:, 1])
    axis = int(np.abs(normal).sum(axis=0).argmax())
    # Seen along y, x and z turn the other way: there the face whose normal points to -y is the one to take.
    front = rows[normal[:, axis] * (-1 if axis == 1 else 1) > 0]
    num_cells = int(owner.max()) + 1
    if len(rows) != 2 * num_cells or len(front) != num_cells or len(np.unique(owner[front])) != num_cells:
        raise _unfit(
            folder, f"{num_cells} cells have {len(rows)} faces of type empty", "a flat mesh has two for each cell"
        )
    front = front[np.argsort(owner[front])]
    used = np.unique(corners[front])
    used = used[used >= 0]
    place = np.full(len(points) + 1, -1, dtype=np.int64)
    place[used] = np.arange(len(used))
    level, extent = points[used, axis], np.ptp(points, axis=0).max()
    if np.ptp(level) > 1e-6 * extent:
        raise _unfit(folder, f"the empty patches are not flat: they vary by {np.ptp(level):g}", "2-D cases are plane")
    cells, triangle = place[corners[front]], corners[front][:, 3] < 0
    blocks = [("triangle", cells[triangle][:, :3]), ("quad", cells[~triangle])]
    edges = {
        p.name: [_edges(folder, p, place[corners[p.start : p.start + p.count]])] for p in patches if p.kind != "empty"
    }
    return RawMesh(points[used][:, [i for i in range(3) if i != axis]], blocks, edges)


def _edges(folder: Path, patch: Patch, corners: np.ndarray) -> np.ndarray:
    inside = corners >= 0
    if (inside.sum(axis=1) != 2).any():
        raise _unfit(folder, f"a face of patch {patch.name} does not stand between the empty patches")
    return corners[inside].reshape(-1, 2)


def _unfit(folder: Path, what: str, why: str = "the files of the folder do not fit one another") -> MeshError:
    return MeshError(f"{folder}: {what}", why=why, fix=COPY)
