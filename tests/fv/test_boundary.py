"""Conditions find their faces, and what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest

from gno.errors import ConfigError
from gno.fv import Dirichlet, Neumann, cells_to_nodes
from gno.fv.boundary import outer_faces
from gno.mesh import Mesh, face_centroid, shapes

MESH = shapes.square(0.25, kind="quad")


def test_numbers_arrays_and_functions_agree() -> None:
    centers = face_centroid(MESH)
    number = outer_faces(MESH, {"*": Dirichlet(0.0)}).number
    rows = outer_faces(MESH, {"*": Dirichlet(0.0)}).patches["top"]
    by_function = outer_faces(MESH, {"top": Neumann(lambda x: 2 * x[:, 0]), "*": Dirichlet(1.0)})
    by_array = outer_faces(MESH, {"top": Neumann(2 * centers[number[rows], 0]), "*": Dirichlet(1.0)})
    assert np.array_equal(by_function.value, by_array.value)
    assert not by_function.given[rows].any()
    assert (by_function.value[by_function.given] == 1.0).all()


def test_star_takes_the_whole_boundary_of_a_mesh_without_names() -> None:
    bare = Mesh(MESH.points, MESH.cells)
    conditions = outer_faces(bare, {"*": Dirichlet(lambda x: x[:, 1])})
    assert list(conditions.patches) == ["*"]
    assert len(conditions.number) == 16
    assert np.allclose(conditions.value, face_centroid(bare)[conditions.number][:, 1])


def test_star_takes_faces_that_no_patch_names() -> None:
    partly = Mesh(MESH.points, MESH.cells, {"top": MESH.boundary["top"]})
    conditions = outer_faces(partly, {"top": Neumann(0.0), "*": Dirichlet(5.0)})
    assert conditions.given.sum() == 12
    with pytest.raises(ConfigError, match="12 outer faces are in no patch"):
        outer_faces(partly, {"top": Neumann(0.0)})


@pytest.mark.parametrize(
    ("boundary", "what"),
    [
        ({"lid": Dirichlet(), "*": Dirichlet()}, "patch 'lid' is not in the mesh.*left, right, bottom, top"),
        ({"left": Dirichlet()}, "patch 'right' has no condition"),
        ({"left": Dirichlet(np.zeros(3)), "*": Dirichlet()}, r"patch 'left' has values of shape \(3,\).*or 4"),
        ({"left": Dirichlet(np.nan), "*": Dirichlet()}, "patch 'left' has values that are not finite"),
    ],
)
def test_conditions_that_do_not_fit_are_refused(boundary: dict, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        outer_faces(MESH, boundary)


def test_a_face_of_two_patches_is_refused() -> None:
    twice = Mesh(MESH.points, MESH.cells, {"a": MESH.boundary["top"], "b": MESH.boundary["top"][:1]})
    with pytest.raises(ConfigError, match="in 2 patches: a, b"):
        outer_faces(twice, {"*": Dirichlet()})


def test_nodes_take_the_given_value_and_the_mean_where_patches_meet() -> None:
    u, gradient = np.full(MESH.num_cells, 9.0), np.zeros((MESH.num_cells, 2))
    boundary = {"top": Dirichlet(lambda x: x[:, 0]), "left": Dirichlet(2.0), "*": Neumann(0.0)}
    nodes = cells_to_nodes(MESH, u, gradient, boundary)
    top, left = np.isclose(MESH.points[:, 1], 1), np.isclose(MESH.points[:, 0], 0)
    assert np.allclose(nodes[top & ~left], MESH.points[top & ~left, 0])
    assert np.allclose(nodes[left & ~top], 2.0)
    assert np.allclose(nodes[left & top], 1.0)
    assert np.allclose(nodes[~left & ~top], 9.0)
