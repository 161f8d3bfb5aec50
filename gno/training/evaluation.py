"""Evaluation of a model on samples it has not seen, beside the plain solver and the baseline of the problem."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from gno.datasets import MeshDataset
from gno.errors import SolverError
from gno.files import check_folder, make_folder, write_text
from gno.mesh import Mesh, node_volume
from gno.models import Propagator
from gno.models.features.channel import Channel
from gno.models.operator.coarse_cells import CELL_ERRORS, cell_errors, has_cells
from gno.models.operator.guard import IS_CORRECTED
from gno.models.operator.novelty import NOVELTY
from gno.models.saved import load
from gno.problems import Problem, problem_of
from gno.problems.misfit import relative_misfit
from gno.problems.registry import family_of
from gno.training.coverage import Coverage
from gno.training.environment import as_device, environment
from gno.training.gradient import SimplexGradient
from gno.training.history import Row, csv_text
from gno.training.methods import Fields, Method, methods_of
from gno.training.metrics import rmse_minmax
from gno.training.outside import Outside
from gno.training.progress import Event, Progress, silent
from gno.training.validation import FieldErrors, field_errors, mean_errors

RMSE = "rmse_minmax"


class Compared(NamedTuple):
    """What a method makes of one sample.

    Args:
        fields: target to values at the nodes.
        novelty: of the nodes, where the method knows it.
        errors: of each target.
        numbers: time, and errors of all targets together.
    """

    fields: Fields
    novelty: np.ndarray | None
    errors: FieldErrors
    numbers: dict[str, float]


def evaluate(
    model: str | os.PathLike[str],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    split: str = "test",
    strict: bool = False,
    device: str = "cpu",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Errors and times of a model over a split, and those of the solvers of the dataset's problem.

    ``out`` gets ``metrics.json``, what this returns, and ``per_sample.csv``, one row a sample. The errors are means
    over samples: ``relative_l2``, ``relative_h1``, ``relative_max``, and ``seconds`` per sample from mesh to fields;
    and ``relative_residual``, as of ``gno.problems.misfit``, where the dataset names a problem of ours.
    ``rmse_minmax`` is over all nodes of all samples, of the targets scaled by the ranges that the model has seen.
    The same with ``baseline_`` is the problem's solution with the mean coefficients, and with ``solver_`` the plain
    solver on the sample's own mesh. A model with a coarse solution inside stands beside ``coarse_``, that solution at
    the nodes of the fine mesh, and one that corrects it beside ``finer_``, too: the same with edges half as long, or on
    the sample's own mesh where that is no finer; and, where the problem knows one, beside ``cycle_``: the coarse
    solution after one V-cycle of multigrid on the sample's own mesh. These have the equations of the problem;
    ``learned_`` is the coarse solution with learned ones, where a corrector has them. Where they are all that is
    learned, ``cells_`` is the error in the cells of the coarse mesh, and ``coarse_cells_`` that of the problem's own
    equations there. ``num_corrected`` is how many corrections the guard of such a model let pass. Of more than one
    target there are also the errors of each, with its name behind. ``outside`` is how many samples lie outside the
    ranges of the training, ``warnings`` has a line that says by how much. ``bands`` has, for each target and level of
    the error bands of a calibrated model, the share of the volume that lies inside, and of the samples whose relative
    L2 error lies below its bound; ``coverage`` of a sample is that share of it. ``novelty_rank_correlation`` is that of
    the samples' mean novelty and their errors. Of a model in time, see ``gno.training.evaluation_in_time``.

    Args:
        model: a model file.
        data: dataset.
        out: folder; it is made.
        split: of the dataset.
        strict: whether to refuse samples outside the ranges of the training.
        device: ``cpu``, ``cuda``, ``auto``.
        progress: told after every sample.

    Raises:
        ModelError: a model file that cannot be used.
        DataError: a dataset without the fields that the model needs, or files that cannot be used; ``strict``, and a
            sample lies outside.
        ConfigError: an empty split.
        ResourceError: the folder cannot be made, or the disk is full.
    """
    where, tell = as_device(device), progress or silent
    check_folder(Path(out))
    loaded = load(model)
    if isinstance(loaded, Propagator):
        from gno.training.evaluation_in_time import evaluate_in_time

        return evaluate_in_time(loaded, model, data, out, split=split, strict=strict, device=device, progress=progress)
    operator = loaded.to(where).eval()
    with MeshDataset(data, split, params=operator.params) as dataset:
        names = [channel.spec.name for channel in operator.targets]
        for name in names:
            dataset.field(name)
        if strict:
            Outside.of(operator, dataset.attributes, ((sample.index, sample.mesh) for sample in dataset)).refuse(data)
        problem = _problem(dataset, names, tell)
        methods = methods_of(operator, problem, names)
        methods[""](dataset[0].mesh.without(names))  # the first prediction of a process is slower than later ones
        rows, outside, coverage = list[Row](), Outside(operator, dataset.attributes), Coverage(operator)
        errors: dict[str, list[FieldErrors]] = {method: [] for method in methods}
        for number, sample in enumerate(dataset):
            compared = _compared(sample.mesh, methods, operator.targets, problem)
            row: dict[str, float | int] = {"sample": sample.index, "nodes": sample.mesh.num_points}
            coverage.add(sample.mesh, compared[""].fields)
            for method, found in compared.items():
                errors[method].append(found.errors)
                row |= {method + name: n for name, n in (mean_errors([found.errors]) | found.numbers).items()}
            row |= cell_errors(operator, sample.mesh) if has_cells(operator) else {}
            outside.add(sample.index, sample.mesh, compared[""].novelty)
            rows.append(row | outside.row(sample.index) | coverage.row())
            mean = sum(r["relative_l2"] for r in rows) / len(rows)
            tell(Event("evaluation", number + 1, len(dataset), {"relative_l2": mean}, milestone=True))
        attributes = dict(dataset.attributes)
    metrics = _metrics(rows, errors) | {"split": split, "model": str(model), "data": str(data)}
    metrics |= {"pde": str(attributes.get("pde", "")), "environment": environment(where)}
    metrics |= outside.numbers() | coverage.numbers()
    _write(Path(out), metrics, rows)
    return metrics


