"""Values and normal derivatives at faces: exact for linear fields, on every kind of mesh."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gno.fv.linear.linear_map import LinearMap
from gno.fv.reconstruction.face_maps import face_maps
from gno.fv.volumes.mesh import FVMesh
from tests.fv.meshes import MESHES, linear


@pytest.mark.parametrize("name", MESHES)
@pytest.mark.parametrize("given", [True, False])
def test_exact_for_linear_fields(name: str, given: bool) -> None:
    mesh = FVMesh.of(MESHES[name])
    g, inner = mesh.geometry(), mesh.num_inner
    u, slope = linear(mesh.dim)
    on = torch.arange(inner, mesh.num_faces)[:: 1 if given else mesh.num_faces]
    maps = face_maps(g, value_on=on)
    known = torch.cat([u(g.centroid), u(g.center[on])]).numpy()
    for axis, matrix in enumerate(maps.gradient):
        np.testing.assert_allclose(matrix @ known, slope[axis].expand(mesh.num_cells), atol=1e-10)
    np.testing.assert_allclose(maps.value @ known, u(g.center), atol=1e-10)
    through = (g.area @ slope).numpy()
    faces = np.concatenate([np.arange(inner), on.numpy()])
    np.testing.assert_allclose((maps.slope @ known)[faces], through[faces], atol=1e-10)


def test_the_two_point_part_is_symmetric() -> None:
    mesh = FVMesh.of(MESHES["triangles"])
    jump = face_maps(mesh.geometry()).two_point
    divergence = np.zeros((mesh.num_cells, mesh.num_faces))
    divergence[mesh.owner, np.arange(mesh.num_faces)] = 1
    divergence[mesh.neighbor, np.arange(mesh.num_inner)] = -1
    laplacian = divergence @ jump.toarray()
    np.testing.assert_allclose(laplacian, laplacian.T, atol=1e-12)
    assert np.linalg.eigvalsh(laplacian).max() < 1e-12


@pytest.mark.usefixtures("double")
def test_a_linear_map_has_derivatives() -> None:
    apply = LinearMap(face_maps(FVMesh.of(MESHES["mixed"]).geometry()).value)
    x = torch.randn(apply.matrix.shape[1], 2, requires_grad=True)
    assert torch.autograd.gradcheck(apply, x)
    assert torch.autograd.gradgradcheck(apply, x)
