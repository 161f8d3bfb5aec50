from __future__ import annotations

import json

import numpy as np
import pytest

from gno.mesh import Mesh, quality
from gno.mesh.distortion import aspect_ratio, non_orthogonality, skewness
from tests.mesh.conftest import box_of_hexahedra, box_of_many_kinds, one_cell
from tests.mesh.named import plate


def _plank(height: float, shear: float = 0.0, n: int = 3) -> Mesh:
    """A row of n parallelograms of unit width."""
    x = np.arange(n + 1.0)
    low, high = np.stack([x, 0 * x], axis=1), np.stack([x + shear, height + 0 * x], axis=1)
    i = np.arange(n)
    return Mesh(np.concatenate([low, high]), {"quad": np.stack([i, i + 1, i + n + 2, i + n + 1], axis=1)})


@pytest.mark.parametrize("angle", [10.0, 45.0, 69.0, 75.0])
def test_sheared_quads_have_the_angle_of_the_shear(angle: float) -> None:
    mesh = _plank(1.0, shear=float(np.tan(np.radians(angle))))
    np.testing.assert_allclose(non_orthogonality(mesh), angle)
    found = quality(mesh)
    assert found.max_non_orthogonality == pytest.approx(angle)
    assert found.mean_non_orthogonality == pytest.approx(angle)
    assert any("severely non-orthogonal (> 70 degrees) faces: 2" in note for note in found.notes) == (angle > 70)


@pytest.mark.parametrize("height", [0.5, 1.0, 2000.0])
def test_aspect_ratio_is_length_over_height(height: float) -> None:
    mesh = _plank(height)
    np.testing.assert_allclose(aspect_ratio(mesh), max(height, 1 / height))
    assert quality(mesh).ok == (height < 1000)


def test_skewness_agrees_with_its_definition_on_two_triangles() -> None:
    points = np.array([[0.0, 0], [4, 0], [0, 1], [4, -3]])
    mesh = Mesh(points, {"triangle": np.array([[0, 1, 2], [0, 3, 1]])})
    left, right, middle = points[:3].mean(axis=0), points[[0, 1, 3]].mean(axis=0), np.array([2.0, 0])
    crossing = left + (right - left) * left[1] / (left[1] - right[1])
    size = max(0.2 * np.linalg.norm(right - left), 2.0)
    assert skewness(mesh)[0] == pytest.approx(abs(crossing[0] - middle[0]) / size)


def test_ideal_cells_have_ideal_numbers() -> None:
    found = quality(box_of_hexahedra(3))
    assert found.ok
    assert found.max_non_orthogonality == pytest.approx(0, abs=1e-5)
    assert found.max_skewness == pytest.approx(0, abs=1e-12)
    assert found.max_aspect_ratio == pytest.approx(1)
    assert found.openness < 1e-15
    assert found.min_volume == pytest.approx(1 / 27)
    assert found.total_volume == pytest.approx(1)
    assert (found.num_points, found.num_faces, found.num_inner_faces, found.num_regions) == (64, 108, 54, 1)
    assert (found.lower, found.upper) == ((0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize("seed", range(3))
def test_numbers_do_not_change_with_scale_and_place(seed: int) -> None:
    mesh, rng = box_of_many_kinds(noise=0.05), np.random.default_rng(seed)
    scale, shift = 10.0 ** rng.uniform(-6, 6), rng.uniform(-1, 1, 3)
    other = quality(Mesh(scale * (mesh.points + shift), mesh.cells))
    found = quality(mesh)
    for name in ("max_aspect_ratio", "max_non_orthogonality", "max_skewness"):
        assert getattr(other, name) == pytest.approx(getattr(found, name), rel=1e-8)
    assert other.max_volume == pytest.approx(found.max_volume * scale**3)


def test_an_inverted_and_a_folded_cell_fail(kind: str) -> None:
    mesh = one_cell(kind)
    assert quality(mesh).ok
    mirrored = quality(Mesh(mesh.points * np.array([-1.0] + [1.0] * (mesh.dim - 1)), mesh.cells))
    assert any("Zero or negative cell" in line for line in mirrored.problems)
    assert str(mirrored).splitlines()[-1].startswith("Failed")
    folded = np.array([[0.0, 0], [1, 0], [0.4, 0.4], [0, 1]])
    bent = quality(Mesh(folded, {"quad": np.array([[0, 1, 2, 3]])}))
    assert (bent.min_volume > 0, bent.ok) == (True, True)
    folded[2] = [0.05, 0.05]
    assert not quality(Mesh(folded, {"quad": np.array([[0, 1, 2, 3]])})).ok


def test_a_face_between_cells_on_one_side_is_an_orthogonality_error() -> None:
    points = np.array([[0.0, 0], [1, 0], [0.5, 1], [0.5, 0.3]])
    found = quality(Mesh(points, {"triangle": np.array([[0, 1, 3], [0, 1, 2]])}))
    assert any("non-orthogonality errors (>= 90 degrees): 1" in line for line in found.problems)
    assert any("Error in face pyramids" in line for line in found.problems)


def test_regions_unused_and_duplicate_points_and_bare_faces_are_told() -> None:
    mesh = plate()
    apart = Mesh(
        np.concatenate([mesh.points, mesh.points + 1.0, mesh.points[:2]]),
        {kind: np.concatenate([nodes, nodes + len(mesh.points)]) for kind, nodes in mesh.cells.items()},
        {"low": np.array([[0, 1], [1, 2]])},
    )
    found = quality(apart)
    assert found.ok
    assert (found.num_regions, found.num_unused_points, found.num_duplicate_points) == (2, 4, 2)
    text = str(found)
    for line in (
        "2 regions",
        "number unused by cells: 4",
        "Duplicate points found in the mesh: 2",
        "belong to no patch",
    ):
        assert line in text
    assert text.splitlines()[-1] == "Mesh OK."
    assert "low: 2" in text


def test_the_report_counts_failed_checks_and_goes_to_json() -> None:
    found = quality(Mesh(np.zeros((2, 2)), {}))
    assert found.problems == ("The mesh has no cells.",)
    assert str(found).splitlines()[-1] == "Failed 1 mesh check."
    values = json.loads(json.dumps(quality(plate()).to_dict()))
    assert values["ok"] is True
    assert values["cells"] == {"quad": 2, "triangle": 2}
    assert values["num_unused_points"] == 1
