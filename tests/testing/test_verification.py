"""What changes with the mesh is found, and what does not passes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from gno.errors import ConfigError
from gno.mesh import Mesh, cell_centroid, cell_volume, node_volume, shapes
from gno.testing import verify
from gno.testing.variations import COARSER, EXACT, FINER, FINEST, REMESHED, RENUMBERED, SHIFTED, variations

MESH = shapes.l_shape(0.08, seed=3)
X, Y = MESH.points.T
MESH = MESH.with_data({"a": 1 + X - 2 * Y, "w": np.column_stack([X, Y])}, {"c": cell_centroid(MESH)[:, 0]})


def test_every_variation_has_the_same_domain_and_the_same_inputs() -> None:
    found = {variation.name: variation for variation in variations(MESH)}
    assert list(found) == [RENUMBERED, SHIFTED, COARSER, REMESHED, FINER, FINEST]
    for name, variation in found.items():
        mesh = variation.mesh
        assert cell_volume(mesh).min() > 0
        assert cell_volume(mesh).sum() == pytest.approx(cell_volume(MESH).sum(), rel=1e-9)
        assert list(mesh.boundary) == list(MESH.boundary)
        x, y = (mesh.points - (mesh.points.min(0) - MESH.points.min(0))).T
        assert np.allclose(mesh.point_data["a"], 1 + x - 2 * y)  # a linear field is the same function of space
        assert np.allclose(variation.expected(MESH.point_data["w"]), np.column_stack([x, y])[variation.nodes])
        middle = cell_volume(mesh) @ mesh.cell_data["c"]  # cut cells keep it, others sample it
        assert middle == pytest.approx(cell_volume(MESH) @ MESH.cell_data["c"], rel=0.02), name
    sizes = {name: variation.mesh.num_points / MESH.num_points for name, variation in found.items()}
    assert sizes[COARSER] == pytest.approx(1 / 4, rel=0.1)
    assert sizes[REMESHED] == pytest.approx(1, rel=0.05)
    assert cKDTree(found[REMESHED].mesh.points).query(MESH.points)[0].max() > 0.1 * MESH.edge_length


def test_a_function_of_space_passes_on_every_mesh_and_one_of_the_mesh_fails_where_that_changes() -> None:
    def smooth(mesh: Mesh) -> dict[str, np.ndarray]:
        return {"u": np.sin(mesh.point_data["a"]), "v": mesh.point_data["w"] ** 2}

    found = verify(smooth, [MESH], ["u", "v"])
    assert found.failed == []
    assert found.error is None

    def failing(predict: object) -> list[str]:
        return [change.name for change in verify(lambda mesh: {"u": predict(mesh)}, [MESH], ["u"]).failed]  # type: ignore[operator]

    assert failing(node_volume) == [COARSER, REMESHED, FINER, FINEST]
    assert failing(lambda mesh: mesh.points[:, 0] ** 2) == [SHIFTED]
    assert failing(lambda mesh: np.arange(mesh.num_points) + 1.0)[0] == RENUMBERED


def test_the_order_is_that_of_the_change_with_the_edge_length() -> None:
    for order in (1.0, 2.0):

        def predict(mesh: Mesh, order: float = order) -> dict[str, np.ndarray]:
            return {"u": 1 + mesh.point_data["a"] * np.sqrt(cell_volume(mesh).mean()) ** order}

        found = verify(predict, [MESH, MESH], ["u"], tolerance=10.0)
        assert found.order == pytest.approx(order, abs=0.05)
    assert verify(lambda mesh: {"u": mesh.point_data["a"]}, [MESH], ["u"]).order is None  # nothing changes


def test_errors_are_those_against_the_truth() -> None:
    truth = MESH.with_data({**MESH.point_data, "u": MESH.point_data["a"]}, {})
    found = verify(lambda mesh: {"u": 1.25 * mesh.point_data["a"]}, [truth], ["u"])
    assert found.error == pytest.approx(0.25)
    assert [change.error for change in found.changes] == pytest.approx([0.25] * 6)


def test_what_is_not_asked_for_is_not_done() -> None:
    found = verify(lambda mesh: {"u": mesh.point_data["a"]}, [MESH], ["u"], exact=[RENUMBERED])
    assert SHIFTED not in [change.name for change in found.changes]
    cube = shapes.cube(0.5)
    assert [variation.name for variation in variations(cube)] == list(EXACT)
    two = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})
    assert COARSER not in [variation.name for variation in variations(two)]
    with pytest.raises(ConfigError, match="no sample"):
        verify(lambda mesh: {"u": mesh.points}, list[Mesh](), ["u"])
    with pytest.raises(ConfigError, match="tolerance is 0"):
        verify(lambda mesh: {"u": mesh.points}, [MESH], ["u"], tolerance=0.0)
