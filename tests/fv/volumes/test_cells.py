"""The geometry of cells: equal to that of the mesh, closed, differentiable in the nodes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, cell_centroid, cell_volume, face_area, face_centroid, faces
from tests.fv.meshes import MESHES, TINY, renumbered

DIFFERENTIABLE = ("volume", "centroid", "area", "center", "size", "normal", "to_owner", "to_neighbor", "along", "depth")


@pytest.mark.parametrize("name", MESHES)
def test_geometry_is_that_of_the_mesh(name: str) -> None:
    mesh = MESHES[name]
    fv, g = FVMesh.of(mesh), FVMesh.of(mesh).geometry()
    assert g.volume.numpy() == pytest.approx(cell_volume(mesh), abs=1e-14)
    assert g.centroid.numpy() == pytest.approx(cell_centroid(mesh), abs=1e-14)
    assert g.area.numpy() == pytest.approx(face_area(mesh), abs=1e-14)
    assert g.center.numpy() == pytest.approx(face_centroid(mesh), abs=1e-14)
    assert g.owner.tolist() == faces(mesh).owner.tolist()
    assert g.neighbor.tolist() == faces(mesh).neighbor[: fv.num_inner].tolist()
    assert not g.shift.any()


@pytest.mark.parametrize("name", MESHES)
def test_what_the_faces_know_of_their_cells_fits_together(name: str) -> None:
    g = FVMesh.of(MESHES[name]).geometry()
    p, inner = g.owner[: g.num_inner], slice(0, g.num_inner)
    assert torch.allclose(g.to_owner[inner] + g.to_neighbor, g.along, atol=1e-14)
    assert torch.allclose(g.along, g.centroid[g.neighbor] - g.centroid[p], atol=1e-14)
    assert torch.allclose(g.normal * g.size[:, None], g.area, atol=1e-14)
    assert (g.depth > 0).all()
    assert (g.depth_neighbor > 0).all()


@pytest.mark.parametrize("name", MESHES)
def test_the_faces_of_every_cell_close_and_span_its_volume(name: str) -> None:
    mesh = MESHES[name]
    g = FVMesh.of(mesh).geometry()
    assert g.outflow(g.area).abs().max() < 1e-14
    if mesh.dim == 2 or name in ("tets", "hexes"):  # on warped faces the center of area is no mean of x n
        spanned = g.outflow(g.center[:, :, None] * g.area[:, None])
        assert torch.allclose(spanned, g.volume[:, None, None] * torch.eye(mesh.dim, dtype=torch.float64), atol=1e-14)


@pytest.mark.parametrize("kind", ["cell", "dual"])
@pytest.mark.parametrize("name", TINY)
def test_gradients_in_the_nodes(name: str, kind: str) -> None:
    fv = FVMesh.of(TINY[name], kind=kind)
    points = fv.points.clone().requires_grad_()

    def parts(x: Tensor) -> tuple[Tensor, ...]:
        g = fv.geometry(x)
        return tuple(v for v in (getattr(g, part) for part in DIFFERENTIABLE) if v.requires_grad and v.numel())

    assert len(parts(points)) >= (8 if kind == "cell" else 7)
    assert torch.autograd.gradcheck(parts, (points,))
    total = lambda x: (fv.geometry(x).volume ** 2).sum() + (fv.geometry(x).center ** 3).sum()  # noqa: E731
    assert torch.autograd.gradgradcheck(total, (points,))


@pytest.mark.parametrize("kind", ["cell", "dual"])
@pytest.mark.parametrize("name", ["mixed", "many kinds"])
def test_forward_derivatives_and_maps_over_samples_agree_with_backward(name: str, kind: str) -> None:
    fv = FVMesh.of(TINY[name], kind=kind)
    torch.manual_seed(0)
    step = torch.randn_like(fv.points)
    area = lambda x: fv.geometry(x).area  # noqa: E731
    _, forward = torch.func.jvp(area, (fv.points,), (step,))
    backward = torch.autograd.functional.jacobian(area, fv.points)
    assert torch.allclose(forward, torch.tensordot(backward, step, 2), atol=1e-13)
    many = torch.stack([fv.points, fv.points + 0.01 * step])
    volumes = torch.vmap(lambda x: fv.geometry(x).volume)(many)
    assert torch.allclose(volumes, torch.stack([fv.geometry(x).volume for x in many]), atol=1e-15)


@pytest.mark.parametrize("kind", ["cell", "dual"])
@pytest.mark.parametrize("name", MESHES)
def test_numbers_of_nodes_and_cells_do_not_matter(name: str, kind: str) -> None:
    mesh = MESHES[name]
    other, old_node, old_cell = renumbered(mesh, seed=1)
    old = old_cell if kind == "cell" else old_node
    a, b = FVMesh.of(mesh, kind=kind), FVMesh.of(other, kind=kind)
    g, h = a.geometry(), b.geometry()
    assert torch.allclose(g.volume[old], h.volume, atol=1e-14)
    assert torch.allclose(g.centroid[old], h.centroid, atol=1e-14)
    mine, theirs = _faces(g), _faces(h)
    assert set(mine) == {tuple(sorted((int(old[p]), int(old[q])))) if q >= 0 else (int(old[p]), q) for p, q in theirs}
    assert {name: len(rows) for name, rows in a.patches.items()} == {n: len(rows) for n, rows in b.patches.items()}
    for patch, rows in a.patches.items():
        assert g.area[rows].sum(0) == pytest.approx(h.area[b.patches[patch]].sum(0), abs=1e-14)


def _faces(g: Geometry) -> list[tuple[int, int]]:
    inner = [tuple(sorted(pair)) for pair in zip(g.owner[: g.num_inner].tolist(), g.neighbor.tolist())]
    return [*inner, *((p, -1) for p in g.owner[g.num_inner :].tolist())]


def test_translation_moves_places_and_nothing_else() -> None:
    fv = FVMesh.of(MESHES["many kinds"])
    g, h = fv.geometry(), fv.geometry(fv.points + 7.0)
    assert torch.allclose(g.volume, h.volume, atol=1e-13)
    assert torch.allclose(g.area, h.area, atol=1e-13)
    assert torch.allclose(g.center + 7.0, h.center, atol=1e-13)


def test_single_precision_points_are_computed_in_double() -> None:
    mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
    assert FVMesh.of(mesh).geometry(torch.tensor(mesh.points).float()).volume.dtype == torch.float64
