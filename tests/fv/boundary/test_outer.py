"""Conditions find their faces, and what does not fit is refused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from gno.errors import ConfigError
from gno.fv import Condition, Diffusion, Dirichlet, Neumann, Robin, Symmetry, cells_to_nodes
from gno.fv.boundary.conditions import NoSlip
from gno.fv.boundary.outer import Outer
from gno.mesh import Mesh, shapes

MESH = shapes.square(0.25, kind="quad")


def outer(mesh: Mesh, boundary: Mapping[str, Condition]) -> Outer:
    problem = Diffusion(mesh, boundary)
    return Outer.of(problem.conditions, problem.mesh.patches, problem.mesh.geometry())


def test_numbers_arrays_and_functions_agree() -> None:
    fv = Diffusion(MESH, {"*": Dirichlet(0.0)}).mesh
    rows = fv.patches["top"]
    centers = fv.geometry().center[rows, 0]
    by_function = outer(MESH, {"top": Neumann(lambda x: 2 * x[:, 0]), "*": Dirichlet(1.0)})
    by_array = outer(MESH, {"top": Neumann(2 * centers.numpy()), "*": Dirichlet(1.0)})
    assert torch.equal(by_function.flux, by_array.flux)
    assert torch.equal(by_function.flux[rows - fv.num_inner], 2 * centers)
    assert not by_function.given[rows - fv.num_inner].any()
    assert (by_function.value[by_function.given] == 1.0).all()


def test_every_condition_says_what_it_holds() -> None:
    boundary = {"left": Dirichlet(1.0), "right": Neumann(2.0), "top": Robin(3.0, 4.0), "bottom": Symmetry()}
    found = outer(MESH, boundary)
    inner, patches = Diffusion(MESH, boundary).mesh.num_inner, Diffusion(MESH, boundary).mesh.patches
    at = {name: int(rows[0]) - inner for name, rows in patches.items()}
    terms = {name: tuple(float(field[row]) for field in found) for name, row in at.items()}
    assert terms == {
        "left": (1, 1, 1, 0, 0),
        "right": (0, 0, 0, 0, 2),
        "top": (0, 1, 4, 3, 0),
        "bottom": (0, 0, 0, 0, 0),
    }


def test_star_takes_the_whole_boundary_of_a_mesh_without_names() -> None:
    bare = Mesh(MESH.points, MESH.cells)
    fv = Diffusion(bare, {"*": Dirichlet()}).mesh
    assert list(fv.patches) == ["*"]
    value = outer(bare, {"*": Dirichlet(lambda x: x[:, 1])}).value
    assert len(value) == 16
    assert torch.equal(value, fv.geometry().center[fv.num_inner :, 1])


def test_star_takes_faces_that_no_patch_names() -> None:
    partly = Mesh(MESH.points, MESH.cells, {"top": MESH.boundary["top"]})
    assert outer(partly, {"top": Neumann(0.0), "*": Dirichlet(5.0)}).given.sum() == 12
    with pytest.raises(ConfigError, match="12 outer faces are in no patch"):
        Diffusion(partly, {"top": Neumann(0.0)})


@pytest.mark.parametrize(
    ("boundary", "what"),
    [
        ({"lid": Dirichlet(), "*": Dirichlet()}, "patch 'lid' is not in the mesh.*left, right, bottom, top"),
        ({"left": Dirichlet()}, "patch 'right' has no condition"),
        ({"left": Dirichlet(np.zeros(3)), "*": Dirichlet()}, r"patch 'left' has values of shape \(3,\).*or 4"),
        ({"left": Dirichlet(np.nan), "*": Dirichlet()}, "patch 'left' has values that are not finite"),
        ({"left": Robin(-2.0), "*": Dirichlet()}, "transfer of patch 'left' is -2; it must be positive or zero"),
        ({"left": NoSlip(), "*": Dirichlet()}, "patch 'left' has condition NoSlip; diffusion knows Dirichlet"),
    ],
)
def test_conditions_that_do_not_fit_are_refused(boundary: dict, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        outer(MESH, boundary)


def test_a_face_of_two_patches_is_refused() -> None:
    twice = Mesh(MESH.points, MESH.cells, {"a": MESH.boundary["top"], "b": MESH.boundary["top"][:1]})
    with pytest.raises(ConfigError, match="in 2 patches: a, b"):
        Diffusion(twice, {"*": Dirichlet()})


def test_nodes_take_the_given_value_and_the_mean_where_patches_meet() -> None:
    u, gradient = torch.full((MESH.num_cells,), 9.0).double(), torch.zeros(MESH.num_cells, 2).double()
    boundary = {"top": Dirichlet(lambda x: x[:, 0]), "left": Dirichlet(2.0), "*": Neumann(0.0)}
    nodes = cells_to_nodes(MESH, u, gradient, boundary).numpy()
    top, left = np.isclose(MESH.points[:, 1], 1), np.isclose(MESH.points[:, 0], 0)
    assert np.allclose(nodes[top & ~left], MESH.points[top & ~left, 0])
    assert np.allclose(nodes[left & ~top], 2.0)
    assert np.allclose(nodes[left & top], 1.0)
    assert np.allclose(nodes[~left & ~top], 9.0)
