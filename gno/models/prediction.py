"""Prediction on a mesh, and how far the mesh lies from those of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float

from gno.mesh.means import corner_mean
from gno.mesh.mesh import Mesh
from gno.models.boundary_distance import boundary_distance, outer_nodes

if TYPE_CHECKING:
    from gno.models.operator import Operator

DISTANCE = "distance_from_training"
"""Field of a prediction: how far its inputs lie outside those seen in training."""


@torch.no_grad()
def predict(operator: Operator, mesh: Mesh) -> Mesh:
    """The mesh with the fields of a prediction, as of ``Operator.predict``.

    Args:
        operator: a trained one.
        mesh: with the input fields in its point or cell data.

    Raises:
        DataError: a mesh of another dimension, or without an input field.
    """
    graph = operator.graph(mesh)
    was_training = operator.training
    operator.eval()
    try:
        fields = operator.fields(operator(graph.to(next(operator.parameters()).device)))
    finally:
        operator.train(was_training)
    point = {name: values.cpu().double().numpy() for name, values in fields.items()}
    if operator.boundary != "free":
        point = {name: _zeroed(values, outer_nodes(mesh)) for name, values in point.items()}
    cell = {name: corner_mean(mesh, values) for name, values in point.items()}
    point[DISTANCE] = distance_from_training(operator, mesh)
    return mesh.with_data({**mesh.point_data, **point}, {**mesh.cell_data, **cell})


def distance_from_training(operator: Operator, mesh: Mesh) -> Float[np.ndarray, " nodes"]:
    """How far the inputs of each node lie outside the training ranges, as of ``Operator.predict``.

    Args:
        operator: a trained one.
        mesh: with the input fields in its point or cell data.

    Raises:
        DataError: a mesh without an input field.
    """
    parts = [channel.outside(channel.values(mesh)).numpy() for channel in operator.inputs]
    parts.append(np.maximum(4 * (boundary_distance(mesh) / operator.geometry.scale - 1), 0.0))
    result: np.ndarray = np.max(parts, axis=0)
    return result


def _zeroed(values: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[nodes] = 0.0  # decoding leaves the mean's rounding error
    return values
