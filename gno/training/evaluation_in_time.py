"""Evaluation of a model in time: its rollouts beside the trajectories, and beside a state that stands still."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from gno.datasets import MeshDataset, Sample
from gno.files import check_folder, make_folder, write_text
from gno.mesh import Mesh
from gno.models import Propagator
from gno.training.environment import as_device, environment
from gno.training.history import Row, csv_text
from gno.training.in_time import Curves, curves_of
from gno.training.outside import Outside
from gno.training.plain_steps import plain_rollouts
from gno.training.progress import Event, Progress, silent
from gno.training.rollouts import Rollout, rollout
from gno.training.spectrum import spectra
from gno.training.trajectories import Trajectories
from gno.training.wall_forces import ForceCurves, forces_of, viscosity_of

_MEMORY = 0.25  # GiB of graphs and states: those of a mesh that all trajectories share


def evaluate_in_time(
    propagator: Propagator,
    model: str | os.PathLike[str],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    split: str = "test",
    strict: bool = False,
    device: str = "cpu",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Errors of rollouts from the first instant of every trajectory of a split to its last.

    ``out`` gets ``metrics.json``, what this returns, ``per_sample.csv``, one row a trajectory, ``in_time.csv``, one row
    an instant, in a periodic box ``spectrum.csv``, one row a wave number, and where a flow has walls
    ``forces.csv``. ``relative_l2`` is the mean over the instants after the first, ``relative_l2_first`` and
    ``relative_l2_last`` that after the first and the last step;
    ``rmse_minmax`` is over instants and nodes, of fields scaled by the ranges that the model has seen;
    ``correlation_time`` says how long the correlation with the truth stays above 0.8; ``divergence``, where a velocity
    is predicted, is relative to its gradient, with that of the data as ``true_divergence``. The same with
    ``persistence_`` is that of the first state, which stands still; of a model that corrects a solver's steps, with
    ``coarse_`` that of the plain solver, and with ``finer_`` of that on a mesh twice as fine, both from the first state
    of the data. ``seconds`` is the time of a step, on a CPU that of its processor, without what a mesh costs once.
    ``outside`` is how many trajectories begin outside the ranges of the training, or have such steps; ``warnings`` has
    a line that says by how much.

    Args:
        propagator: the model.
        model: its file.
        data: dataset.
        out: folder; it is made.
        split: of the dataset.
        strict: whether to refuse trajectories outside the ranges of the training.
        device: ``cpu``, ``cuda``, ``auto``.
        progress: told after every trajectory.

    Raises:
        DataError: a dataset without the fields that the model needs, or files that cannot be used; ``strict``, and a
            trajectory lies outside.
        ConfigError: an empty split.
        ResourceError: the folder cannot be made, or the disk is full.
    """
    where, tell = as_device(device), progress or silent
    now = time.process_time if where.type == "cpu" else time.perf_counter
    check_folder(Path(out))
    propagator.to(where).eval()
    tables = _Tables()
    with MeshDataset(data, split, params=propagator.params) as dataset:
        for channel in propagator.states:
            dataset.field(channel.spec.name)
        trajectories = Trajectories(dataset, propagator, memory=_MEMORY)
        outside = Outside.of(propagator.operator, dataset.attributes, _beginnings(propagator, trajectories))
        if strict:
            outside.refuse(data)
        for i in range(len(dataset)):
            _ = trajectories[i]
            begun = now()
            one = rollout(propagator, trajectories, i, stride_of(propagator, trajectories.time(i)))
            seconds = (now() - begun) / max(len(one.time) - 1, 1)
            first = dataset.window(i, 0, 1)
            tables.add(
                propagator, first, one, viscosity=viscosity_of(first.params, dataset.attributes), seconds=seconds
            )
            error = _mean(tables.rows, "relative_l2")
            tell(Event("evaluation", i + 1, len(dataset), {"relative_l2": error}, milestone=True))
        attributes = dict(dataset.attributes)
    metrics = _metrics(tables.rows) | {"in_time": True, "split": split, "model": str(model), "data": str(data)}
    metrics |= {"pde": str(attributes.get("pde", "")), "environment": environment(where)} | outside.numbers()
    tables.rows = [row | outside.row(int(row["sample"])) for row in tables.rows]
    tables.write(Path(out), metrics)
    return metrics


def _beginnings(propagator: Propagator, trajectories: Trajectories) -> Iterator[tuple[int, Mesh]]:
    """Number of each trajectory and its first state, with its shortest step and with its longest."""
    for i in range(len(trajectories)):
        first, instants = trajectories.dataset.window(i, 0, 1), trajectories.time(i)
        steps = np.diff(instants[list(stride_of(propagator, instants))])
        for step in sorted({float(step) for step in (steps.min(), steps.max())} if len(steps) else ()):
            yield first.index, propagator.with_step(first.at(0), step)


