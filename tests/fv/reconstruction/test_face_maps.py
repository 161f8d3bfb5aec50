"""Values and normal derivatives at faces: exact for linear fields, on every kind of mesh."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

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
    known = torch.cat([u(g.centroid), u(g.center[on])])
    np.testing.assert_allclose(maps.gradient(known), slope.repeat(mesh.num_cells), atol=1e-10)
    np.testing.assert_allclose(maps.value(known), u(g.center), atol=1e-10)
    faces = torch.cat([torch.arange(inner), on])
    np.testing.assert_allclose(maps.slope(known)[faces], (g.area @ slope)[faces], atol=1e-10)


def test_the_two_point_part_is_symmetric() -> None:
    mesh = FVMesh.of(MESHES["triangles"])
    jump = face_maps(mesh.geometry()).two_point
    divergence = np.zeros((mesh.num_cells, mesh.num_faces))
    divergence[mesh.owner, np.arange(mesh.num_faces)] = 1
    divergence[mesh.neighbor, np.arange(mesh.num_inner)] = -1
    laplacian = divergence @ jump.matrix.toarray()
    np.testing.assert_allclose(laplacian, laplacian.T, atol=1e-12)
    assert np.linalg.eigvalsh(laplacian).max() < 1e-12


@pytest.mark.usefixtures("double")
def test_a_linear_map_has_derivatives() -> None:
    row, col = torch.tensor([0, 2, 2, 1]), torch.tensor([1, 0, 1, 1])
    value, x, y = (torch.randn(*size, requires_grad=True) for size in ((4,), (2, 3), (3, 3)))

    def both(value: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        of = LinearMap(row, col, value, (3, 2))
        return of(x), of.rows(torch.tensor([2, 0])).transposed(y[:2])

    assert torch.autograd.gradcheck(both, (value, x, y))
    assert torch.autograd.gradgradcheck(both, (value, x, y))


def test_maps_of_weak_cells_have_derivatives_by_the_nodes() -> None:
    """Cells in corners whose neighbors do not determine a gradient."""
    mesh = FVMesh.of(MESHES["triangles"])
    x = torch.linspace(0, 1, mesh.num_cells, dtype=torch.float64)

    def total(points: Tensor) -> Tensor:
        maps = face_maps(mesh.geometry(points))
        return (maps.value(x) ** 2).sum() + (maps.slope(x) ** 3).sum() + (maps.gradient(x) ** 2).sum()

    assert torch.autograd.gradcheck(total, mesh.points.clone().requires_grad_())
