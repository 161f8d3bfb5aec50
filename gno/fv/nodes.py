"""From the cells of a mesh to its nodes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from gno.fv.boundary import Condition, evaluate, outer_faces
from gno.fv.conditions import Dirichlet
from gno.mesh import Mesh, cell_centroid, faces


def cells_to_nodes(
    mesh: Mesh,
    u: Float[np.ndarray, " cells"],
    gradient: Float[np.ndarray, "cells dim"],
    boundary: Mapping[str, Condition] | None = None,
) -> Float[np.ndarray, " nodes"]:
    r"""Values at the nodes of a field in the cells: second order, across jumps of the coefficient, too.

    .. math::
        u_i = \sum_{P \ni i} w_P \, (u_P + \nabla u_P \cdot (x_i - x_P)) \Big/ \sum_{P \ni i} w_P,
        \qquad w_P = \frac{1}{|x_i - x_P|}

    Each cell extrapolates with its own gradient, so a kink between cells does no harm.

    Args:
        mesh: any mesh.
        u: values ``(cells,)`` at the centroids.
        gradient: ``(cells, dim)``.
        boundary: patch to condition; nodes on ``Dirichlet`` patches get the value given there, the mean where
            several patches meet.

    Raises:
        ConfigError: conditions that do not fit the mesh.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])})
        >>> cells_to_nodes(mesh, np.array([1.0]), np.array([[1.0, 2.0]])).tolist()
        [-2.0, 1.0, 4.0]
    """
    centroid, first = cell_centroid(mesh), 0
    total, weight = np.zeros(mesh.num_points), np.zeros(mesh.num_points)
    for cells in mesh.cells.values():
        part = slice(first, first + len(cells))
        first += len(cells)
        away = mesh.points[cells] - centroid[part, None]
        near = 1 / np.linalg.norm(away, axis=2)
        values = u[part, None] + np.einsum("ckd,cd->ck", away, gradient[part])
        np.add.at(total, cells, near * values)
        np.add.at(weight, cells, near)
    result = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    return result if boundary is None else _with_given(mesh, boundary, result)


def _with_given(mesh: Mesh, boundary: Mapping[str, Condition], values: np.ndarray) -> np.ndarray:
    outer = outer_faces(mesh, boundary)
    corners = faces(mesh).nodes[outer.number]
    total, count = np.zeros(len(values)), np.zeros(len(values))
    for name, rows in outer.patches.items():
        condition = boundary[name] if name in boundary else boundary["*"]
        if not isinstance(condition, Dirichlet):
            continue
        on_face = np.repeat(outer.value[rows, None], corners.shape[1], axis=1)
        if callable(condition.value):
            on_face = evaluate(condition.value, mesh.points[corners[rows].ravel()], f"patch {name!r}").reshape(
                on_face.shape
            )
        real = corners[rows] >= 0
        np.add.at(total, corners[rows][real], on_face[real])
        np.add.at(count, corners[rows][real], 1.0)
    return np.where(count > 0, total / np.maximum(count, 1.0), values)