class _Tables:
    """What is found of the trajectories, one after the other."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float | int]] = []
        self.curves: dict[str, list[Curves]] = {}
        self.waves: list[Row] = []
        self.forces: list[dict[str, Any]] = []

    def add(
        self, propagator: Propagator, first: Sample, one: Rollout, *, viscosity: float | None, seconds: float
    ) -> None:
        still = one._replace(prediction=one.truth[:1].expand_as(one.truth))
        row: dict[str, float | int] = {"sample": first.index, "nodes": first.mesh.num_points}
        plain = plain_rollouts(propagator, first.mesh, one)
        methods = {"": one, "persistence_": still} | {method: states for method, (states, _) in plain.items()}
        walls = forces_of(propagator, first.mesh, methods, viscosity)
        for method, states in methods.items():
            curves = curves_of(propagator, first.mesh, states)
            self.curves.setdefault(method, []).append(curves)
            row |= {method + name: number for name, number in curves.numbers().items()}
            row |= _force_errors(method, walls[method])
        self.forces += _forces(first.index, one.time, walls[""])
        self.waves += spectra(propagator, first.mesh, one)
        self.rows.append(
            row | {"seconds": seconds} | {f"{method}seconds": spent for method, (_, spent) in plain.items()}
        )

    def write(self, out: Path, metrics: Mapping[str, Any]) -> None:
        make_folder(out)
        finite = {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in metrics.items()}
        tables: dict[str, Sequence[Mapping[str, Any]]] = {
            "per_sample": self.rows,
            "in_time": _in_time(self.curves),
            "spectrum": _by_wave(self.waves),
            "forces": self.forces,
        }
        for name, rows in tables.items():
            if rows:
                write_text(out / f"{name}.csv", csv_text(rows))
        write_text(out / "metrics.json", json.dumps(finite, indent=2) + "\n")


def stride_of(propagator: Propagator, instants: Float[np.ndarray, " instants"]) -> range:
    """Instants of a trajectory that lie a step of the training apart: all, if these are no shorter.

    Args:
        propagator: the model, which knows the shortest step of its training.
        instants: of the trajectory.
    """
    least = propagator.operator.inputs[-1].low[0]
    usual = float(np.median(np.diff(instants))) if len(instants) > 1 else least
    stride = max(1, math.ceil(least / usual * (1 - 1e-6)))
    return range(0, len(instants), min(stride, max(len(instants) - 1, 1)))


def _metrics(rows: Sequence[Row]) -> dict[str, Any]:
    names = [name for name in rows[0] if name not in ("sample", "nodes") and all(name in row for row in rows)]
    metrics: dict[str, Any] = {"num_samples": len(rows)} | {name: _mean(rows, name) for name in names}
    order = sorted(rows, key=lambda row: row["relative_l2"])
    places = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    return metrics | {f"{name}_sample": row["sample"] for name, row in places.items()}


def _mean(rows: Sequence[Row], name: str) -> float:
    return sum(row[name] for row in rows) / len(rows)


def _in_time(found: Mapping[str, Sequence[Curves]]) -> list[Row]:
    """One row a step: the mean over the trajectories that have it, and of the model the middle 80 %."""
    result: list[Row] = []
    for step in range(max(len(curves.time) for curves in found[""])):
        own = {method: [c for c in curves if len(c.time) > step] for method, curves in found.items()}
        errors = {method: [float(c.error[step]) for c in curves] for method, curves in own.items()}
        low, high = np.percentile(errors[""], [10, 90])
        row = {"time": float(np.mean([c.time[step] - c.time[0] for c in own[""]]))}
        row |= {f"{method}relative_l2": float(np.mean(values)) for method, values in errors.items()}
        row |= {"relative_l2_p10": float(low), "relative_l2_p90": float(high)}
        row |= {f"{m}correlation": float(np.mean([c.correlation[step] for c in own[m]])) for m in own}
        if all(c.divergence is not None for c in own[""]):
            row["divergence"] = float(np.mean([c.divergence[step] for c in own[""] if c.divergence is not None]))
        result.append(row)
    return result


def _by_wave(rows: Sequence[Row]) -> list[Row]:
    """Means over the trajectories, a row a wave number."""
    groups: dict[float, list[Row]] = {}
    for row in rows:
        groups.setdefault(float(row["wave_number"]), []).append(row)
    return [{name: _mean(group, name) for name in group[0]} for _, group in sorted(groups.items())]


def _force_errors(method: str, walls: Mapping[str, ForceCurves]) -> dict[str, float]:
    """The mean over the walls, and each component on each."""
    if not walls:
        return {}
    each = {f"{name}_{axis}": e for name, wall in walls.items() for axis, e in wall.by_axis.items()}
    mean = {f"{method}force_error": float(np.mean([wall.error for wall in walls.values()]))}
    return mean | {f"{method}force_error_{place}": error for place, error in each.items()}


def _forces(sample: int, instants: np.ndarray, walls: Mapping[str, ForceCurves]) -> list[dict[str, Any]]:
    """One row an instant and a wall."""
    return [
        {"sample": sample, "time": float(time), "patch": patch}
        | {f"{kind}_{axis}": float(v) for kind, f in (("true", u), ("predicted", v_)) for axis, v in zip("xy", f)}
        for patch, wall in walls.items()
        for time, u, v_ in zip(instants, wall.truth, wall.prediction)
    ]
