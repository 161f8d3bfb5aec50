"""The solver beside those that learn: on ever finer meshes of the test samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from gno.bench.accuracy.case import Case
from gno.bench.accuracy.contest import Contest
from gno.bench.accuracy.equations import equations_of
from gno.bench.accuracy.measured import Prepare, fields_of, measured
from gno.bench.accuracy.score import Fields
from gno.datasets import Sample
from gno.errors import ConfigError
from gno.mesh import coarsen
from gno.models import CoarseSolve
from gno.models.coarse.mesh_solver import MeshSolver
from gno.problems import AirfoilFlow, Burgers

SHARES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Nodes of the meshes that the solver runs on, over those of a sample."""
_FEWEST = 25  # a square cannot be coarsened further


def solver_rows(contest: Contest) -> list[dict[str, Any]]:
    """The plain solver on coarse meshes of the test domains, interpolated; and on the samples' own meshes.

    Labels that were solved on the samples' own meshes are left out: they are what is asked for.

    Args:
        contest: whose test samples they are.

    Raises:
        ConfigError: a problem without a solver for coarser meshes.
    """
    return [
        {"nodes": size, **measured(prepare, contest.file(), contest.case)} for size, prepare in _solvers(contest.case)
    ]


def _solvers(case: Case) -> Iterator[tuple[int, Prepare]]:
    """Sizes, coarse to fine, and what solves a sample there."""
    problem, equations = case.problem_on(1.0), equations_of(case.problem_on(1.0))
    shares = [share for share in SHARES if share < 1.0 or not isinstance(problem, AirfoilFlow)]
    if case.solver:
        for option, values in case.solver.items():
            for value in values:
                yield value, partial(_again, replace(case, options={**case.options, option: value}))
    elif equations is not None:
        for share in shares:
            if share * case.nodes >= _FEWEST:
                yield round(share * case.nodes), partial(_on_mesh, equations, case.targets, share)
    elif isinstance(problem, Burgers):
        for share in shares:
            if share * case.nodes >= 8:
                yield round(share * case.nodes), partial(_on_circle, problem, share)
    else:
        raise ConfigError(f"no solver of {problem.name} runs on coarser meshes", fix="leave it out of the contest")


def _again(coarser: Case, sample: Sample) -> Callable[[], Fields]:
    """The sample as the problem has it with a coarser solver, at the same nodes."""
    solve = coarser.problem_on(1.0).prepared(sample.index)

    def find() -> Fields:
        series = solve().point_series or {}
        return {name: series[name][:: coarser.stride][1:] for name in coarser.targets}

    return find


def _on_mesh(equations: MeshSolver, names: Sequence[str], share: float, sample: Sample) -> Callable[[], Fields]:
    """Finite volumes on a coarse mesh, which is there before the clock starts, as a user would have it made."""
    mesh = sample.mesh
    if share == 1.0:
        return lambda: fields_of(equations.solve(mesh), names)
    coarse = CoarseSolve(equations, mesh=coarsen(mesh, round(share * mesh.num_points)))
    return lambda: fields_of(coarse.prolonged(mesh, names), names)


def _on_circle(problem: Burgers, share: float, sample: Sample) -> Callable[[], Fields]:
    """The spectral solver on fewer points."""
    points = round(share * sample.mesh.num_points / 2)  # the mesh has two rows of them
    return lambda: fields_of(problem.solve(sample.mesh, points), ["u"])
