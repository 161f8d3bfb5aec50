"""Errors and time of whatever finds the targets of test samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gno.bench.accuracy.case import Case
from gno.bench.accuracy.score import Fields, score
from gno.datasets import MeshDataset, Sample
from gno.mesh import Mesh

Prepare = Callable[[Sample], Callable[[], Fields]]
"""Gives what finds the targets of a sample."""


def measured(prepare: Prepare, path: Path, case: Case) -> dict[str, float]:
    """Means over the test samples of a dataset.

    Args:
        prepare: is done before the clock starts; what it gives is measured.
        path: of the dataset.
        case: whose samples they are. A trajectory has those instants that a network steps to.

    Returns:
        what ``score`` finds, and CPU ``seconds``: from mesh to fields, or of a step.
    """
    rows: list[dict[str, float]] = []
    with MeshDataset(path, "test", params=case.params) as dataset:
        for i in range(len(dataset)):
            sample = dataset.window(i, 0, dataset[i].num_instants, case.stride) if case.time else dataset[i]
            given = replace(sample, mesh=sample.mesh.without(case.targets))
            if not rows:
                prepare(given)()  # the first one of a process is slower
            find = prepare(given)
            begun = time.process_time()
            found = find()
            seconds = (time.process_time() - begun) / max(sample.num_instants - 1, 1)
            rows.append({"seconds": seconds, **score(case, sample, found)})
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def fields_of(mesh: Mesh, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Fields at the nodes of a mesh, by name.

    Args:
        mesh: that has them.
        names: of the fields.
    """
    return {name: mesh.point_data[name] for name in names}