def _problem(dataset: MeshDataset, names: list[str], tell: Progress) -> Problem | None:
    """The problem that made the dataset, where it is one of ours."""
    problem = problem_of(dataset.attributes)
    if problem is not None and set(names) == {spec.name for spec in problem.fields if spec.role == "target"}:
        return problem
    if problem is None and family_of(dataset.attributes) is not None:
        why = f"the plain solver of {dataset.attributes['pde']!r} takes no mesh at hand"
    else:
        why = f"{dataset.path} names no problem of ours"
    tell(Event("evaluation", 0, len(dataset), message=f"{why}: the model is compared with no solver on the fine mesh"))
    return None


def _compared(
    mesh: Mesh, methods: Mapping[str, Method], targets: Sequence[Channel], problem: Problem | None
) -> dict[str, Compared]:
    truth = {channel.spec.name: channel.values(mesh) for channel in targets}
    weight, gradient = torch.from_numpy(node_volume(mesh)), SimplexGradient.of(mesh, torch.float64)
    result = {}
    for method, find in methods.items():
        given = mesh.without(truth)  # another one each time: each method finds its faces in its own time
        begun = time.perf_counter()
        try:
            found = find(given)
        except SolverError:
            if method == "":
                raise
            found = {name: np.full(np.shape(values), math.nan) for name, values in truth.items()}
        seconds = time.perf_counter() - begun
        arrays = {name: np.asarray(found[name], dtype=np.float64).reshape(u.shape) for name, u in truth.items()}
        fields = {name: torch.from_numpy(values) for name, values in arrays.items()}
        numbers = {"seconds": seconds} | _rmse(fields, truth, targets)
        if IS_CORRECTED in found:
            numbers[IS_CORRECTED] = float(np.mean(found[IS_CORRECTED]))
        if problem is not None:
            numbers["relative_residual"] = relative_misfit(problem, given, {name: found[name] for name in truth})
        result[method] = Compared(arrays, found.get(NOVELTY), field_errors(fields, truth, weight, gradient), numbers)
    return result


def _rmse(fields: Mapping[str, Tensor], truth: Mapping[str, Tensor], targets: Sequence[Channel]) -> dict[str, float]:
    """Of all targets as the components of one field; of more than one, also of each."""

    def of(some: Sequence[Channel]) -> float:
        v, u = (torch.cat([values[c.spec.name] for c in some], dim=1) for values in (fields, truth))
        low, high = (u.new_tensor([x for c in some for x in getattr(c, end)]) for end in ("low", "high"))
        return float(rmse_minmax(v, u, low, high))

    each = {f"{RMSE}_{channel.spec.name}": of([channel]) for channel in targets}
    return {RMSE: of(targets)} | (each if len(targets) > 1 else {})


def _metrics(rows: list[Row], errors: Mapping[str, list[FieldErrors]]) -> dict[str, Any]:
    metrics: dict[str, Any] = {"num_samples": len(rows)}
    for name in (name for name in rows[0] if name in CELL_ERRORS):
        metrics[name] = sum(row[name] for row in rows) / len(rows)
    for method, found in errors.items():
        metrics |= {method + name: number for name, number in mean_errors(found).items()}
        for name in ("seconds", "relative_residual"):
            if method + name in rows[0]:
                metrics[method + name] = sum(row[method + name] for row in rows) / len(rows)
        for name in (name for name in rows[0] if name.startswith(method + RMSE)):
            metrics[name] = _over_nodes(rows, name)
    if IS_CORRECTED in rows[0]:
        metrics["num_corrected"] = int(sum(row[IS_CORRECTED] for row in rows))
    metrics |= _novelty(rows)
    order = sorted(rows, key=lambda row: row["relative_l2"])
    places = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    return metrics | {f"{name}_sample": row["sample"] for name, row in places.items()}


def _novelty(rows: list[Row]) -> dict[str, float]:
    """Whether samples that are new have larger errors, where that can be said."""
    if len(rows) < 3 or "novelty" not in rows[0]:
        return {}
    new, errors = (np.array([row[name] for row in rows]) for name in ("novelty", "relative_l2"))
    if np.ptp(new) == 0 or np.ptp(errors) == 0:
        return {}
    return {"novelty_rank_correlation": float(spearmanr(new, errors).statistic)}


def _over_nodes(rows: list[Row], name: str) -> float:
    """Root mean square over all nodes, of those over the nodes of each sample."""
    total: float = sum(row["nodes"] * row[name] ** 2 for row in rows)
    return math.sqrt(total / sum(row["nodes"] for row in rows))


def _write(out: Path, metrics: Mapping[str, Any], rows: list[Row]) -> None:
    make_folder(out)
    finite = {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in metrics.items()}
    write_text(out / "per_sample.csv", csv_text(rows))
    write_text(out / "metrics.json", json.dumps(finite, indent=2) + "\n")
