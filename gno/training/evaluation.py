"""Evaluation of a model on samples it has not seen, beside the plain solver and the baseline of the problem."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gno.datasets import MeshDataset
from gno.errors import SolverError
from gno.files import check_folder, make_folder, write_text
from gno.mesh import Mesh, node_volume
from gno.models import Operator
from gno.models.channel import Channel
from gno.problems import problem_of
from gno.training.environment import as_device, environment
from gno.training.gradient import SimplexGradient
from gno.training.history import Row, csv_text
from gno.training.progress import Event, Progress, silent
from gno.training.validation import FieldErrors, field_errors, mean_errors

Fields = dict[str, np.ndarray]
Method = Callable[[Mesh], Fields]
"""What finds the targets at the nodes of a mesh."""


def evaluate(
    model: str | os.PathLike[str],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    split: str = "test",
    device: str = "cpu",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Errors and times of a model over a split, and those of the solvers of the dataset's problem.

    ``out`` gets ``metrics.json``, what this returns, and ``per_sample.csv``, one row a sample. The errors are means
    over samples: ``relative_l2``, ``relative_h1``, ``relative_max``, and ``seconds`` per sample from mesh to fields.
    The same with ``baseline_`` is the problem's solution with the mean coefficients, and with ``solver_`` the plain
    solver on the sample's own mesh. Of more than one target there are also the errors of each, with its name behind.

    Args:
        model: a model file.
        data: dataset.
        out: folder; it is made.
        split: of the dataset.
        device: ``cpu``, ``cuda``, ``auto``.
        progress: told after every sample.

    Raises:
        ModelError: a model file that cannot be used.
        DataError: a dataset without the fields that the model needs, or files that cannot be used.
        ConfigError: an empty split.
        ResourceError: the folder cannot be made, or the disk is full.
    """
    where, tell = as_device(device), progress or silent
    check_folder(Path(out))
    operator = Operator.load(model).to(where).eval()
    with MeshDataset(data, split, params=operator.params) as dataset:
        names = [channel.spec.name for channel in operator.targets]
        for name in names:
            dataset.field(name)
        methods = {"": _predictor(operator, names)} | _solvers(dataset, names, tell)
        methods[""](_without(dataset[0].mesh, names))  # the first prediction of a process is slower than later ones
        rows: list[Row] = []
        errors: dict[str, list[FieldErrors]] = {method: [] for method in methods}
        for number, sample in enumerate(dataset):
            compared = _compared(sample.mesh, methods, operator.targets)
            row: dict[str, float | int] = {"sample": sample.index, "nodes": sample.mesh.num_points}
            for method, (fields, seconds) in compared.items():
                errors[method].append(fields)
                numbers = mean_errors([fields]) | {"seconds": seconds}
                row |= {method + name: number for name, number in numbers.items()}
            rows.append(row)
            mean = sum(r["relative_l2"] for r in rows) / len(rows)
            tell(Event("evaluation", number + 1, len(dataset), {"relative_l2": mean}, milestone=True))
        attributes = dict(dataset.attributes)
    metrics = _metrics(rows, errors) | {"split": split, "model": str(model), "data": str(data)}
    metrics |= {"pde": str(attributes.get("pde", "")), "environment": environment(where)}
    _write(Path(out), metrics, rows)
    return metrics


def _predictor(operator: Operator, names: list[str]) -> Method:
    def predict(mesh: Mesh) -> Fields:
        found = operator.predict(mesh).point_data
        return {name: found[name] for name in names}

    return predict


def _solvers(dataset: MeshDataset, names: list[str], tell: Progress) -> dict[str, Method]:
    """The baseline and the plain solver of the problem that made the dataset, where it is one of ours."""
    problem = problem_of(dataset.attributes)
    if problem is None or set(names) != {spec.name for spec in problem.fields if spec.role == "target"}:
        message = f"{dataset.path} names no problem of ours: the model is compared with no solver"
        tell(Event("evaluation", 0, len(dataset), message=message))
        return {}

    def solve(mesh: Mesh) -> Fields:
        found = problem.solve(mesh).point_data
        return {name: found[name] for name in names}

    def baseline(mesh: Mesh) -> Fields:
        return {names[0]: problem.baseline(mesh)}

    methods: dict[str, Method] = {"solver_": solve}
    return methods | {"baseline_": baseline} if len(names) == 1 else methods


def _compared(
    mesh: Mesh, methods: Mapping[str, Method], targets: Sequence[Channel]
) -> dict[str, tuple[FieldErrors, float]]:
    truth = {channel.spec.name: channel.values(mesh) for channel in targets}
    weight, gradient = torch.from_numpy(node_volume(mesh)), SimplexGradient.of(mesh, torch.float64)
    result = {}
    for method, find in methods.items():
        given = _without(mesh, truth)  # another one each time: each method finds its faces in its own time
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
        result[method] = field_errors(fields, truth, weight, gradient), seconds
    return result


def _without(mesh: Mesh, names: Iterable[str]) -> Mesh:
    """The mesh without the fields that are to be found."""
    hidden = set(names)
    point, cell = (
        {name: values for name, values in data.items() if name not in hidden}
        for data in (mesh.point_data, mesh.cell_data)
    )
    return mesh.with_data(point, cell)


def _metrics(rows: list[Row], errors: Mapping[str, list[FieldErrors]]) -> dict[str, Any]:
    metrics: dict[str, Any] = {"num_samples": len(rows)}
    for method, found in errors.items():
        metrics |= {method + name: number for name, number in mean_errors(found).items()}
        metrics[f"{method}seconds"] = sum(row[f"{method}seconds"] for row in rows) / len(rows)
    order = sorted(rows, key=lambda row: row["relative_l2"])
    places = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    return metrics | {f"{name}_sample": row["sample"] for name, row in places.items()}


def _write(out: Path, metrics: Mapping[str, Any], rows: list[Row]) -> None:
    make_folder(out)
    finite = {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in metrics.items()}
    write_text(out / "per_sample.csv", csv_text(rows))
    write_text(out / "metrics.json", json.dumps(finite, indent=2) + "\n")
