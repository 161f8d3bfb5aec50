"""Cells given by their faces, recognized as the shapes that we know."""

from __future__ import annotations

import numpy as np

from gno.errors import MeshError
from gno.mesh.faces import FACES_OF_CELL

SHAPES = {(4, 0): "tetra", (4, 1): "pyramid", (2, 3): "wedge", (0, 6): "hexahedron"}
"""Numbers of triangles and quads to the cell type."""
FIX = "mesh with tetrahedra, hexahedra, prisms and pyramids; split polyhedra"


def cells_of_faces(corners: np.ndarray, owner: np.ndarray, neighbor: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Cells with their nodes in our order, by type.

    Args:
        corners: nodes ``(faces, 4)`` of each face, -1 at the end of a triangle; the normal points out of the owner.
        owner: cell ``(faces,)`` on the inner side.
        neighbor: cell on the other side of the first ``len(neighbor)`` faces.

    Raises:
        MeshError: a cell of another shape.

    Example:
        >>> corners = np.array([[0, 2, 1, -1], [0, 1, 3, -1], [1, 2, 3, -1], [0, 3, 2, -1]])
        >>> cells_of_faces(corners, np.zeros(4, dtype=int), np.zeros(0, dtype=int))[0][0]
        'tetra'
    """
    sides = np.concatenate([corners, _reversed(corners[: len(neighbor)])])
    cell = np.concatenate([owner, neighbor])
    order = np.lexsort((sides[:, 3] >= 0, cell))  # a cell's triangles before its quads
    sides, cell = sides[order], cell[order]
    num_cells = int(cell.max(initial=-1)) + 1
    quads = np.bincount(cell, weights=sides[:, 3] >= 0, minlength=num_cells).astype(np.int64)
    total = np.bincount(cell, minlength=num_cells)
    start = np.cumsum(total) - total
    result, known = [], np.zeros(num_cells, dtype=bool)
    for (num_triangles, num_quads), kind in SHAPES.items():
        members = np.flatnonzero((quads == num_quads) & (total == num_triangles + num_quads))
        if len(members):
            faces = sides[start[members][:, None] + np.arange(num_triangles + num_quads)]
            result.append((kind, _shape(kind, faces, members)))
            known[members] = True
    if not known.all():
        first = int(np.flatnonzero(~known)[0])
        count = f"{total[first] - quads[first]} triangles and {quads[first]} quads"
        raise MeshError(f"cell {first} is a polyhedron of {count}", why=f"{(~known).sum()} cells are such", fix=FIX)
    return result


def _reversed(corners: np.ndarray) -> np.ndarray:
    turned = corners[:, [0, 3, 2, 1]]
    triangle = corners[:, 3] < 0
    turned[triangle] = corners[triangle][:, [0, 2, 1, 3]]
    return turned


def _shape(kind: str, faces: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Nodes ``(n, corners)`` of cells of one type from their faces ``(n, k, 4)``, triangles first."""
    base = faces[:, -1] if kind in ("pyramid", "hexahedron") else faces[:, 0, :3]
    # Our base looks into the cell, the face out of it: the same nodes the other way round.
    base = base[:, [0, 3, 2, 1]] if base.shape[1] == 4 else base[:, [0, 2, 1]]
    if kind in ("tetra", "pyramid"):
        apart = (faces[..., None] != base[:, None, None, :]).all(axis=3) & (faces >= 0)
        nodes = np.concatenate([base, np.where(apart, faces, -1).max(axis=(1, 2))[:, None]], axis=1)
    else:
        nodes = np.concatenate([base, _opposite(base, faces)], axis=1)
    wrong = ~_has_faces(kind, nodes, faces)
    if wrong.any():
        raise MeshError(f"the faces of cell {members[wrong][0]} do not close to a {kind}", fix=FIX)
    return nodes


def _opposite(base: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The node that a side edge joins to each node of the base."""
    joined = np.full_like(base, -1)
    for f in range(faces.shape[1]):
        for p in range(4):
            here, after = faces[:, f, p], faces[:, f, (p + 1) % 4]
            if (faces[:, f, 3] < 0).any():
                continue
            leaves = (after[:, None] != base).all(axis=1)
            joined = np.where((here[:, None] == base) & leaves[:, None], after[:, None], joined)
    return joined


def _has_faces(kind: str, nodes: np.ndarray, faces: np.ndarray) -> np.ndarray:
    own = np.full(faces.shape, -1, dtype=np.int64)
    for f, local in enumerate(FACES_OF_CELL[kind]):
        own[:, f, : len(local)] = nodes[:, local]
    distinct = np.sort(nodes, axis=1)
    return (_sorted(own) == _sorted(faces)).all(axis=(1, 2)) & (distinct[:, 1:] != distinct[:, :-1]).all(axis=1)


def _sorted(faces: np.ndarray) -> np.ndarray:
    """Faces of each cell in an order of their own, whatever order they came in."""
    corners = np.sort(faces, axis=2)
    for column in (3, 2, 1, 0):
        order = np.argsort(corners[:, :, column], axis=1, kind="stable")
        corners = np.take_along_axis(corners, order[:, :, None], axis=1)
    return corners
