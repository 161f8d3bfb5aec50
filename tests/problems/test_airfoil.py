"""The airfoil's dataset: the splits of its source, and flows that balance."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gno.datasets import MeshDataset
from gno.errors import ConfigError, MeshError
from gno.fv import Compressible, FarField, Slip
from gno.mesh import Mesh, save, shapes
from gno.problems import AirfoilFlow, generate

SMALL = AirfoilFlow(around=24, outward=12, alpha_max=2.0, alpha_step=2.0)


@pytest.mark.parametrize(("experiment", "train", "test"), [("interpolation", 168, 63), ("shock", 141, 111)])
def test_there_are_as_many_flows_as_in_the_source(experiment: str, train: int, test: int) -> None:
    problem = AirfoilFlow(experiment=experiment)  # type: ignore[arg-type]
    assert Counter(case.split for case in problem.cases) == {"train": train, "test": test}
    assert len({case[:3] for case in problem.cases}) == problem.num_samples == train + test
    assert len(replace(problem, part="test").cases) == test


def test_no_flow_of_the_training_has_a_held_out_mach_number_or_a_shock() -> None:
    interpolation = AirfoilFlow(experiment="interpolation", part="train").cases
    shock = AirfoilFlow(experiment="shock", part="train").cases
    assert not {case.mach for case in interpolation} & {0.25, 0.45, 0.65}
    assert all(case.mach < 0.5 or (case.mach == 0.5 and abs(case.alpha) <= 7) for case in shock)


def test_a_sample_is_the_flow_of_its_parameters() -> None:
    draw = SMALL.sample(1)
    solver = Compressible(draw.mesh, {"airfoil": Slip(), "farfield": FarField()}, scheme="jst")
    flow = solver.solve(mach=draw.params["mach"], alpha=draw.params["alpha"])
    np.testing.assert_allclose(draw.mesh.point_data["velocity"], flow.velocity, atol=1e-8)
    np.testing.assert_allclose(draw.mesh.point_data["pressure"], flow.pressure, atol=1e-8)
    assert draw.params["lift"] == pytest.approx(float(flow.cl), abs=1e-8)
    assert draw.params["residual"] < 1e-9


def test_lift_and_drag_know_up_from_down() -> None:
    rows = {(case.mach, case.alpha): index for index, case in enumerate(SMALL.cases)}
    up, level, down = (SMALL.sample(rows[0.5, alpha]).params for alpha in (2.0, 0.0, -2.0))
    assert up["lift"] == pytest.approx(-down["lift"], rel=1e-6)
    assert up["drag"] == pytest.approx(down["drag"], rel=1e-6)
    assert abs(level["lift"]) < 1e-8


def test_another_airfoil_may_be_held_out() -> None:
    problem = replace(SMALL, held_out=("4412",))
    cases = problem.cases
    assert {case.split for case in cases if case.airfoil == "4412"} == {"test"}
    row = next(index for index, case in enumerate(cases) if case.airfoil == "4412" and case.mach == 0.2)
    params = problem.sample(row).params
    assert (params["camber"], params["camber_place"], params["thickness"]) == (0.04, 0.4, 0.12)


def test_a_file_of_flows(tmp_path: Path) -> None:
    with MeshDataset(generate(SMALL, tmp_path / "a.h5", 3)) as dataset:
        assert dataset.num_meshes == 1
        assert {"mach", "alpha", "lift", "drag", "residual"} <= set(dataset[0].params)
    with pytest.raises(ConfigError, match="34 samples are asked for"):
        generate(SMALL, tmp_path / "b.h5", 34)


@pytest.mark.parametrize(
    "options", [{"airfoils": ()}, {"airfoils": ("12",)}, {"around": 3}, {"alpha_step": 0.0}, {"far_field": -1.0}]
)
def test_options_that_cannot_be(options: dict) -> None:
    with pytest.raises(ConfigError):
        AirfoilFlow(**options)


def test_flows_on_the_mesh_of_a_file_are_those_on_the_mesh(tmp_path: Path) -> None:
    made = SMALL.sample(0)
    save(Mesh(made.mesh.points, made.mesh.cells, made.mesh.boundary), tmp_path / "own.su2")
    read = replace(SMALL, mesh=str(tmp_path / "own.su2"), around=9, outward=9).sample(0)
    assert read.params == pytest.approx(made.params, rel=1e-6, abs=1e-9)
    assert np.allclose(read.mesh.point_data["pressure"], made.mesh.point_data["pressure"], rtol=1e-6)


def test_a_mesh_file_that_is_of_no_airfoil_is_refused(tmp_path: Path) -> None:
    save(shapes.square(0.5), tmp_path / "square.su2")
    with pytest.raises(MeshError, match=r"no patch 'airfoil'.*have: .*left.*name its markers airfoil and farfield"):
        AirfoilFlow(mesh=str(tmp_path / "square.su2")).sample(0)
    with pytest.raises(ConfigError, match=r"it is of one airfoil; leave airfoils and held_out out"):
        AirfoilFlow(mesh=str(tmp_path / "square.su2"), held_out=("2412",))
