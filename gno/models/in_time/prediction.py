"""Prediction in time on a mesh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from gno.errors import SolverError, within_memory_of
from gno.mesh.means import corner_mean
from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part
from gno.models.operator.prediction import spread

if TYPE_CHECKING:
    from gno.models.in_time.propagator import Propagator


def predict_in_time(propagator: Propagator, mesh: Mesh, steps: Sequence[float]) -> Iterator[Mesh]:
    """The mesh with the state after each step, as of ``Propagator.predict``.

    Args:
        propagator: a trained one.
        mesh: with the still fields and the state at the beginning.
        steps: their lengths.

    Raises:
        DataError: a mesh of another dimension, or without a field or a patch.
        SolverError: the network gives numbers that are not finite.
        ResourceError: out of memory; it says what may fit.
    """
    part, nodes = used_part(mesh) if mesh.num_cells else (mesh, np.arange(mesh.num_points))
    was_training = propagator.training
    propagator.eval()
    try:
        device = next(propagator.parameters()).device
        with within_memory_of("a step", len(nodes)):
            graph, state = propagator.graph(part).to(device), propagator.state(part).to(device)
        first = {c.spec.name: c.values(part).numpy() for c in propagator.states}
        given = propagator.fixed_fields or tuple(first)
        first = {name: first[name][:, 0] if first[name].shape[1] == 1 else first[name] for name in given}
        is_fixed = graph.is_fixed.cpu().numpy()
        for number, step in enumerate(steps):
            # Without gradients only here: between two meshes the caller's own setting holds.
            with within_memory_of("a step", len(nodes)), torch.no_grad():
                state = propagator.advance(graph, state, step)
            point = {name: values.cpu().double().numpy() for name, values in propagator.fields(state).items()}
            for name, values in first.items():
                point[name][is_fixed] = values[is_fixed]  # to the last digit, and not of the network's precision
            _check_finite(point, number)
            cell = {name: corner_mean(part, values) for name, values in point.items()}
            whole = {name: spread(values, nodes, mesh.num_points) for name, values in point.items()}
            yield mesh.with_data({**mesh.point_data, **whole}, {**mesh.cell_data, **cell})
    finally:
        propagator.train(was_training)


def _check_finite(point: dict[str, np.ndarray], number: int) -> None:
    for name, values in point.items():
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise SolverError(
                f"after step {number + 1}, {name!r} has {bad} of {values.size} values that are not finite",
                why="errors of a rollout may grow from step to step",
                fix="predict fewer steps, or train with time.noise, time.pushforward or a longer time.horizon",
            )
