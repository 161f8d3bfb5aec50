"""Meshes of every cell type with a named boundary and fields, and what it means that two meshes are the same."""

from __future__ import annotations

import copy

import numpy as np

from gno.mesh import Mesh, faces
from tests.mesh.conftest import UNIT_CELL, box_of_many_kinds, one_cell


def named(mesh: Mesh) -> Mesh:
    """The mesh with fields, its outer faces in two patches (one name has a space), and an empty third patch."""
    outer = faces(mesh).nodes[faces(mesh).neighbor < 0]
    flat = np.zeros((0, 2 if mesh.dim == 2 else 4), dtype=np.int64)
    outer = flat if not len(outer) else outer
    rng = np.random.default_rng(0)
    return Mesh(
        mesh.points,
        mesh.cells,
        {"the wall": outer[::2], "inlet": outer[1::2], "nothing": flat},
        {"u": rng.standard_normal(mesh.num_points), "velocity": rng.standard_normal((mesh.num_points, mesh.dim))},
        {"a & <b>": rng.standard_normal(mesh.num_cells), "gradient": rng.standard_normal((mesh.num_cells, mesh.dim))},
    )


def plate() -> Mesh:
    """Two quads and two triangles in the plane, and a node that no cell uses."""
    points = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1], [0.5, 1.75], [1.5, 1.75], [9, 9]])
    quads = np.array([[0, 1, 4, 3], [1, 2, 5, 4]])
    return Mesh(points / 3, {"quad": quads, "triangle": np.array([[3, 4, 6], [4, 5, 7]])})


MESHES = {kind: named(one_cell(kind, noise=0.1)) for kind in UNIT_CELL}
MESHES |= {"plate": named(plate()), "box": named(box_of_many_kinds(noise=0.03))}


def assert_same(mesh: Mesh, other: Mesh, *, fields: bool = True) -> None:
    """Two meshes have equal points, cells, patches by name, and fields."""
    np.testing.assert_array_equal(mesh.points, other.points)
    assert list(mesh.cells) == list(other.cells)
    for kind, nodes in mesh.cells.items():
        np.testing.assert_array_equal(nodes, other.cells[kind])
    assert list(mesh.boundary) == list(other.boundary)
    for name, facets in mesh.boundary.items():
        assert sorted(_rows(facets)) == sorted(_rows(other.boundary[name]))  # triangles and quads may part
    for mine, theirs in ((mesh.point_data, other.point_data), (mesh.cell_data, other.cell_data)) if fields else ():
        assert list(mine) == list(theirs)
        for name, values in mine.items():
            np.testing.assert_array_equal(values, theirs[name])


def _rows(facets: np.ndarray) -> list[list[int]]:
    return [[n for n in row if n >= 0] for row in facets.tolist()]


def snapshot(mesh: Mesh) -> Mesh:
    """A copy that shares nothing with the mesh."""
    return Mesh(*copy.deepcopy((mesh.points, mesh.cells, mesh.boundary, mesh.point_data, mesh.cell_data)))
