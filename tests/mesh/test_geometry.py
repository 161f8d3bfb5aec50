from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gno.mesh import Mesh, cell_centroid, cell_volume, face_area, face_centroid, faces, node_volume
from tests.mesh.conftest import UNIT_VOLUME, box_of_hexahedra, box_of_many_kinds, one_cell

KINDS = st.sampled_from(sorted(UNIT_VOLUME))


def test_volume_of_the_unit_cells(kind: str) -> None:
    assert cell_volume(one_cell(kind)) == pytest.approx(UNIT_VOLUME[kind], rel=1e-14)


@given(kind=KINDS, seed=st.integers(0, 1000))
def test_volume_scales_with_the_determinant_of_an_affine_map(kind: str, seed: int) -> None:
    mesh = one_cell(kind, noise=0.1, seed=seed)
    random = np.random.default_rng(seed)
    matrix, shift = random.standard_normal((mesh.dim, mesh.dim)), random.standard_normal(mesh.dim)
    mapped = Mesh(mesh.points @ matrix.T + shift, mesh.cells)
    assert cell_volume(mapped) == pytest.approx(np.linalg.det(matrix) * cell_volume(mesh), rel=1e-9, abs=1e-12)
    assert cell_centroid(mapped) == pytest.approx(cell_centroid(mesh) @ matrix.T + shift, abs=1e-9)


def _shape(u: float, v: float, w: float) -> np.ndarray:
    return np.array([(u if a else 1 - u) * (v if b else 1 - v) * (w if c else 1 - w) for a, b, c in _CORNERS])


_CORNERS = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]


@given(seed=st.integers(0, 1000))
def test_a_warped_hexahedron_equals_the_quadrature_of_its_trilinear_map(seed: int) -> None:
    mesh = one_cell("hexahedron", noise=0.1, seed=seed)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    nodes, weights, step = (nodes + 1) / 2, weights / 2, 1e-3
    volume, moment = 0.0, np.zeros(3)
    for u, wu in zip(nodes, weights):
        for v, wv in zip(nodes, weights):
            for w, ww in zip(nodes, weights):
                # the shape functions are linear along each axis: differences are exact derivatives
                jacobian = [_shape(*(np.array([u, v, w]) + step * e)) - _shape(u, v, w) for e in np.eye(3)]
                part = np.linalg.det(np.array(jacobian) @ mesh.points / step) * wu * wv * ww
                volume, moment = volume + part, moment + part * (_shape(u, v, w) @ mesh.points)
    assert cell_volume(mesh)[0] == pytest.approx(volume, rel=1e-9)
    assert cell_centroid(mesh)[0] == pytest.approx(moment / volume, rel=1e-8)


@pytest.mark.parametrize("mesh", [box_of_many_kinds(), box_of_hexahedra(3, noise=0.3)], ids=["many kinds", "warped"])
def test_a_box_is_filled_exactly(mesh: Mesh) -> None:
    volume = cell_volume(mesh)
    extent = np.ptp(mesh.points, axis=0)
    assert (volume > 0).all()
    assert volume.sum() == pytest.approx(extent.prod(), rel=1e-13)
    assert volume @ cell_centroid(mesh) / volume.sum() == pytest.approx(extent / 2, rel=1e-13)
    assert node_volume(mesh).sum() == pytest.approx(extent.prod(), rel=1e-13)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_faces_of_every_cell_close(noise: float) -> None:
    mesh = box_of_many_kinds(noise)
    all_faces, area = faces(mesh), face_area(mesh)
    total = np.zeros((mesh.num_cells, 3))
    np.add.at(total, all_faces.owner, area)
    inner = all_faces.neighbor >= 0
    np.subtract.at(total, all_faces.neighbor[inner], area[inner])
    assert np.abs(total).max() < 1e-14


@given(kind=KINDS, seed=st.integers(0, 1000))
def test_dual_volumes_sum_to_the_cell(kind: str, seed: int) -> None:
    mesh = one_cell(kind, noise=0.05, seed=seed)
    assert node_volume(mesh).sum() == pytest.approx(cell_volume(mesh)[0], rel=1e-12)


def test_dual_volumes_of_a_uniform_box_are_those_of_its_nodes() -> None:
    volume = node_volume(box_of_hexahedra(2))
    corners, center = np.sort(volume)[:8], np.sort(volume)[-1]
    assert corners == pytest.approx(np.full(8, 1 / 64), rel=1e-13)
    assert center == pytest.approx(1 / 8, rel=1e-13)


def test_faces_point_out_of_the_owner_and_their_centroids_lie_on_them() -> None:
    mesh = box_of_many_kinds()
    all_faces = faces(mesh)
    out = face_centroid(mesh) - cell_centroid(mesh)[all_faces.owner]
    assert (np.einsum("fd,fd->f", out, face_area(mesh)) > 0).all()
    flat = one_cell("pyramid")
    base = face_centroid(flat)[[len(set(row)) == 4 and 4 not in row for row in faces(flat).nodes.tolist()]]
    assert base == pytest.approx(np.array([[0.5, 0.5, 0.0]]))


def test_the_centroid_of_a_trapezoid_is_that_of_its_area_not_of_its_corners() -> None:
    mesh = Mesh(np.array([[0.0, 0], [3, 0], [1, 1], [0, 1]]), {"quad": np.array([[0, 1, 2, 3]])})
    assert cell_centroid(mesh)[0] == pytest.approx([13 / 12, 5 / 12], rel=1e-14)


def test_an_inverted_cell_has_negative_volume() -> None:
    mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 2, 1]])})
    assert cell_volume(mesh)[0] == -0.5
