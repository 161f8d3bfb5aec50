from __future__ import annotations

import jaxtyping
import numpy as np
import pytest

from gno.errors import MeshError
from gno.mesh import Mesh
from tests.mesh.conftest import one_cell

POINTS, CELLS = np.array([[0.0, 0], [1, 0], [0, 1]]), np.array([[0, 1, 2]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": np.zeros((3, 4))}, r"points have shape \(3, 4\)"),
        ({"cells": {"triangle6": np.zeros((1, 6), np.int64)}}, "cell type 'triangle6' is unknown"),
        ({"cells": {"tetra": np.zeros((1, 4), np.int64)}}, "tetra cells in 2-D space"),
        ({"cells": {"triangle": np.zeros((1, 4), np.int64)}}, r"triangle cells have shape \(1, 4\)"),
        ({"cells": {"triangle": np.array([[0, 1, 99]])}}, "triangle cell 0 refers to point 99; the mesh has 3 points"),
        ({"points": np.array([[0.0, 0], [1, np.nan], [0, 1]])}, r"point 1 is \[1.0, nan\]; coordinates must be finite"),
        ({"boundary": {"wall": np.array([[0, -1]])}}, "boundary 'wall' facet 0 refers to point -1"),
        ({"boundary": {"wall": np.array([[0, 1, 2]])}}, "boundary 'wall' has facets of shape"),
        ({"point_data": {"u": np.zeros(2)}}, r"point_data 'u' has shape \(2,\); the first axis must be 3"),
        ({"cell_data": {"a": np.zeros(3)}}, r"cell_data 'a' has shape \(3,\); the first axis must be 1"),
    ],
)
def test_what_cannot_be_a_mesh_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(MeshError, match=message):
        Mesh(**{"points": POINTS, "cells": {"triangle": CELLS}} | arguments)


def test_node_numbers_that_are_floats_are_refused_and_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    with pytest.raises(MeshError, match="triangle cells have node numbers of type float64"):
        Mesh(POINTS, {"triangle": np.array([[0, 1, 2.5]])})
    with pytest.raises(MeshError, match="facets of 'wall' have node numbers of type float64"):
        Mesh(POINTS, {"triangle": CELLS}, {"wall": np.array([[0, 1.0]])})


def test_boundary_nodes_are_those_of_the_patches_or_of_all_outer_faces() -> None:
    assert Mesh(POINTS, {"triangle": CELLS}).boundary_nodes.tolist() == [0, 1, 2]
    assert Mesh(POINTS, {"triangle": CELLS}, {"left": np.array([[0, 2]])}).boundary_nodes.tolist() == [0, 2]


def test_with_data_leaves_the_mesh_as_it_was() -> None:
    mesh = Mesh(POINTS, {"triangle": CELLS})
    other = mesh.with_data({"u": np.ones(3)})
    assert (dict(mesh.point_data), list(other.point_data)) == ({}, ["u"])
    assert other.with_data(cell_data={"a": np.ones(1)}).point_data.keys() == {"u"}


def test_the_typical_edge_length_of_an_equilateral_lattice_is_its_spacing() -> None:
    n, h = 40, 0.1
    points = np.array([[h * (i + j / 2), h * j * 3**0.5 / 2] for j in range(n) for i in range(n)])
    index = np.arange(n * n).reshape(n, n)
    lower = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, :-1]], axis=-1).reshape(-1, 3)
    upper = np.stack([index[:-1, 1:], index[1:, 1:], index[1:, :-1]], axis=-1).reshape(-1, 3)
    assert Mesh(points, {"triangle": np.concatenate([lower, upper])}).edge_length == pytest.approx(h, rel=0.03)


def test_repr_says_what_is_there() -> None:
    assert repr(one_cell("wedge")) == "Mesh(3-D, 6 points, 1 wedge; boundary: none)"
