"""The rows of those that learn: a network, and kernel ridge regression."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gno.bench.accuracy.case import RIDGE
from gno.bench.accuracy.contest import Contest
from gno.bench.accuracy.measured import Find, fields_of, measured
from gno.bench.accuracy.peers import recipe
from gno.bench.accuracy.ridge import KernelRidge
from gno.datasets import MeshDataset
from gno.files import make_folder, write_text
from gno.mesh import Mesh
from gno.models import Operator
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
    operator = Operator.load(run.model).eval()
    names = [channel.spec.name for channel in operator.targets]

    def find(mesh: Mesh) -> dict[str, np.ndarray]:
        return fields_of(operator.predict(mesh), names)

    about = {
        "parameters": sum(p.numel() for p in operator.parameters()),
        "seconds": sum(row["seconds"] for row in run.history),
        "epochs": len(run.history),
    }
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
    return {"peer": RIDGE, "seed": seed, **about, "on": on_all(contest, fitted.predict)}


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


def on_all(contest: Contest, find: Find) -> dict[str, dict[str, float | None]]:
    """What ``measured`` finds on the mesh of the training and on all others.

    Args:
        contest: whose test samples they are.
        find: finds the targets.
    """
    case = contest.case
    meshes = {"": 1.0, **case.meshes}
    with torch.no_grad():
        return {
            mesh or "same": measured(lambda _: find, contest.file(mesh), case.problem_on(share))
            for mesh, share in meshes.items()
        }
