"""The rows: a network, kernel ridge regression, and a state that stands still."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gno.bench.accuracy.contest import Contest
from gno.bench.accuracy.measured import Prepare, fields_of, measured
from gno.bench.accuracy.peers import PERSISTENCE, RIDGE, recipe
from gno.bench.accuracy.ridge import KernelRidge
from gno.bench.accuracy.score import Fields
from gno.datasets import MeshDataset, Sample
from gno.files import make_folder, write_text
from gno.mesh import Mesh
from gno.models import Operator, Propagator
from gno.models.in_time.series import series_of
from gno.models.saved import load
from gno.training import train
from gno.training.progress import Progress


def network_row(contest: Contest, peer: str, seed: int, tell: Progress) -> dict[str, Any]:
    """Train a network, and measure it on all meshes.

    Args:
        contest: that it takes part in.
        peer: its name.
        seed: of the run.
        tell: told of its training.
    """
    case = contest.case
    rules = recipe(peer, case, seconds=contest.seconds, seed=seed, threads=contest.threads)
    run = train(rules, contest.file(), contest.run(peer, seed), resume=True, progress=tell)
    model = load(run.model).eval()
    about = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": sum(row["seconds"] for row in run.history),
        "epochs": len(run.history),
    }
    find = partial(_rollout, model) if isinstance(model, Propagator) else partial(_prediction, model)
    return {"peer": peer, "seed": seed, **about, "on": on_all(contest, find)}


def ridge_row(contest: Contest, seed: int) -> dict[str, Any]:
    """Fit kernel ridge regression, and measure it on all meshes.

    Args:
        contest: that it takes part in.
        seed: of the row; nothing is drawn at random.
    """
    told, begun = contest.case.one_to_one(RIDGE), time.process_time()
    with MeshDataset(contest.file(), "train") as dataset:
        fitted = KernelRidge.fit([sample.mesh for sample in dataset], **told)
    about = {"parameters": fitted.num_parameters, "seconds": time.process_time() - begun, "epochs": 1}
    return {"peer": RIDGE, "seed": seed, **about, "on": on_all(contest, of_meshes(fitted.predict))}


def persistence_row(contest: Contest, seed: int) -> dict[str, Any]:
    """Measure the first states of the trajectories, which stand still, on all meshes.

    Args:
        contest: whose trajectories they are.
        seed: of the row; nothing is drawn at random.
    """

    def prepare(sample: Sample) -> Callable[[], Fields]:
        series = {name: sample.point_series[name] for name in contest.case.targets}
        return lambda: {name: np.broadcast_to(u[:1], u[1:].shape) for name, u in series.items()}

    about = {"parameters": 0, "seconds": 0.0, "epochs": 0}
    return {"peer": PERSISTENCE, "seed": seed, **about, "on": on_all(contest, prepare)}


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """What a file holds, made and written where it is not there.

    Args:
        path: JSON.
        make: what is written.
    """
    if path.exists():
        return json.loads(path.read_text())
    found = make()
    make_folder(path.parent)
    write_text(path, json.dumps(found, indent=2) + "\n")
    return found


def of_meshes(find: Callable[[Mesh], Fields]) -> Prepare:
    """What finds the targets of samples, where their meshes suffice for it and nothing is done before the clock starts.

    Args:
        find: finds the targets of a mesh.
    """
    return lambda sample: partial(find, sample.mesh)


def on_all(contest: Contest, prepare: Prepare) -> dict[str, dict[str, float]]:
    """What ``measured`` finds on the mesh of the training and on all others.

    Args:
        contest: whose test samples they are.
        prepare: gives what finds the targets of a sample.
    """
    with torch.no_grad():
        return {
            mesh or "same": measured(prepare, contest.file(mesh), contest.case) for mesh in ("", *contest.case.meshes)
        }


def _prediction(operator: Operator, sample: Sample) -> Callable[[], Fields]:
    names = [channel.spec.name for channel in operator.targets]
    return lambda: fields_of(operator.predict(sample.mesh), names)


def _rollout(propagator: Propagator, sample: Sample) -> Callable[[], Fields]:
    """From the first state on; given nodes have the values of the trajectory."""
    graph, truth = propagator.graph(sample.mesh), torch.from_numpy(series_of(sample, propagator.states)).float()
    steps = np.diff(np.asarray(sample.time)).tolist()

    def find() -> Fields:
        states = torch.stack(list(propagator.rollout(graph, truth[0], steps, truth[1:])))
        return {name: values.numpy() for name, values in propagator.fields(states).items()}

    return find
