from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gno.errors import MeshError
from gno.mesh import Mesh, edges, faces, patch_faces
from tests.mesh.conftest import box_of_hexahedra, box_of_many_kinds, one_cell

EDGES = {"triangle": 3, "quad": 4, "tetra": 6, "pyramid": 8, "wedge": 9, "hexahedron": 12}
FACES = {"triangle": 3, "quad": 4, "tetra": 4, "pyramid": 5, "wedge": 5, "hexahedron": 6}


def test_each_cell_type_has_its_edges_and_faces(kind: str) -> None:
    mesh = one_cell(kind)
    assert (len(edges(mesh)), len(faces(mesh)), faces(mesh).num_inner) == (EDGES[kind], FACES[kind], 0)


@pytest.mark.parametrize("mesh", [box_of_hexahedra(3), box_of_many_kinds()], ids=["hexahedra", "many kinds"])
def test_euler(mesh: Mesh) -> None:
    assert mesh.num_points - len(edges(mesh)) + len(faces(mesh)) - mesh.num_cells == 1


def test_inner_faces_come_first_and_own_the_lower_cell() -> None:
    all_faces = faces(box_of_hexahedra(3))
    inner = all_faces.num_inner
    assert (all_faces.neighbor[:inner] > all_faces.owner[:inner]).all()
    assert (all_faces.neighbor[inner:] == -1).all()
    assert (inner, len(all_faces)) == (54, 108)


@given(seed=st.integers(0, 1000))
def test_renumbered_nodes_have_the_same_faces(seed: int) -> None:
    mesh = box_of_many_kinds()
    new = np.random.default_rng(seed).permutation(mesh.num_points)
    points = np.empty_like(mesh.points)
    points[new] = mesh.points
    renumbered = Mesh(points, {kind: new[cells] for kind, cells in mesh.cells.items()})
    lookup = np.append(new, -1)

    def as_set(m: Mesh, numbers: np.ndarray) -> set[tuple[frozenset[int], int, int]]:
        f = faces(m)
        return {(frozenset(numbers[row].tolist()), int(o), int(n)) for row, o, n in zip(f.nodes, f.owner, f.neighbor)}

    assert as_set(mesh, lookup) == as_set(renumbered, np.append(np.arange(mesh.num_points), -1))


def test_patches_are_found_whatever_their_corners_begin_with() -> None:
    mesh = box_of_many_kinds()
    right, top = np.array([[11, 15, 7, 3]]), np.array([[10, 9, 13, 14], [15, 10, 11, -1]])
    named = Mesh(mesh.points, mesh.cells, {"right": right, "top": top})
    found = {name: np.sort(faces(named).nodes[rows], axis=1).tolist() for name, rows in patch_faces(named).items()}
    assert found == {"right": [[3, 7, 11, 15]], "top": [[9, 10, 13, 14], [-1, 10, 11, 15]]}


def test_a_facet_inside_the_mesh_is_refused() -> None:
    mesh = box_of_many_kinds()
    with pytest.raises(MeshError, match=r"'wall' facet 0 with nodes .* is no outer face"):
        patch_faces(Mesh(mesh.points, mesh.cells, {"wall": np.array([[1, 5, 13, 9]])}))


def test_three_cells_on_one_face_are_refused() -> None:
    points = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [2, 2]])
    with pytest.raises(MeshError, match=r"more than two cells share the face with nodes \[2, 1\]"):
        faces(Mesh(points, {"triangle": np.array([[0, 1, 2], [1, 3, 2], [1, 4, 2]])}))


def test_a_mesh_without_cells_has_neither_edges_nor_faces() -> None:
    empty = Mesh(np.zeros((3, 2)), {})
    assert edges(empty).shape == (0, 2)
    assert len(faces(empty)) == 0
