"""Flow that a lid drives: exact where it is given, free of divergence, and in the end that of the tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator

from gno.datasets import check
from gno.errors import ConfigError, SolverError
from gno.problems import Cavity, generate

SMALL = Cavity(nodes=60, refinement=1, steps=3)


def test_a_trajectory_starts_at_rest_holds_what_is_given_and_has_no_divergence() -> None:
    draw = SMALL.sample(1)
    assert draw.point_series is not None
    mesh, velocity = draw.mesh, draw.point_series["velocity"]
    wall, lid = (np.unique(mesh.boundary[name]) for name in ("wall", "lid"))
    inner = np.setdiff1d(np.arange(mesh.num_points), mesh.boundary_nodes)
    assert not velocity[:, wall].any()
    assert (velocity[:, np.setdiff1d(lid, wall)] == [1.0, 0.0]).all()
    assert np.abs(velocity[0, inner]).max() < 1e-6
    assert np.abs(velocity[-1, inner]).max() > 0.1
    assert draw.params["divergence"] < 1e-12
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    np.testing.assert_allclose(high - low, [1.0, draw.params["depth"]])
    assert SMALL.reynolds[0] <= draw.params["reynolds"] <= SMALL.reynolds[1]


def test_a_sample_depends_on_its_number_alone(tmp_path: Path) -> None:
    one, two, again = (SMALL.sample(i) for i in (0, 1, 0))
    assert one.params == again.params
    assert one.params != two.params
    path = generate(replace(SMALL, steps=1, test_fraction=0.5), tmp_path / "a.h5", 2)
    assert check(path).ok


@pytest.mark.long
def test_the_steady_state_at_reynolds_100_is_that_of_the_tables() -> None:
    """Least u on the vertical center line -0.2140, extremes of v on the horizontal one 0.1796 and -0.2538.

    Source: Botella and Peyret 1998, https://doi.org/10.1016/S0045-7930(98)00002-4, tables 9 and 10.
    """
    draw = Cavity(reynolds=(100.0, 100.0), depth=(1.0, 1.0), steps=60).sample(0)
    assert draw.point_series is not None
    assert draw.params["unsteadiness"] < 1e-3
    at = LinearNDInterpolator(draw.mesh.points, draw.point_series["velocity"][-1])
    line = np.linspace(0, 1, 201)[1:-1]
    u, v = at(np.stack([0 * line + 0.5, line], 1))[:, 0], at(np.stack([line, 0 * line + 0.5], 1))[:, 1]
    assert u.min() == pytest.approx(-0.2140, rel=0.02)
    assert v.max() == pytest.approx(0.1796, rel=0.02)
    assert v.min() == pytest.approx(-0.2538, rel=0.02)


def test_a_flow_with_divergence_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gno.problems.recorded.TOLERANCE", -1.0)
    with pytest.raises(SolverError, match="sample 0 has a divergence of"):
        replace(SMALL, steps=1).sample(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reynolds": (200.0, 100.0)}, "reynolds is 200.0,100.0; a range rises"),
        ({"courant": 2.0}, "courant is 2; steps are stable up to 1.5"),
        ({"nodes": 10}, "nodes is 10"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Cavity(**options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="sample -1"):
        SMALL.sample(-1)
