"""What spectral steps of few points err on the torus, and what they and a corrected one cost.

``python training/bench/torus_steps.py MODEL DATA.h5`` prints, for some trajectories at the viscosity and the points of
the data, the error of the vorticity on the waves that the data have: of steps of 16, 24 and 32 points from their own
first states, and of 32 points from that of the data; then milliseconds of a processor for a step of each trajectory.
Figures: training/results.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch_geometric.data import Batch

from gno.datasets import MeshDataset, Sample
from gno.models import Propagator
from gno.problems import TorusFlow, family_of

TRAJECTORIES, TIMES, TOGETHER, REPEATS = 6, (1, 5, 10, 20), (1, 16), 5


def main(model: str, data: str) -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    with MeshDataset(data) as dataset:
        flow = family_of(dataset.attributes)
        assert isinstance(flow, TorusFlow)
        errors(flow)
        costs(Propagator.load(model).eval(), dataset)


def errors(flow: TorusFlow) -> None:
    """Of the plain steps."""
    n, found = flow.resolution, dict[str, list[list[float]]]()
    for i in range(TRAJECTORIES):
        truth = vorticity(flow, i)
        rows = {f"{p} points": vorticity(replace(flow, solver_points=p), i) for p in (n, 3 * n // 2, 2 * n)}
        mesh = flow.sample(i).mesh
        given = {"force": torch.from_numpy(mesh.point_data["force"])[None, :, None]}
        first = {"vorticity": torch.from_numpy(truth[0])[None, :, None]}
        steps = flow.stepper(mesh).march(first, given, np.diff(flow.instants).tolist(), finer=2)
        rows[f"{2 * n} points, first state of the data"] = np.stack(
            [truth[0], *(fields["vorticity"][0, :, 0].numpy() for fields in steps)]
        )
        for name, w in rows.items():
            norms = [np.linalg.norm(w[t] - truth[t]) / np.linalg.norm(truth[t]) for t in TIMES]
            found.setdefault(name, []).append(norms)
    for name, all_errors in found.items():
        print(f"{name:40}", *(f"{error:.4f}" for error in np.mean(all_errors, axis=0)))


def vorticity(flow: TorusFlow, index: int) -> np.ndarray:
    """Of a sample, instants by nodes."""
    series = flow.sample(index).point_series
    assert series is not None
    return np.asarray(series["vorticity"])


@torch.no_grad()
def costs(propagator: Propagator, dataset: MeshDataset) -> None:
    """Of a step from the last instants, alone and of several trajectories at once."""
    for num in TOGETHER:
        spent = cost(propagator, [dataset[i] for i in range(num)])
        print(f"{num:3} at once:", *(f"{name} {1e3 * t / num:.2f} ms;" for name, t in spent.items()))


def cost(propagator: Propagator, samples: list[Sample]) -> dict[str, float]:
    """Seconds of a step of all samples: of the plain solver, of one with twice the points, and of the model."""
    assert propagator.coarse_step is not None
    one = propagator.graph(samples[0].mesh)
    batch = Batch.from_data_list([one, *(propagator.graph(sample.mesh, one) for sample in samples[1:])])
    states = [propagator.state(sample.at(sample.num_instants - 1)) for sample in samples]
    together, first = torch.cat(states), propagator.coarse_step.named(torch.stack(states).double())
    given = {"force": torch.stack([torch.from_numpy(sample.mesh.point_data["force"])[:, None] for sample in samples])}

    def plain(finer: int) -> float:
        return seconds(lambda: list(one.stepper.march(first, given, [1.0], finer=finer)))

    corrected = seconds(lambda: propagator.advance(batch, together, 1.0))
    return {"plain": plain(1), "twice the points": plain(2), "corrected": corrected}


def seconds(step: Callable[[], object]) -> float:
    """The median of some."""
    taken = []
    for _ in range(REPEATS + 1):
        begun = time.process_time()
        step()
        taken.append(time.process_time() - begun)
    return float(np.median(taken[1:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
