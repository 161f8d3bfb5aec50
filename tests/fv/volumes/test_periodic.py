"""Joined patches: a torus has no outer faces, and no place of its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gno.errors import ConfigError, MeshError
from gno.fv.reconstruction.least_squares import least_squares
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes

BOTH = {"left": "right", "bottom": "top"}


def moved_squares(n: int) -> Mesh:
    """Squares of a torus whose corner is not the origin."""
    mesh = shapes.square(1 / n, kind="quad")
    return Mesh(mesh.points + np.array([0.3, -0.2]), mesh.cells, mesh.boundary)


@pytest.mark.parametrize("kind", ["quad", "structured", "perturbed"])
def test_a_square_becomes_a_torus(kind: str) -> None:
    mesh = shapes.square(0.25, kind=kind)
    fv, g = FVMesh.of(mesh, periodic=BOTH), FVMesh.of(mesh, periodic=BOTH).geometry()
    assert fv.num_inner == fv.num_faces == FVMesh.of(mesh).num_inner + 8
    assert not fv.patches
    assert g.outflow(g.area).abs().max() < 1e-14
    assert (g.depth > 0).all()
    assert (g.depth_neighbor > 0).all()
    assert g.along.norm(dim=1).max() < 0.4
    assert torch.allclose(g.to_owner + g.to_neighbor, g.along, atol=1e-14)
    assert float(g.volume.sum()) == pytest.approx(1.0)


def test_every_square_of_a_torus_looks_the_same() -> None:
    g = FVMesh.of(moved_squares(5), periodic=BOTH).geometry()
    assert torch.allclose(g.along.norm(dim=1), torch.tensor(0.2, dtype=torch.float64))
    assert torch.allclose(torch.linalg.vecdot(g.along, g.normal), torch.tensor(0.2, dtype=torch.float64))
    degree = torch.bincount(torch.cat([g.owner, g.neighbor]))
    assert degree.tolist() == [4] * 25


def test_one_pair_leaves_the_other_patches() -> None:
    mesh = shapes.square(0.25, kind="perturbed", seed=1)
    apart, fv = FVMesh.of(mesh), FVMesh.of(mesh, periodic={"right": "left"})
    assert list(fv.patches) == ["bottom", "top"]
    for name, rows in fv.patches.items():
        assert torch.equal(fv.geometry().center[rows], apart.geometry().center[apart.patches[name]])
        assert torch.equal(fv.owner[rows], apart.owner[apart.patches[name]])
    assert fv.geometry().shift[apart.num_inner :].tolist() == [[1.0, 0.0]] * 4


def test_a_cube_joins_all_its_sides() -> None:
    for kind in ("tetra", "hexahedron"):
        fv = FVMesh.of(shapes.cube(0.5, kind=kind), periodic=BOTH | {"back": "front"})
        assert fv.num_inner == fv.num_faces
        assert fv.geometry().outflow(fv.geometry().area).abs().max() < 1e-14


def test_the_gradient_of_a_periodic_field_knows_no_seam() -> None:
    error = []
    for n in (8, 16):
        g = FVMesh.of(moved_squares(n), periodic=BOTH).geometry()
        u = torch.sin(2 * torch.pi * g.centroid).sum(1)
        exact = 2 * torch.pi * torch.cos(2 * torch.pi * g.centroid)
        error.append(float((least_squares(g)(u) - exact).abs().max()))
    assert error[0] / error[1] > 3.6  # second order, at the seam too
    assert error[1] < 0.2


def test_gradients_in_the_nodes() -> None:
    fv = FVMesh.of(shapes.square(0.5, kind="perturbed"), periodic=BOTH)
    points = fv.points.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: (fv.geometry(x).along, fv.geometry(x).to_neighbor), (points,))


def test_a_face_without_partner_is_named() -> None:
    mesh = shapes.square(0.25, kind="quad")
    points = mesh.points.copy()
    points[np.isclose(points[:, 0], 1) & np.isclose(points[:, 1], 0.5)] += [0.0, 0.05]
    moved = Mesh(points, mesh.cells, mesh.boundary)
    with pytest.raises(MeshError, match=r"face \d+ at \(0, 0\.(375|625)\) of patch 'left' has no partner"):
        FVMesh.of(moved, periodic={"left": "right"})
    shorter = Mesh(mesh.points, mesh.cells, mesh.boundary | {"right": mesh.boundary["right"][:-1]})
    with pytest.raises(MeshError, match=r"4 faces of 'left' and 3 of 'right' are not translations"):
        FVMesh.of(shorter, periodic={"left": "right"})
    with pytest.raises(MeshError, match=r"no partner.*not translations"):
        FVMesh.of(mesh, periodic={"left": "top"})


@pytest.mark.parametrize(
    ("periodic", "what"),
    [
        ({"left": "wall"}, "patch 'wall' is not in the mesh.*left, right, bottom, top"),
        ({"left": "right", "bottom": "right"}, "patch 'right' is joined twice"),
        ({"left": "left"}, "patch 'left' is joined twice"),
    ],
)
def test_pairs_that_cannot_be_are_refused(periodic: dict, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        FVMesh.of(shapes.square(0.25, kind="quad"), periodic=periodic)
