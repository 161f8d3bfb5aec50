"""Prediction on a mesh, and how far the mesh lies from those of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import SolverError, within_memory_of
from gno.mesh.faces import outer_nodes
from gno.mesh.means import corner_mean
from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part
from gno.models.features.boundary_distance import boundary_distance
from gno.models.operator.calibration import check_level, half_widths
from gno.models.operator.coarse_cells import has_cells, solved_at_nodes
from gno.models.operator.guard import guarded
from gno.models.operator.novelty import NOVELTY, features
from gno.models.operator.together import encoded_together, own_part

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator

DISTANCE = "distance_from_training"
"""Field of a prediction: how far its inputs lie outside those seen in training."""


@torch.no_grad()
def predict(operator: Operator, mesh: Mesh, *, together: bool = False, band: float | None = None) -> Mesh:
    """The mesh with the fields of a prediction, as of ``Operator.predict``.

    Args:
        operator: a trained one.
        mesh: with the input fields in its point or cell data.
        together: by all processes of torch's default group, each of which computes a part of the nodes and gets all
            fields.
        band: level of the error bands; 0.9 by default, where it is known.

    Raises:
        DataError: a mesh of another dimension, or without an input field.
        SolverError: the network gives numbers that are not finite.
        ConfigError: ``together`` with a network that cannot; a level that is not known.
    """
    check_level(operator, band)
    part, nodes = used_part(mesh) if mesh.num_cells else (mesh, np.arange(mesh.num_points))
    with within_memory_of("a prediction", len(nodes)):
        point = _at_nodes(operator, part, together)
    cell = {channel.spec.name: corner_mean(part, point[channel.spec.name]) for channel in operator.targets}
    point[DISTANCE] = distance_from_training(operator, part)
    _check_finite(point)
    point |= half_widths(operator, part, point, band)
    if operator.novelty is not None:
        point[NOVELTY] = operator.novelty(features(operator, part))
    whole = {name: spread(values, nodes, mesh.num_points) for name, values in point.items()}
    return mesh.with_data({**mesh.point_data, **whole}, {**mesh.cell_data, **cell})


def _at_nodes(operator: Operator, mesh: Mesh, together: bool) -> dict[str, np.ndarray]:
    if has_cells(operator):
        return solved_at_nodes(operator, mesh)
    graph = operator.graph(mesh)
    was_training = operator.training
    operator.eval()
    device = next(operator.parameters()).device
    try:
        if together:
            encoded = encoded_together(operator, own_part(operator, graph).to(device), mesh.num_points)
        else:
            encoded = operator(graph.to(device))
    finally:
        operator.train(was_training)
    point = _decoded(operator, mesh, encoded)
    return guarded(operator, mesh, point, _decoded(operator, mesh, graph.base)) if "base" in graph else point


def _decoded(operator: Operator, mesh: Mesh, encoded: Tensor) -> dict[str, np.ndarray]:
    point = {name: values.cpu().double().numpy() for name, values in operator.fields(encoded).items()}
    if operator.boundary == "free":
        return point
    return {name: _zeroed(values, outer_nodes(mesh)) for name, values in point.items()}


def distance_from_training(
    operator: Operator, mesh: Mesh, depths: Float[np.ndarray, " nodes"] | None = None
) -> Float[np.ndarray, " nodes"]:
    """How far the inputs of each node lie outside the training ranges, as of ``Operator.predict``.

    Args:
        operator: a trained one.
        mesh: with the input fields in its point or cell data.
        depths: distances of the nodes to the boundary, where they are known.

    Raises:
        DataError: a mesh without an input field.
    """
    if depths is None:
        depths = boundary_distance(mesh)
    parts = [channel.outside(channel.values(mesh)).numpy() for channel in operator.inputs]
    parts.append(np.maximum(4 * (depths / operator.geometry.deepest - 1), 0.0))
    result: np.ndarray = np.max(parts, axis=0)
    return result


def _check_finite(point: dict[str, np.ndarray]) -> None:
    bad = {name: int((~np.isfinite(values)).sum()) for name, values in point.items() if name != DISTANCE}
    name = max(bad, key=lambda field: bad[field])
    if bad[name]:
        worst = float(point[DISTANCE].max())
        raise SolverError(
            f"the prediction of {name!r} has {bad[name]} of {point[name].size} values that are not finite",
            why=f"the mesh or its fields lie up to {worst:.3g} deviations outside the training ranges",
            fix="give them in the units of the training; gno check MODEL shows its lengths and ranges",
        )


def spread(values: np.ndarray, nodes: np.ndarray, count: int) -> np.ndarray:
    """Values at all nodes of a mesh, 0 at those that no cell uses.

    Args:
        values: at the others.
        nodes: their numbers.
        count: of all nodes.
    """
    if len(nodes) == count:
        return values
    result = np.zeros((count, *values.shape[1:]))
    result[nodes] = values
    return result


def _zeroed(values: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[nodes] = 0.0  # decoding leaves the mean's rounding error
    return values
