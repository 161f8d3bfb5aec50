"""The score of the contest: errors, and what is conserved."""

from __future__ import annotations

import numpy as np
import pytest

from gno.bench.accuracy import CASES
from gno.bench.accuracy.score import score
from gno.datasets import Sample
from gno.mesh import shapes

MESH = shapes.square(0.2)
X = MESH.points - 0.5


def test_errors_in_time_are_means_over_fields_and_instants_and_the_divergence_is_that_of_the_prediction() -> None:
    turning, away = np.stack([-X[:, 1], X[:, 0]], axis=1), X
    truth = {"velocity": np.stack([turning, turning, turning]), "pressure": np.ones((3, MESH.num_points))}
    sample = Sample(MESH, {}, 0, np.array([0.0, 1.0, 2.0]), truth)
    near = {"velocity": np.stack([1.1 * turning, 1.3 * turning]), "pressure": np.ones((2, MESH.num_points))}
    found = score(CASES["cylinder"], sample, near)
    assert found["error"] == pytest.approx((0.1 + 0.3) / 2 / 2)
    assert found["last"] == pytest.approx(0.3 / 2)
    assert found["divergence"] < 1e-12
    # div x = 2, and the squares of the gradient sum up to 2
    leaving = score(CASES["cylinder"], sample, near | {"velocity": np.stack([away, away])})
    assert leaving["divergence"] == pytest.approx(np.sqrt(2))
    lost = score(CASES["cylinder"], sample, near | {"velocity": np.full((2, MESH.num_points, 2), np.nan)})
    assert lost["error"] == 10 / 2  # a rollout that is lost counts as much as one that is lost by far


def test_the_nodal_error_counts_nodes_and_not_volumes_and_the_free_stream_misses_the_equations_by_one() -> None:
    case = CASES["airfoil"]
    mesh = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=8)
    stream = {name: np.full(mesh.num_points, value) for name, value in (("mach", 0.4), ("alpha", 2.0))}
    start = case.problem_on(1.0).start(mesh.with_data(stream)).point_data
    free = {name: start[name] for name in case.targets}
    near = np.exp(-((mesh.points**2).sum(axis=1)))
    truth = {name: u + (near if u.ndim == 1 else near[:, None]) for name, u in free.items()}
    sample = Sample(mesh.with_data({**stream, **truth}), {}, 0)
    assert score(case, sample, truth)["error"] == 0
    assert score(case, sample, free)["residual"] == pytest.approx(1.0)
    mean = {name: np.broadcast_to(u.mean(axis=0), u.shape) for name, u in truth.items()}
    assert score(case, sample, mean)["error"] == pytest.approx(1.0)
