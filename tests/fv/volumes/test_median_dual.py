"""The median dual: closed, filling the mesh, exact for linear fields on simplices and boxes."""

from __future__ import annotations

import pytest
import torch

from gno.fv.volumes.mesh import FVMesh
from gno.mesh import edges, faces, node_volume, shapes
from tests.fv.meshes import MESHES


@pytest.mark.parametrize("name", MESHES)
def test_volumes_are_those_of_the_nodes_and_fill_the_mesh(name: str) -> None:
    mesh = MESHES[name]
    volume = FVMesh.of(mesh, kind="dual").geometry().volume
    assert volume.numpy() == pytest.approx(node_volume(mesh), abs=1e-14)
    assert float(volume.sum()) == pytest.approx(float(FVMesh.of(mesh).geometry().volume.sum()), rel=1e-13)


@pytest.mark.parametrize("name", MESHES)
def test_the_faces_of_every_dual_cell_close(name: str) -> None:
    g = FVMesh.of(MESHES[name], kind="dual").geometry()
    assert g.outflow(g.area).abs().max() < 1e-14


@pytest.mark.parametrize("name", MESHES)
def test_inner_faces_are_the_edges_and_outer_ones_the_corners_of_facets(name: str) -> None:
    mesh = MESHES[name]
    fv, g = FVMesh.of(mesh, kind="dual"), FVMesh.of(mesh, kind="dual").geometry()
    assert torch.stack([fv.owner[: fv.num_inner], fv.neighbor], dim=1).tolist() == edges(mesh).tolist()
    outer = faces(mesh).nodes[faces(mesh).neighbor < 0]
    assert sorted(fv.owner[fv.num_inner :].tolist()) == sorted(outer[outer >= 0].tolist())
    assert torch.equal(g.centroid, fv.points)
    assert ((g.along * g.area[: fv.num_inner]).sum(1) > 0).all()


@pytest.mark.parametrize("name", ["triangles", "quads", "tets", "hexes", "mixed", "many kinds"])
def test_patches_have_the_area_that_they_have_as_faces_of_cells(name: str) -> None:
    cells, dual = FVMesh.of(MESHES[name]), FVMesh.of(MESHES[name], kind="dual")
    assert list(cells.patches) == list(dual.patches)
    for patch, rows in dual.patches.items():
        whole = cells.geometry().area[cells.patches[patch]].sum(0)
        assert torch.allclose(dual.geometry().area[rows].sum(0), whole, atol=1e-14)
    everything = torch.cat(list(dual.patches.values())).sort().values
    assert everything.tolist() == list(range(dual.num_inner, dual.num_faces))


@pytest.mark.parametrize(
    "mesh",
    [MESHES["triangles"], MESHES["perturbed"], MESHES["quads"], MESHES["tets"], MESHES["hexes"]],
    ids=["triangles", "perturbed", "quads", "tets", "hexes"],
)
def test_the_balance_of_a_linear_flux_is_exact(mesh) -> None:
    g = FVMesh.of(mesh, kind="dual").geometry()
    balance = g.outflow(g.center[:, :, None] * g.area[:, None])
    assert torch.allclose(balance, g.volume[:, None, None] * torch.eye(mesh.dim, dtype=torch.float64), atol=1e-14)


def test_the_dual_of_a_box_of_squares_is_a_box() -> None:
    fv = FVMesh.of(shapes.square(0.5, kind="quad"), kind="dual")
    g = fv.geometry()
    middle = int(g.volume.argmax())
    assert float(g.volume[middle]) == pytest.approx(0.25)
    at = (fv.owner[: fv.num_inner] == middle) | (fv.neighbor == middle)
    assert g.size[: fv.num_inner][at].tolist() == pytest.approx([0.5] * 4)
