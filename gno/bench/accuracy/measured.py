"""Error, time and residual of whatever finds fields on meshes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from gno.datasets import MeshDataset
from gno.mesh import Mesh, node_volume
from gno.problems import Family, Problem
from gno.problems.misfit import relative_misfit
from gno.training import relative_l2

Find = Callable[[Mesh], dict[str, np.ndarray]]
"""Finds the targets at the nodes of a mesh."""


def measured(find_on: Callable[[Mesh], Find], path: Path, problem: Family) -> dict[str, float | None]:
    """Means over the test samples of a dataset.

    Args:
        find_on: gives what is measured for a mesh; this is done before the clock starts.
        path: of the dataset.
        problem: that made it.

    Returns:
        ``error`` (relative L2), CPU ``seconds`` from mesh to fields, ``residual`` as of ``gno.problems.misfit``,
        where the problem is steady.
    """
    rows = []
    with MeshDataset(path, "test") as dataset:
        names = [spec.name for spec in problem.fields if spec.role == "target"]
        first = dataset[0].mesh.without(names)
        find_on(first)(first)  # the first one of a process is slower
        for sample in dataset:
            given = sample.mesh.without(names)
            find = find_on(given)
            begun = time.process_time()
            found = find(given)
            seconds = time.process_time() - begun
            rest = relative_misfit(problem, given, found) if isinstance(problem, Problem) else math.nan
            rows.append((_error(sample.mesh, found, names), seconds, rest))
    error, seconds, residual = np.mean(rows, axis=0).tolist()
    return {"error": error, "seconds": seconds, "residual": residual if isinstance(problem, Problem) else None}


def fields_of(mesh: Mesh, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Fields at the nodes of a mesh, by name.

    Args:
        mesh: that has them.
        names: of the fields.
    """
    return {name: mesh.point_data[name] for name in names}


def _error(mesh: Mesh, found: dict[str, np.ndarray], names: list[str]) -> float:
    weight = torch.from_numpy(node_volume(mesh))
    pairs = [(torch.as_tensor(found[n]).double(), torch.as_tensor(mesh.point_data[n]).double()) for n in names]
    return float(np.mean([float(relative_l2(v, u, weight)) for v, u in pairs]))
