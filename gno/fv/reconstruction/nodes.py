"""From the cells of a mesh to its nodes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from gno.fv.boundary.assignment import by_patch, partners
from gno.fv.boundary.conditions import Condition, Dirichlet
from gno.fv.boundary.values import scalars
from gno.fv.volumes.mesh import FVMesh
from gno.fv.volumes.patches import patch_rows
from gno.mesh import Mesh, faces


def cells_to_nodes(
    mesh: Mesh,
    u: Float[Tensor, " cells"],
    gradient: Float[Tensor, "cells dim"],
    boundary: Mapping[str, Condition] | None = None,
    *,
    points: Float[Tensor, "nodes dim"] | None = None,
) -> Float[Tensor, " nodes"]:
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
        points: other coordinates of the nodes.

    Raises:
        ConfigError: conditions that do not fit the mesh.

    Example:
        >>> import numpy as np
        >>> mesh = Mesh(np.array([[0.0, 0], [3, 0], [0, 3]]), {"triangle": np.array([[0, 1, 2]])})
        >>> cells_to_nodes(mesh, torch.tensor([1.0]).double(), torch.tensor([[1.0, 2.0]]).double()).tolist()
        [-2.0, 1.0, 4.0]
    """
    fv = FVMesh.of(mesh)
    points, geometry = fv.points if points is None else points, fv.geometry(points)
    cell = torch.arange(mesh.num_cells)
    corners, of = [], []
    for nodes, numbers in zip(mesh.cells.values(), cell.split([len(nodes) for nodes in mesh.cells.values()])):
        corners.append(torch.tensor(nodes).reshape(-1))
        of.append(numbers.repeat_interleave(nodes.shape[1]))
    node, at = torch.cat(corners), torch.cat(of)
    away = points[node] - geometry.centroid[at]
    near = 1 / torch.linalg.vector_norm(away, dim=1)
    total, weight = _sums(node, near * (u[at] + torch.einsum("kd,kd->k", away, gradient[at])), near, mesh.num_points)
    result = torch.where(weight > 0, total / torch.where(weight > 0, weight, 1.0), 0.0)
    return result if boundary is None else _with_given(mesh, boundary, result, points, geometry.center)


def _with_given(
    mesh: Mesh, boundary: Mapping[str, Condition], values: Tensor, points: Tensor, center: Tensor
) -> Tensor:
    """The values, but those that are given where they are."""
    joined = partners(boundary)
    patches = {name: rows for name, rows in patch_rows(mesh).items() if name not in {*joined, *joined.values()}}
    nodes, given = [torch.zeros(0, dtype=torch.int64)], [values[:0]]
    for name, condition in by_patch(patches, boundary, joined=joined).items():
        if not isinstance(condition, Dirichlet):
            continue
        face = faces(mesh).num_inner + patches[name]
        corners = torch.tensor(faces(mesh).nodes[face])
        of, corner = (corners >= 0).nonzero(as_tuple=True)
        at = corners[of, corner]
        held, what = condition.value, f"patch {name!r}"
        nodes.append(at)
        given.append(scalars(held, points[at], what) if callable(held) else scalars(held, center[face], what)[of])
    node, value = torch.cat(nodes), torch.cat(given)
    total, count = _sums(node, value, torch.ones_like(value), len(values))
    return torch.where(count > 0, total / count.clamp(min=1.0), values)


def _sums(node: Tensor, first: Tensor, second: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Sums over what lies at each node."""
    zero = first.new_zeros(n)
    return zero.index_add(0, node, first), zero.index_add(0, node, second)
