"""The fields of a flow at the cells and nodes of its mesh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gno.fv import Condition, Dirichlet, FVMesh, Inlet, Neumann, NoSlip, Periodic, cells_to_nodes
from gno.fv.boundary.values import vectors
from gno.mesh import Mesh


class FlowFields(NamedTuple):
    """What a flow consists of in the cells.

    Args:
        velocity: ``(cells, dim)``.
        velocity_gradient: ``(cells, dim, dim)``.
        pressure: over the density ``(cells,)``.
        pressure_gradient: ``(cells, dim)``.
    """

    velocity: Tensor
    velocity_gradient: Tensor
    pressure: Tensor
    pressure_gradient: Tensor


def with_flow(
    mesh: Mesh, fields: FlowFields, volumes: FVMesh, conditions: Mapping[str, Condition], *, density: float = 1.0
) -> Mesh:
    """The mesh with ``velocity``, ``speed`` and ``pressure`` at cells, as solved, and at nodes.

    Args:
        mesh: the mesh.
        fields: in its cells.
        volumes: its finite volumes.
        conditions: patch to condition; where the velocity is given, the nodes have it.
        density: that the pressure is multiplied with.
    """
    u = torch.cat([fields.velocity, density * fields.pressure[:, None]], 1)
    slope = torch.cat([fields.velocity_gradient, density * fields.pressure_gradient[:, None]], 1)
    held = [_held(volumes, conditions, k) for k in range(mesh.dim)]
    columns = [cells_to_nodes(mesh, u[:, k], slope[:, k], on) for k, on in enumerate([*held, None])]
    point = {**mesh.point_data, **_named(torch.stack(columns, 1).numpy())}
    return mesh.with_data(point, {**mesh.cell_data, **_named(u.numpy())})


def with_scalar(
    mesh: Mesh, u: Tensor, gradient: Tensor, boundary: Mapping[str, Condition] | None, *, name: str = "scalar"
) -> Mesh:
    """The mesh with a scalar at cells and nodes.

    Args:
        mesh: the mesh.
        u: the scalar ``(cells,)``.
        gradient: ``(cells, dim)``.
        boundary: patch to condition; without it the nodes take nothing from it.
        name: of the field.
    """
    nodes = cells_to_nodes(mesh, u, gradient, boundary).numpy()
    return mesh.with_data({**mesh.point_data, name: nodes}, {**mesh.cell_data, name: u.numpy()})


def _held(volumes: FVMesh, conditions: Mapping[str, Condition], component: int) -> dict[str, Condition]:
    """What holds on each patch for a component of the velocity."""
    held: dict[str, Condition] = {name: Periodic(other) for name, other in volumes.periodic.items()}
    for name, condition in conditions.items():
        held[name] = Neumann()
        if isinstance(condition, (NoSlip, Inlet)):
            held[name] = Dirichlet(_component(condition.velocity, volumes, name, component))
    return held


def _component(velocity: Any, mesh: FVMesh, patch: str, component: int) -> Any:
    """A component of a velocity, for each face of a patch, or, of a function, as a function of points."""
    geometry, rows, what = mesh.geometry(), mesh.patches[patch], f"the velocity on patch {patch!r}"
    inward = -geometry.normal[rows]
    if not callable(velocity):
        return vectors(velocity, geometry.center[rows], what, along=inward)[:, component]
    middle = torch.nn.functional.normalize(inward.mean(0), dim=0)  # speeds of a function: its patch is straight
    return lambda x: vectors(velocity, x, what, along=middle.expand(len(x), -1))[:, component]


def _named(values: np.ndarray) -> dict[str, np.ndarray]:
    velocity = values[:, :-1]
    return {"velocity": velocity, "speed": np.linalg.norm(velocity, axis=1), "pressure": values[:, -1]}
