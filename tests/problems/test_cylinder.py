"""Flow past a cylinder: free of divergence, exact where it is given, drawn as it says, and at Reynolds 100 in time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import MeshDataset, check
from gno.errors import ConfigError, SolverError
from gno.fv import Projection, cells_to_nodes
from gno.mesh import cell_centroid, shapes
from gno.problems import generate
from gno.problems.channel import HEIGHT, Channel
from gno.problems.cylinder import CylinderFlow
from gno.problems.node_values import NodeValues

SMALL = CylinderFlow(nodes=150, label_nodes=150, steps=3)
REYNOLDS_100 = {"x": (0.2, 0.2), "y": (0.2, 0.2), "radius": (0.05, 0.05), "inflow": (1.0, 1.0)}


def test_values_at_nodes_are_those_of_the_finite_volumes() -> None:
    mesh, rng = shapes.disk(0.3), np.random.default_rng(0)
    u, gradient = rng.normal(size=(mesh.num_cells, 2)), rng.normal(size=(mesh.num_cells, 2, 2))
    found = NodeValues(mesh)(u, gradient)
    for k in (0, 1):
        wanted = cells_to_nodes(mesh, torch.from_numpy(u[:, k]), torch.from_numpy(gradient[:, k]))
        np.testing.assert_allclose(found[:, k], wanted, rtol=1e-12)
    points = mesh.points.mean(axis=0) + 0.1 * rng.random((5, 2))
    middle = NodeValues(mesh, points)(cell_centroid(mesh), np.broadcast_to(np.eye(2), (mesh.num_cells, 2, 2)))
    np.testing.assert_allclose(middle, points, atol=1e-12)
    linear = NodeValues(mesh)(cell_centroid(mesh), np.broadcast_to(np.eye(2), (mesh.num_cells, 2, 2)))
    np.testing.assert_allclose(linear, mesh.points, atol=1e-12)


def test_a_trajectory_holds_what_is_given_and_has_no_divergence() -> None:
    draw = SMALL.sample(1)
    assert draw.point_series is not None
    assert draw.time is not None
    mesh, velocity = draw.mesh, draw.point_series["velocity"]
    np.testing.assert_allclose(draw.time, 0.01 * np.arange(4))
    assert velocity.shape == (4, mesh.num_points, 2)
    assert not velocity[:, np.unique(mesh.boundary["cylinder"])].any()
    assert not velocity[:, np.unique(mesh.boundary["wall"])].any()
    inlet = np.unique(mesh.boundary["inlet"])
    y = mesh.points[inlet, 1]
    wanted = 6 * draw.params["inflow"] * y * (HEIGHT - y) / HEIGHT**2
    np.testing.assert_allclose(velocity[:, inlet, 0], np.tile(wanted, (4, 1)), atol=1e-6)
    assert draw.params["divergence"] < 1e-12
    assert draw.params["courant"] < 1.5


def test_what_is_drawn_lies_in_the_ranges_and_depends_on_the_number_alone() -> None:
    few = replace(SMALL, steps=1)
    draws = [few.sample(i) for i in (0, 1, 0)]
    assert draws[0].params == draws[2].params
    assert draws[0].params != draws[1].params
    for draw in draws:
        for option in ("x", "y", "radius", "inflow"):
            low, high = getattr(SMALL, option)
            assert low <= draw.params[option] <= high
        rim = draw.mesh.points[np.unique(draw.mesh.boundary["cylinder"])]
        center = draw.params["x"], draw.params["y"]
        np.testing.assert_allclose(np.linalg.norm(rim - center, axis=1), draw.params["radius"], rtol=1e-12)


def test_meshes_have_about_the_nodes_that_are_asked_for() -> None:
    for nodes in (500, 1900):
        found = Channel(0.25, 0.2, 0.048, 1.0).mesh(nodes, seed=0).num_points
        assert 0.85 * nodes < found < 1.2 * nodes


def test_steps_that_turn_out_too_long_are_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gno.problems.cylinder._STEP", 0.6)
    quick = replace(SMALL, steps=1).sample(0)
    assert quick.params["courant"] < 1.5


def test_a_flow_with_divergence_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gno.problems.recorded.TOLERANCE", -1.0)
    with pytest.raises(SolverError, match="sample 0 has a divergence of"):
        replace(SMALL, steps=1).sample(0)


def test_a_file_of_trajectories(tmp_path: Path) -> None:
    path = generate(replace(SMALL, steps=2, test_fraction=0.5), tmp_path / "a.h5", 2)
    assert check(path).ok
    with MeshDataset(path, "test") as dataset:
        assert dataset.num_instants.tolist() == [3]
        assert dataset[0].point_series["pressure"].dtype == np.float32


@pytest.mark.long
def test_the_street_of_vortices_at_reynolds_100_has_its_frequency_and_forces() -> None:
    """Case 2D-2 of Schaefer and Turek 1996: Strouhal number 0.300, largest lift 0.99 to 1.01."""
    found = CylinderFlow(steps=500, **REYNOLDS_100).sample(0).params
    assert found["reynolds"] == pytest.approx(100)
    assert found["strouhal"] == pytest.approx(0.30, rel=0.03)
    assert found["lift_max"] == pytest.approx(1.0, rel=0.12)
    assert found["drag_mean"] == pytest.approx(3.2, rel=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": (0.3, 0.2)}, "x is 0.3,0.2; a range rises"),
        ({"y": (0.05, 0.2)}, "may come within -0.01 of a wall"),
        ({"x": (0.2, 0.9)}, "end 0.96 behind the inlet"),
        ({"courant": 2.0}, "courant is 2; steps are stable up to 1.5"),
        ({"nodes": 10}, "nodes is 10"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CylinderFlow(**options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="sample -1"):
        SMALL.sample(-1)


def test_a_solver_that_fails_otherwise_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SolverError("no pressure")

    monkeypatch.setattr(Projection, "advance", fail)
    with pytest.raises(SolverError, match="no pressure"):
        SMALL.sample(0)
