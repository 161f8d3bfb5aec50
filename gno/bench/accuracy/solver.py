"""The solver beside those that learn: on ever finer meshes of the test samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gno.bench.accuracy.contest import Contest
from gno.bench.accuracy.measured import Find, fields_of, measured
from gno.errors import ConfigError
from gno.mesh import Mesh, coarsen
from gno.models import CoarseSolve
from gno.problems import Burgers, Family, Problem

SHARES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Nodes of the meshes that the solver runs on, over those of a sample."""


def solver_rows(contest: Contest) -> list[dict[str, Any]]:
    """The plain solver on coarse meshes of the test domains, interpolated; and on the samples' own meshes.

    Args:
        contest: whose test samples they are.

    Raises:
        ConfigError: a problem without a solver for coarser meshes.
    """
    problem, nodes = contest.case.problem_on(1.0), contest.case.nodes
    solver, fewest = _of(problem)
    return [
        {"nodes": round(share * nodes), **measured(partial(solver, share), contest.file(), problem)}
        for share in SHARES
        if share * nodes >= fewest
    ]


def _of(problem: Family) -> tuple[Callable[[float, Mesh], Find], int]:
    """What solves a problem with a share of the nodes, and on how many at least."""
    if isinstance(problem, Problem):
        return partial(_on_mesh, problem), 25  # a square cannot be coarsened further
    if isinstance(problem, Burgers):
        return partial(_on_circle, problem), 8
    raise ConfigError(f"no solver of {problem.name} runs on coarser meshes", fix="leave it out of the contest")


def _on_mesh(problem: Problem, share: float, mesh: Mesh) -> Find:
    """Finite volumes on a coarse mesh, which is there before the clock starts, as a user would have it made."""
    names = [spec.name for spec in problem.fields if spec.role == "target"]
    if share == 1.0:
        return lambda given: fields_of(problem.solve(given), names)
    coarse = CoarseSolve(problem, mesh=coarsen(mesh, round(share * mesh.num_points)))
    return lambda given: fields_of(coarse.prolonged(given, names), names)


def _on_circle(problem: Burgers, share: float, mesh: Mesh) -> Find:
    """The spectral solver on fewer points."""
    points = round(share * mesh.num_points / 2)  # the mesh has two rows of them
    return lambda given: fields_of(problem.solve(given, points), ["u"])
