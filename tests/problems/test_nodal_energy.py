"""The residual at the nodes as an energy: where it is least stands the solution of the solver."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gno.errors import ConfigError
from gno.mesh import Mesh, cell_volume, shapes
from gno.mesh.means import corner_mean
from gno.problems import Darcy, Problem
from gno.testing import observed_order

DARCY = Darcy()


def least(mesh: Mesh) -> torch.Tensor:
    """The field at the nodes with the least energy, from zeros by its gradient alone."""
    energy, u = DARCY.energy(mesh), torch.zeros(mesh.num_points, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([u], max_iter=300, history_size=50, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = energy({"u": u})
        value.backward()
        return value

    optimizer.step(closure)
    return u.detach()


def posed(edge_length: float) -> Mesh:
    """A smooth medium, with 0 on two sides and no flux through the others."""
    mesh = shapes.square(edge_length, seed=1)
    x, y = mesh.points.T
    fixed = np.isclose(x, 0) | np.isclose(x, 1)
    return mesh.with_data({"permeability": np.exp(np.sin(5 * x) * np.cos(4 * y)), "fixed": fixed.astype(float)})


def test_where_it_is_least_stands_the_solution_of_the_solver_the_nearer_the_finer_the_mesh() -> None:
    errors = []
    for edge_length in (0.2, 0.1, 0.05):
        mesh = posed(edge_length)
        found, solved, volume = least(mesh), DARCY.solve(mesh), cell_volume(mesh)
        energy, u = DARCY.energy(mesh), solved.cell_data["u"]
        error = corner_mean(mesh, found.numpy()) - u
        errors.append(float(np.sqrt((volume * error**2).sum() / (volume * u**2).sum())))
        at_nodes = torch.from_numpy(solved.point_data["u"])
        assert float(energy({"u": found})) < float(energy({"u": at_nodes})) < 0.02
        assert float(energy({"u": 0 * found})) == pytest.approx(1.0)
    assert observed_order([0.2, 0.1, 0.05], errors) > 1.5
    assert errors[-1] < 2e-3


def test_a_problem_that_says_nothing_of_its_energy_has_none() -> None:
    mesh = posed(0.5)
    with pytest.raises(ConfigError, match="the residual of darcy has no energy"):
        Problem.energy(DARCY, mesh)
