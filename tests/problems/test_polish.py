"""A prediction as the start of the solver: where it ends, what it saves, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from gno.errors import ConfigError, DataError, SolverError
from gno.fv import Diffusion, Dirichlet, Neumann
from gno.mesh import Mesh, shapes
from gno.mesh.means import corner_mean
from gno.models import CoarseSolve
from gno.problems import AirfoilFlow, Darcy, Problem, polish

PROBLEM = Darcy()
X, Y = (MESH := shapes.l_shape(0.05)).points.T
MESH = MESH.with_data({"permeability": np.exp(np.sin(9 * X) * np.cos(7 * Y))})


def predicted() -> Mesh:
    return CoarseSolve(PROBLEM, nodes=80).prolonged(MESH, ["u"])


def test_to_a_tolerance_it_ends_at_the_discrete_solution() -> None:
    found, exact = polish(PROBLEM, predicted(), 1e-11), PROBLEM.solve(MESH)
    assert found.converged
    assert found.after <= 1e-11 < found.before
    for data, expected in ((found.mesh.cell_data, exact.cell_data), (found.mesh.point_data, exact.point_data)):
        assert np.abs(data["u"] - expected["u"]).max() < 1e-9 * np.abs(expected["u"]).max()
    assert np.abs(found.mesh.cell_data["residual"]).max() < 1e-8


def test_each_step_brings_the_residual_down_and_as_many_are_taken_as_asked_for() -> None:
    steps = [polish(PROBLEM, predicted(), n) for n in (1, 2, 4)]
    assert [found.iterations for found in steps] == [1, 2, 4]
    assert [found.before for found in steps] == [steps[0].before] * 3
    assert steps[0].before > steps[0].after > 5 * steps[1].after > 25 * steps[2].after


def test_a_start_near_the_solution_saves_iterations_and_none_saves_none() -> None:
    near = polish(PROBLEM, PROBLEM.solve(MESH), 1e-6)
    coarse = polish(PROBLEM, predicted(), 1e-6)
    none = polish(PROBLEM, PROBLEM.start(MESH), 1e-6)
    assert near.saved >= coarse.saved >= 1
    assert none.saved == 0
    assert none.before == pytest.approx(1.0, rel=1e-12)
    assert near.numbers()["iterations"] + near.numbers()["saved"] == near.from_start


def test_the_solution_itself_needs_no_iterations() -> None:
    problem, source = Diffusion(MESH, {"*": Dirichlet(0.0)}), 3.0
    exact = problem.solve(2.0, source)
    again = problem.improve(exact.u, 2.0, source, tolerance=1e-9)
    assert again.report.iterations == 0
    assert np.array_equal(again.u, exact.u)
    assert float(sum(again.flux.values())) == pytest.approx(source * 0.75, rel=1e-8)


@pytest.mark.parametrize("shape", ["rough", "smooth"])
def test_a_v_cycle_takes_off_what_is_rough_and_what_is_smooth(shape: str) -> None:
    exact = PROBLEM.solve(MESH)
    error = {"rough": np.random.default_rng(0).normal(size=len(X)), "smooth": np.sin(np.pi * X) * np.sin(np.pi * Y)}
    given = {**MESH.point_data, "u": exact.point_data["u"] + 0.1 * exact.point_data["u"].max() * error[shape]}
    start = MESH.with_data(given)
    left = [
        np.linalg.norm(mesh.cell_data["u"] - exact.cell_data["u"])
        for mesh in (PROBLEM.cycle(start), start.with_data(cell_data={"u": corner_mean(MESH, given["u"])}))
    ]
    assert left[0] < 0.15 * left[1]


def test_a_problem_that_is_at_rest_stays_there() -> None:
    found = polish(Darcy(source=0.0), PROBLEM.start(MESH), 1e-8)
    assert (found.iterations, found.before, found.after) == (0, 0.0, 0.0)
    assert not found.mesh.cell_data["u"].any()


def test_a_flow_of_a_gas_is_polished_from_its_neighbor_and_saves_steps() -> None:
    family, mesh = AirfoilFlow(), shapes.airfoil_o(shapes.naca("0012"), around=24, outward=10)
    exact, near = (family.solve(mesh, mach=0.5, alpha=alpha) for alpha in (2.0, 1.8))
    stream = {name: np.full(mesh.num_points, value) for name, value in (("mach", 0.5), ("alpha", 2.0))}
    fields = {name: getattr(near, name).numpy() for name in ("density", "velocity", "pressure")}
    predicted = mesh.with_data(stream | fields)
    found, one = (polish(family, predicted, amount) for amount in (1e-8, 1))
    assert found.converged
    assert found.saved >= 2
    assert np.abs(found.mesh.point_data["pressure"] - exact.pressure.numpy()).max() < 1e-6
    assert (one.iterations, one.before) == (1, found.before)
    assert one.after < 0.5 * one.before
    with pytest.raises(DataError, match="no 'alpha'"):
        polish(family, mesh.with_data(fields | {"mach": stream["mach"]}), 3)


@pytest.mark.parametrize("amount", [0.0, -1.0, 2.5, float("nan")])
def test_amounts_that_say_nothing_are_refused(amount: float) -> None:
    with pytest.raises(ConfigError, match="cannot be polished by"):
        polish(PROBLEM, predicted(), amount)


def test_what_cannot_be_improved_is_refused() -> None:
    with pytest.raises(ConfigError, match="takes no field to start from"):
        Problem.improve(PROBLEM, MESH, tolerance=1e-3, steps=1)
    with pytest.raises(ConfigError, match="steps 0"):
        Diffusion(MESH, {"*": Dirichlet(0.0)}).improve(np.zeros(MESH.num_cells), 1.0, 1.0, steps=0)
    with pytest.raises(SolverError):
        Diffusion(MESH, {"*": Neumann(0.0)}).improve(np.zeros(MESH.num_cells), 1.0, 1.0)
