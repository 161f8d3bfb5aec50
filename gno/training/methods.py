"""The methods that an evaluation compares: the model, the plain solver, and the coarse solution inside of a hybrid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from gno.mesh import Mesh
from gno.models import CFDGCN, Operator
from gno.models.hybrids.coarse_solution import CoarseSolution
from gno.models.hybrids.learned_upscaling import LearnedUpscaling
from gno.models.hybrids.solver_corrector import SolverCorrector
from gno.models.operator.coarse_cells import has_cells, learned_solve
from gno.models.operator.coarse_graph import coarse_of, prolonged
from gno.models.operator.guard import IS_CORRECTED
from gno.models.operator.novelty import NOVELTY
from gno.problems import Problem

Fields = dict[str, np.ndarray]
Method = Callable[[Mesh], Fields]
"""What finds the targets at the nodes of a mesh."""


def methods_of(operator: Operator, problem: Problem | None, names: list[str]) -> dict[str, Method]:
    """Each method by what stands before its errors, the model itself by the empty name.

    The model finds the novelty of the nodes, too, where it knows what is new, and whether a correction was let pass.

    Args:
        operator: the model.
        problem: of the dataset, where it is one of ours.
        names: of the targets.
    """
    return {"": _predictor(operator, names)} | _solvers(problem, names) | _coarse(operator, names)


def _predictor(operator: Operator, names: list[str]) -> Method:
    def predict(mesh: Mesh) -> Fields:
        found = operator.predict(mesh).point_data
        return {name: found[name] for name in (*names, NOVELTY, IS_CORRECTED) if name in found}

    return predict


def _solvers(problem: Problem | None, names: list[str]) -> dict[str, Method]:
    """The baseline and the plain solver of the problem."""
    if problem is None:
        return {}

    def solve(mesh: Mesh) -> Fields:
        found = problem.solve(mesh).point_data
        return {name: found[name] for name in names}

    def baseline(mesh: Mesh) -> Fields:
        return {names[0]: problem.baseline(mesh)}

    methods: dict[str, Method] = {"solver_": solve}
    return methods | {"baseline_": baseline} if len(names) == 1 else methods


def _coarse(operator: Operator, names: list[str]) -> dict[str, Method]:
    """The coarse solver inside of the model: alone, finer, after a V-cycle; with what was learned of it."""
    if isinstance(operator.network, CFDGCN):
        return _on_learned_mesh(operator, operator.network.coarse, names)
    if not isinstance(operator.network, SolverCorrector | LearnedUpscaling):
        return {}
    inside = learned_solve(operator) if has_cells(operator) else coarse_of(operator)
    plain = inside.plain()

    def fields(found: Mesh) -> Fields:
        return {name: found.point_data[name] for name in names}

    def coarser(mesh: Mesh) -> Fields:
        return fields(prolonged(operator, mesh, plain))

    def finer(mesh: Mesh) -> Fields:
        near = plain.finer()
        whole = near.nodes >= mesh.num_points  # no mesh between the coarse and the fine one
        return fields(near.equations.solve(mesh) if whole else near.prolonged(mesh, names))

    def cycled(mesh: Mesh) -> Fields:
        return fields(plain.cycled(prolonged(operator, mesh, plain)))

    def learned(mesh: Mesh) -> Fields:
        return fields(prolonged(operator, mesh, inside))

    methods: dict[str, Method] = {"coarse_": coarser, "finer_": finer}
    methods |= {"cycle_": cycled} if plain.has_cycle else {}
    return methods | {"learned_": learned} if inside.upscaling is not None and not has_cells(operator) else methods


def _on_learned_mesh(operator: Operator, coarse: CoarseSolution, names: list[str]) -> dict[str, Method]:
    """The coarse solution of ``CFDGCN``, where it has all targets."""
    if coarse.names != names:
        return {}

    @torch.no_grad()
    def interpolated(mesh: Mesh) -> Fields:
        graph = operator.graph(mesh).to(next(operator.parameters()).device)
        return {name: values.cpu().double().numpy() for name, values in operator.fields(coarse(graph)).items()}

    return {"coarse_": interpolated}
