"""The cube: exact volume and counts, faces that match, and patches where their names say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from gno.errors import ConfigError
from gno.mesh import cell_volume, edges, faces, patch_faces
from gno.mesh.shapes import cube

every_kind = pytest.mark.parametrize("kind", ["tetra", "hexahedron"])


@every_kind
def test_volume_counts_and_euler(kind: str) -> None:
    mesh = cube(0.5, side=1.5, kind=kind)
    assert (mesh.num_points, mesh.num_cells) == (64, 27 * (6 if kind == "tetra" else 1))
    assert cell_volume(mesh) == pytest.approx(1.5**3 / mesh.num_cells, rel=1e-12)
    assert mesh.num_points - len(edges(mesh)) + len(faces(mesh).owner) - mesh.num_cells == 1


@every_kind
def test_each_outer_face_has_one_name_and_lies_where_it_says(kind: str) -> None:
    mesh = cube(0.3, side=0.9, kind=kind)
    named = Counter(int(face) for numbers in patch_faces(mesh).values() for face in numbers)
    assert set(named.values()) == {1}
    assert sorted(named) == np.flatnonzero(faces(mesh).neighbor < 0).tolist()
    for axis, ends in enumerate((("left", "right"), ("bottom", "top"), ("back", "front"))):
        for name, value, sign in zip(ends, (0.0, 0.9), (-1, 1)):
            corners = mesh.points[mesh.boundary[name]]
            assert corners[..., axis] == pytest.approx(value)
            normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            assert (sign * normal[:, axis] > 0).all()


def test_a_cube_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="edge_length is 0"):
        cube(0.0)
    with pytest.raises(ConfigError, match="only about 1 wide"):
        cube(1.5)
    with pytest.raises(ConfigError, match="side is -1"):
        cube(0.1, side=-1.0)
    with pytest.raises(ConfigError, match="tetra, hexahedron"):
        cube(0.1, kind="wedge")
