"""What the way from nodes to cells and back costs the finite-volume step in a channel.

``python training/bench/channel_steps.py DATA.h5`` prints, for each test trajectory of flow past a cylinder, the
relative L2 error of velocity and pressure, the mean over the instants after the first: of the solver that keeps its own
cells, and of the one that starts from the nodes again at each step, as inside of a corrected one. Figures:
training/results.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from gno.datasets import MeshDataset, Sample
from gno.mesh import node_volume
from gno.problems import CylinderFlow, family_of
from gno.problems.channel_step import ChannelStep

STRIDE = 5
"""Instants that a step spans, as in the recipe."""


def main(data: str) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    with MeshDataset(data, "test") as dataset:
        flow = family_of(dataset.attributes)
        assert isinstance(flow, CylinderFlow)
        for sample in dataset:
            stepper, steps = flow.stepper(sample.mesh), np.diff(np.asarray(sample.time)[::STRIDE]).tolist()
            first = {name: values[:1] for name, values in trajectory(sample).items()}
            kept = errors(sample, stepper.march(first, {}, steps))
            anew = errors(sample, from_nodes(stepper, first, steps))
            of_each = "  ".join(f"{u:.3f} {p:.3f}" for u, p in (kept, anew))
            print(f"{sample.index:4}  cells kept, from the nodes: {of_each}")


def from_nodes(stepper: ChannelStep, state: dict[str, Tensor], steps: Iterable[float]) -> Iterator[dict[str, Tensor]]:
    """Steps, each from the nodes."""
    for step in steps:
        state = stepper.advance(state, {}, torch.tensor([step], dtype=torch.float64))
        yield state


def errors(sample: Sample, found: Iterable[dict[str, Tensor]]) -> tuple[float, float]:
    """Of velocity and pressure."""
    truth, weight = trajectory(sample), torch.from_numpy(node_volume(sample.mesh))[:, None]
    rows = [
        [
            float((weight * (fields[name][0] - values[k + 1]) ** 2).sum() / (weight * values[k + 1] ** 2).sum()) ** 0.5
            for name, values in truth.items()
        ]
        for k, fields in enumerate(found)
    ]
    velocity, pressure = np.mean(rows, axis=0)
    return float(velocity), float(pressure)


def trajectory(sample: Sample) -> dict[str, Tensor]:
    """Velocity and pressure at every step, ``(instants, nodes, components)``."""
    series = {name: np.asarray(sample.point_series[name], dtype=np.float64) for name in ("velocity", "pressure")}
    return {name: torch.from_numpy(v.reshape(*v.shape[:2], -1)[::STRIDE]) for name, v in series.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
