"""Interpolation and transfer between meshes of one domain: exact for linear fields, faithful to integrals."""

from __future__ import annotations

import numpy as np
import pytest

from gno.errors import MeshError
from gno.mesh import Mesh, cell_centroid, cell_volume, refine, shapes
from gno.mesh.interpolation import Interpolation
from gno.mesh.simplices import simplices
from gno.mesh.transfer import cell_means, containing_cells

MESHES = {
    "triangle": shapes.l_shape(0.2),
    "quad": shapes.square(0.25, kind="quad"),
    "tetra": shapes.cube(0.5, kind="tetra"),
    "hexahedron": shapes.cube(0.5, kind="hexahedron"),
}


@pytest.mark.parametrize("kind", MESHES)
def test_linear_fields_are_exact_inside_and_outside(kind: str) -> None:
    mesh, rng = MESHES[kind], np.random.default_rng(0)
    points = rng.uniform(-0.2, 1.2, (200, mesh.dim))
    slope = rng.normal(size=(mesh.dim, 2))
    found = Interpolation.of(mesh, points)(mesh.points @ slope + 3.0)
    assert np.abs(found - (points @ slope + 3.0)).max() < 1e-11


@pytest.mark.parametrize("kind", MESHES)
def test_values_at_the_nodes_are_kept_and_weights_inside_are_shares(kind: str) -> None:
    mesh, rng = MESHES[kind], np.random.default_rng(1)
    values = rng.normal(size=mesh.num_points)
    assert np.abs(Interpolation.of(mesh, mesh.points)(values) - values).max() < 1e-12
    inside = Interpolation.of(mesh, cell_centroid(mesh))
    assert inside.weights.min() > -1e-9
    assert np.array_equal(inside.cell, np.arange(mesh.num_cells))


@pytest.mark.parametrize("kind", MESHES)
def test_simplices_fill_the_cells(kind: str) -> None:
    mesh = MESHES[kind]
    _, cell, edges = simplices(mesh)
    volume = np.abs(np.linalg.det(edges)) / (2 if mesh.dim == 2 else 6)
    assert np.allclose(np.bincount(cell, volume), cell_volume(mesh), rtol=1e-12)


@pytest.mark.parametrize("kind", ["triangle", "quad"])
def test_means_over_nested_cells_keep_the_integral(kind: str) -> None:
    coarse = MESHES[kind]
    fine = refine(coarse, 3)
    values = np.random.default_rng(2).normal(size=(fine.num_cells, 2))
    means = cell_means(fine, values, coarse)
    assert np.bincount(containing_cells(fine, coarse)).tolist() == [9] * coarse.num_cells
    assert np.allclose(cell_volume(coarse) @ means, cell_volume(fine) @ values, rtol=1e-11)


def test_a_coarse_cell_without_fine_ones_takes_the_nearest() -> None:
    fine, coarse = shapes.square(0.5, kind="quad"), shapes.square(0.125, kind="quad")
    values = np.arange(1.0, 5.0)
    nearest = values[np.argmin(np.linalg.norm(cell_centroid(coarse)[:, None] - cell_centroid(fine), axis=2), axis=1)]
    assert np.array_equal(cell_means(fine, values, coarse), nearest)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(MeshError, match="the mesh is 2-D"):
        Interpolation.of(MESHES["triangle"], np.zeros((1, 3)))
    with pytest.raises(MeshError, match="no cells"):
        Interpolation.of(Mesh(np.zeros((3, 2)), {}), np.zeros((1, 2)))
