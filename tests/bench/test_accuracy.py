"""The contest of operators: kernel ridge regression, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gno.bench.accuracy import CASES, Contest
from gno.bench.accuracy.ridge import KernelRidge
from gno.errors import ConfigError
from gno.mesh import Mesh, node_volume, shapes


def coefficient(seed: int, edge_length: float) -> Mesh:
    """A field that depends smoothly on three numbers in the coefficient."""
    mesh, c = shapes.square(edge_length, seed=seed), np.random.default_rng(seed).uniform(-1, 1, 3)
    x, y = mesh.points.T
    log_a = c[0] * np.sin(3 * x) + c[1] * np.cos(2 * y) + c[2] * x * y
    u = x * (1 - x) * y * (1 - y) * np.exp(c[0] * x + c[1] * y) / (3 + c[2])
    return mesh.with_data({"a": np.exp(log_a), "u": u})


def test_ridge_regression_knows_unseen_samples_on_other_meshes() -> None:
    fitted = KernelRidge.fit([coefficient(seed, 0.12) for seed in range(60)], ("a", "u"), side=21)
    for edge_length in (0.12, 0.06):
        errors = []
        for seed in range(100, 106):
            mesh = coefficient(seed, edge_length)
            u, v, weight = mesh.point_data["u"], fitted.predict(mesh)["u"], node_volume(mesh)
            errors.append(float(np.sqrt((weight * (v - u) ** 2).sum() / (weight * u**2).sum())))
        assert np.mean(errors) < 0.1


def test_ridge_regression_knows_a_map_on_a_strip_with_values_of_both_signs_that_end_nowhere() -> None:
    case = CASES["burgers"].small()
    problem = case.problem_on(1.0)
    meshes = [problem.sample(i).mesh for i in range(36)]
    fitted = KernelRidge.fit(meshes[:30], ("u0", "u"), transform="none", boundary="free", side=9)
    errors = []
    for mesh in meshes[30:]:
        u, v = mesh.point_data["u"], fitted.predict(mesh)["u"]
        errors.append(float(np.linalg.norm(v - u) / np.linalg.norm(u)))
    assert np.mean(errors) < 0.3  # of one's own size, as the best constant has it, 1


def test_unknown_cases_and_peers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"case 'dary' is unknown.*did you mean 'darcy'"):
        Contest(tmp_path, name="dary")
    with pytest.raises(ConfigError, match="peer 'deeponet' is unknown"):
        Contest(tmp_path, peers=("deeponet",))
    with pytest.raises(ConfigError, match=r"peer 'gcn' takes no part in burgers.*mgkn"):
        Contest(tmp_path, name="burgers", peers=("gcn",))
    with pytest.raises(ConfigError, match="0 seconds"):
        Contest(tmp_path, seconds=0.0)
