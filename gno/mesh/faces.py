"""Faces and edges of a mesh: which cells they part, and which patch of the boundary they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Int

from gno.errors import MeshError
from gno.mesh.mesh import Mesh

FACES_OF_CELL: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)),
    "pyramid": ((0, 3, 2, 1), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
    "wedge": ((0, 2, 1), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)),
    "hexahedron": ((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
}
"""Local corners of the faces of each cell type, in the order in which their normals point out of the cell."""


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces of a mesh: edges in 2-D, polygons in 3-D; inner faces first.

    Args:
        nodes: corners ``(faces, 2)`` in 2-D, ``(faces, 3 or 4)`` in 3-D, -1 where a triangle stands among quads;
            their order makes the normal point out of the owner.
        owner: the cell ``(faces,)`` that the normal points out of; of two cells the one numbered lower.
        neighbor: the cell ``(faces,)`` on the other side; -1 on the boundary.
    """

    nodes: Int[np.ndarray, "faces corners"]
    owner: Int[np.ndarray, " faces"]
    neighbor: Int[np.ndarray, " faces"]

    @property
    def num_inner(self) -> int:
        """Number of faces between two cells; they come first."""
        return int((self.neighbor >= 0).sum())

    @property
    def closed(self) -> Int[np.ndarray, "faces corners"]:
        """Corners without gaps, 2 in 2-D and 4 in 3-D: a triangle repeats its last one."""
        if self.nodes.shape[1] == 3:
            return self.nodes[:, [0, 1, 2, 2]]
        return np.where(self.nodes < 0, self.nodes[:, [-2]], self.nodes)

    def __len__(self) -> int:
        return len(self.owner)


_FACES: WeakKeyDictionary[Mesh, Faces] = WeakKeyDictionary()


def faces(mesh: Mesh) -> Faces:
    """The faces of a mesh, each once; computed once per mesh.

    Args:
        mesh: any mesh.

    Raises:
        MeshError: a face that more than two cells share.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})
        >>> inner_and_outer = faces(mesh)
        >>> len(inner_and_outer), inner_and_outer.num_inner, inner_and_outer.neighbor.tolist()
        (5, 1, [1, -1, -1, -1, -1])
    """
    if mesh not in _FACES:
        _FACES[mesh] = _match(*_cell_faces(mesh))
    return _FACES[mesh]


def edges(mesh: Mesh) -> Int[np.ndarray, "edges 2"]:
    """Sides of the cells, each once: node numbers ascending in each row, rows in order.

    Args:
        mesh: any mesh.

    Example:
        >>> edges(Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})).tolist()
        [[0, 1], [0, 2], [1, 2]]
    """
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    for kind, cells in mesh.cells.items():
        for local in sorted({tuple(sorted(pair)) for face in FACES_OF_CELL[kind] for pair in _sides(face)}):
            pairs.append(np.sort(cells[:, local], axis=1))
    width = max(mesh.num_points, 1)
    key = np.unique(np.concatenate(pairs) @ np.array([width, 1]))
    return np.stack([key // width, key % width], axis=1)


def outer_nodes(mesh: Mesh) -> Int[np.ndarray, " outer"]:
    """Nodes of the outer faces, whether these are named or not.

    Args:
        mesh: any mesh.

    Example:
        >>> outer_nodes(Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})).tolist()
        [0, 1, 2]
    """
    outer = faces(mesh)
    nodes = np.unique(outer.nodes[outer.neighbor < 0])
    return nodes[nodes >= 0]


def patch_faces(mesh: Mesh) -> dict[str, np.ndarray]:
    """Numbers of the faces of each named patch.

    Args:
        mesh: any mesh.

    Raises:
        MeshError: a facet of the boundary that is no outer face of a cell.

    Example:
        >>> points, cells = np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}
        >>> patch_faces(Mesh(points, cells, {"bottom": np.array([[1, 0]])}))
        {'bottom': array([0])}
    """
    all_faces = faces(mesh)
    outer = np.flatnonzero(all_faces.neighbor < 0)
    width = all_faces.nodes.shape[1]
    known = {tuple(row): int(f) for row, f in zip(np.sort(all_faces.nodes[outer], axis=1).tolist(), outer)}
    result = {}
    for name, facets in mesh.boundary.items():
        wide = np.pad(facets, ((0, 0), (0, max(width - facets.shape[1], 0))), constant_values=-1)
        numbers = [known.get(tuple(row), -1) for row in np.sort(wide, axis=1).tolist()]
        if -1 in numbers:
            row = numbers.index(-1)
            raise MeshError(
                f"boundary {name!r} facet {row} with nodes {facets[row].tolist()} is no outer face of a cell",
                why="a boundary facet is a face that exactly one cell has",
                fix="write the mesh again with the boundary of its own cells",
            )
        result[name] = np.array(numbers, dtype=np.int64)
    return result


def _sides(face: tuple[int, ...]) -> list[tuple[int, int]]:
    return [face] if len(face) == 2 else list(zip(face, face[1:] + face[:1]))


def _cell_faces(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Faces of every cell, and the cell of each: in the order of the cells."""
    width = max([2, *(len(face) for kind in mesh.cells for face in FACES_OF_CELL[kind])])
    nodes, owners, first = [np.zeros((0, width), dtype=np.int64)], [np.zeros(0, dtype=np.int64)], 0
    for kind, cells in mesh.cells.items():
        local = FACES_OF_CELL[kind]
        table = np.full((len(cells), len(local), width), -1, dtype=np.int64)
        for f, face in enumerate(local):
            table[:, f, : len(face)] = cells[:, face]
        nodes.append(table.reshape(-1, width))
        owners.append(np.repeat(np.arange(first, first + len(cells)), len(local)))
        first += len(cells)
    return np.concatenate(nodes), np.concatenate(owners)


def _match(nodes: np.ndarray, cell: np.ndarray) -> Faces:
    key = np.sort(nodes, axis=1)
    order = np.lexsort(key.T[::-1])  # stable: of two cells that share a face the lower number comes first
    same = (key[order[1:]] == key[order[:-1]]).all(axis=1)
    if (same[1:] & same[:-1]).any():
        row = int(order[1:][np.flatnonzero(same[1:] & same[:-1])[0]])
        corners = nodes[row][nodes[row] >= 0].tolist()
        raise MeshError(
            f"more than two cells share the face with nodes {corners}",
            why="a face parts two cells at most",
            fix="remove duplicate or overlapping cells",
        )
    inner, again = order[:-1][same], order[1:][same]
    outer = np.delete(order, np.concatenate([np.flatnonzero(same), np.flatnonzero(same) + 1]))
    by_cells = np.lexsort((cell[again], cell[inner]))
    rows = np.concatenate([inner[by_cells], np.sort(outer)])
    neighbor = np.concatenate([cell[again][by_cells], np.full(len(outer), -1, dtype=np.int64)])
    return Faces(nodes[rows], cell[rows], neighbor)
