"""Flow on the torus: Taylor's vortices decay as they must, enstrophy is kept, and twice the points give the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import MeshDataset, check
from gno.errors import ConfigError, SolverError
from gno.problems import TorusFlow, generate
from gno.problems.fourier import Modes
from gno.problems.vorticity import VorticityEquation

SMALL = TorusFlow(viscosity=2e-3, resolution=16, end_time=3.0, solver_points=32, initial_scale=20.0)


def relative(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def test_vortices_that_a_wind_carries_only_move_and_decay() -> None:
    flow, x = VorticityEquation(16, viscosity=0.05), torch.arange(16, dtype=torch.float64) / 16
    wave = torch.cos(2 * torch.pi * x)
    found = flow.evolve(flow.modes.transform(wave[:, None] * wave), [0.0, 0.25])
    decay = np.exp(-0.05 * 8 * np.pi**2 * 0.25)
    np.testing.assert_allclose(flow.modes.values(found.vorticity[1]), decay * wave[:, None] * wave, atol=1e-12)


def test_without_viscosity_enstrophy_and_energy_are_kept() -> None:
    flow = VorticityEquation(32, viscosity=0.0)
    rng = np.random.default_rng(0)
    start = flow.modes.transform(torch.from_numpy(rng.normal(size=(32, 32)))) / (1 + flow.modes.square / 100) ** 2
    start.view(-1)[0] = 0
    start = start / flow.modes.mean_square(start).sqrt()
    found = flow.evolve(start, [0.0, 1.0])
    energy = [float(flow.modes.mean_square(flow.velocity(w)).sum()) for w in found.vorticity]
    enstrophy = [float(flow.modes.mean_square(w)) for w in found.vorticity]
    assert energy[1] == pytest.approx(energy[0], rel=1e-5)
    assert enstrophy[1] == pytest.approx(enstrophy[0], rel=1e-4)


def test_twice_the_points_and_half_the_step_give_the_same_flow() -> None:
    sample = SMALL.sample(0)
    finer = replace(SMALL, solver_points=64, courant=0.4).sample(0)
    assert sample.point_series is not None
    assert finer.point_series is not None
    for name in ("vorticity", "velocity"):
        assert relative(sample.point_series[name][-1], finer.point_series[name][-1]) < 1e-5
        moved = relative(sample.point_series[name][-1], sample.point_series[name][0])
        assert moved > 0.5  # so there was something to get wrong
    assert sample.params["enstrophy_balance"] < 1e-5


@pytest.mark.long
def test_the_benchmark_is_solved_to_a_thousandth() -> None:
    usual, finer = TorusFlow().sample(0), TorusFlow(solver_points=128, courant=0.4).sample(0)
    assert usual.point_series is not None
    assert finer.point_series is not None
    assert relative(usual.point_series["vorticity"][-1], finer.point_series["vorticity"][-1]) < 1e-3


def test_scattered_nodes_have_the_values_of_the_same_flow_and_close_the_torus() -> None:
    scattered = replace(SMALL, nodes=150).sample(0)
    assert scattered.point_series is not None
    mesh, w = scattered.mesh, scattered.point_series["vorticity"]
    for one, other, axis in (("left", "right", 1), ("bottom", "top", 0)):
        a, b = (np.unique(mesh.boundary[name]) for name in (one, other))
        a, b = (rows[np.argsort(mesh.points[rows, axis])] for rows in (a, b))
        np.testing.assert_allclose(mesh.points[a, axis], mesh.points[b, axis], atol=1e-12)
        np.testing.assert_allclose(w[:, a], w[:, b], atol=1e-12)
    corner = int(np.flatnonzero((mesh.points == 0).all(axis=1))[0])
    grid = SMALL.sample(0).point_series
    assert grid is not None
    np.testing.assert_allclose(w[:, corner], grid["vorticity"][:, 0], atol=1e-12)


def test_velocity_is_free_of_divergence_and_has_the_vorticity() -> None:
    modes = Modes(16, 2)
    series = replace(SMALL, solver_points=16, initial_scale=1.0).sample(1).point_series
    assert series is not None
    v = modes.transform(torch.from_numpy(series["velocity"][-1]).T.reshape(2, 16, 16))
    w = modes.transform(torch.from_numpy(series["vorticity"][-1]).reshape(16, 16))
    assert float((modes.k[0] * v[0] + modes.k[1] * v[1]).abs().max()) < 1e-12
    np.testing.assert_allclose(1j * (modes.k[0] * v[1] - modes.k[1] * v[0]), w, atol=1e-12)


def test_a_file_of_trajectories(tmp_path: Path) -> None:
    path = generate(replace(SMALL, test_fraction=0.5), tmp_path / "a.h5", 2)
    report = check(path)
    assert report.ok
    assert "2 trajectories of 4 instants on 1 meshes" in str(report)
    with MeshDataset(path, "test") as dataset:
        sample = dataset.window(0, 1, 3)
        drawn = SMALL.sample(1).point_series
        assert drawn is not None
        np.testing.assert_array_equal(sample.point_series["vorticity"], drawn["vorticity"][1:3])
        assert dataset.attributes["periodic"] == "x,y"
        assert sample.params["enstrophy_balance"] < 1e-3


def test_a_sample_that_loses_enstrophy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gno.problems.ns_torus.TOLERANCE", 1e-16)
    with pytest.raises(SolverError, match="enstrophy of sample 0 is accounted for but for"):
        SMALL.sample(0)


def test_a_truncated_sample_is_the_projection_on_the_waves_of_its_grid() -> None:
    fine, coarse = Modes(32, 2), Modes(16, 2)
    whole = replace(SMALL, resolution=32).sample(0)
    found = replace(SMALL, truncated=True).sample(0)
    assert whole.point_series is not None
    assert found.point_series is not None
    for u, v in zip(whole.point_series["vorticity"], found.point_series["vorticity"]):
        waves = coarse.taken_from(fine.transform(torch.from_numpy(u).view(32, 32)))
        np.testing.assert_allclose(v, coarse.values(waves).flatten().numpy(), atol=1e-10)
    plain = SMALL.sample(0).point_series
    assert plain is not None
    assert relative(plain["vorticity"], found.point_series["vorticity"]) > 1e-3  # all waves, aliased


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"truncated": True, "nodes": 100}, "truncated with 100 scattered nodes"),
        ({"viscosity": 2e-3}, "end_time is 0 at viscosity 0.002; the benchmark has viscosities 0.001"),
        ({"viscosity": -1.0}, "viscosity is -1"),
        ({"interval": 100.0}, "interval is 100"),
        ({"solver_points": 7}, "grid of 7 points"),
        ({"test_fraction": 2.0}, "test_fraction is 2"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TorusFlow(**options)
    with pytest.raises(ConfigError, match="sample -1"):
        SMALL.sample(-1)
