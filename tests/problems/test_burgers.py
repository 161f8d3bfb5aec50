"""Burgers' equation: the exact solution of Cole and Hopf, energy, and the same sample at every resolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gno.errors import ConfigError, DataError, SolverError
from gno.problems import Burgers
from gno.problems.burgers_equation import BurgersEquation

SMALL = Burgers(resolution=32, solver_points=128)


def test_the_solution_of_cole_and_hopf() -> None:
    nu, t, n = 0.02, 0.7, 128
    x = torch.arange(n, dtype=torch.float64) / n

    def exact(time: float) -> torch.Tensor:  # u = -2 nu phi_x / phi, phi = 1 + a cos, of the heat equation
        a = 0.6 * np.exp(-nu * 4 * np.pi**2 * time)
        return 4 * np.pi * nu * a * torch.sin(2 * torch.pi * x) / (1 + a * torch.cos(2 * torch.pi * x))

    equation = BurgersEquation(n, viscosity=nu)
    found = equation.evolve(equation.modes.transform(exact(0.0)), [0.0, t])
    np.testing.assert_allclose(equation.modes.values(found.u[1]), exact(t), atol=1e-9)
    assert found.balance < 1e-8


def test_twice_the_points_and_half_the_step_give_the_same() -> None:
    usual, finer = (p.sample(3).mesh for p in (SMALL, replace(SMALL, solver_points=512, courant=0.4)))
    error = np.linalg.norm(usual.point_data["u"] - finer.point_data["u"]) / np.linalg.norm(finer.point_data["u"])
    assert error < 1e-5
    np.testing.assert_array_equal(usual.point_data["u0"], finer.point_data["u0"])


def test_another_resolution_is_the_same_sample() -> None:
    coarse, fine = (p.sample(0).mesh.point_data for p in (SMALL, replace(SMALL, resolution=128)))
    for name in ("u0", "u"):
        rows = fine[name].reshape(128, 2)
        np.testing.assert_array_equal(coarse[name].reshape(32, 2)[:, 0], rows[::4, 0])
        np.testing.assert_array_equal(rows[:, 0], rows[:, 1])


def test_the_trajectory_ends_where_the_map_does() -> None:
    alone, way = SMALL.sample(2), replace(SMALL, interval=0.25).sample(2)
    assert alone.time is None
    assert way.time is not None
    assert way.point_series is not None
    assert way.time.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    np.testing.assert_allclose(way.point_series["u"][-1], alone.mesh.point_data["u"], rtol=1e-6, atol=1e-12)
    assert way.params["energy_balance"] < 1e-3
    mean = replace(SMALL, interval=0.25, resolution=128).sample(2).point_series["u"].mean(axis=1)
    np.testing.assert_allclose(mean, 0.0, atol=1e-10)  # momentum is kept


def test_solving_a_sample_again_gives_its_label_and_few_points_are_near_to_it() -> None:
    mesh = replace(SMALL, resolution=128).sample(1).mesh
    label, errors = mesh.point_data["u"], []
    for points in (8, 16, 32, 128):  # from 16 on what 128 values do not know of u0 is more than the solver misses
        u = SMALL.solve(mesh.without(["u"]), points).point_data["u"]
        errors.append(float(np.linalg.norm(u - label) / np.linalg.norm(label)))
    assert 0.1 > errors[0] > 10 * errors[1]
    assert max(errors[1:]) < 1e-3
    with pytest.raises(ConfigError, match="spectral grid of 7 points"):
        SMALL.solve(mesh, 7)
    with pytest.raises(DataError, match="no field 'u0'"):
        SMALL.solve(mesh.without(["u0"]))


def test_a_sample_that_loses_energy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gno.problems.burgers.TOLERANCE", 1e-16)
    with pytest.raises(SolverError, match="energy of sample 0 is accounted for but for"):
        SMALL.sample(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 100}, "resolution is 100; it must divide 8192"),
        ({"interval": 2.0}, "interval is 2; the last instant is 1"),
        ({"viscosity": 0.0}, "viscosity is 0"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Burgers(**options)
    with pytest.raises(ConfigError, match="sample -1"):
        SMALL.sample(-1)
