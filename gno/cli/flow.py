"""The solver of incompressible flow as the command line asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from gno.cli.settings import Value, check_names, number
from gno.errors import ConfigError
from gno.fv import (
    Condition,
    Dirichlet,
    FVMesh,
    Inlet,
    NavierStokes,
    Neumann,
    NoSlip,
    Periodic,
    cells_to_nodes,
    coefficients,
    forces,
)
from gno.fv.flow import Flow
from gno.fv.newton import OnStep
from gno.fv.values import vectors
from gno.mesh import Mesh

COEFFICIENTS = ("viscosity", "body_force", "blending", "speed", "length", "direction")


class Solved(NamedTuple):
    """A flow on a mesh.

    Args:
        mesh: with ``velocity`` and ``pressure`` at cells and nodes.
        flow: as the solver returned it.
        forces: patch to ``cd``, ``cl`` and the force itself.
    """

    mesh: Mesh
    flow: Flow
    forces: dict[str, dict[str, Any]]


def flow_fields(
    mesh: Mesh,
    given: Mapping[str, Value],
    boundary: Mapping[str, Condition],
    patches: Sequence[str],
    on_step: OnStep | None = None,
) -> Solved:
    """Solve on a mesh.

    Args:
        mesh: the mesh.
        given: ``viscosity``, and perhaps ``body_force``, ``blending``; ``speed``, ``length`` and ``direction`` that
            drag and lift refer to.
        boundary: patch to condition.
        patches: whose forces are wanted.
        on_step: as of ``NavierStokes.solve``.

    Raises:
        ConfigError: an unknown coefficient, or a value, condition or patch that cannot be.
        SolverError: the solver does not converge.
    """
    check_names(given, COEFFICIENTS, "navier-stokes")
    if "viscosity" not in given:
        raise ConfigError("no viscosity is given", why="the flow depends on it", fix="--set viscosity=0.01")
    solver = NavierStokes(mesh, boundary, blending=number(given, "blending", 0.0))
    flow = solver.solve(
        viscosity=number(given, "viscosity"), body_force=_vector(given, "body_force", 0.0), on_step=on_step
    )
    reference: dict[str, Any] = {
        "velocity": number(given, "speed", 1.0),
        "length": number(given, "length", 1.0),
        "direction": _vector(given, "direction", (1.0, 0.0)),
    }
    table = {}
    for patch in patches:
        force = forces(flow, patch)
        cd, cl = coefficients(force, **reference)
        table[patch] = {"cd": float(cd), "cl": float(cl), "force": force.tolist()}
    return Solved(_with_flow(mesh, flow, solver), flow, table)


def _with_flow(mesh: Mesh, flow: Flow, solver: NavierStokes) -> Mesh:
    """The fields of a flow at the cells as solved, and at the nodes; where the velocity is given, nodes have it."""
    u = torch.cat([flow.velocity, flow.pressure[:, None]], 1)
    slope = torch.cat([flow.velocity_gradient, flow.pressure_gradient[:, None]], 1)
    held = [_held(solver, k) for k in range(mesh.dim)]
    columns = [cells_to_nodes(mesh, u[:, k], slope[:, k], on) for k, on in enumerate([*held, None])]
    point = {**mesh.point_data, **_named(torch.stack(columns, 1).numpy())}
    return mesh.with_data(point, {**mesh.cell_data, **_named(u.numpy())})


def _held(solver: NavierStokes, component: int) -> dict[str, Condition]:
    """What holds on each patch for a component of the velocity."""
    held: dict[str, Condition] = {name: Periodic(other) for name, other in solver.mesh.periodic.items()}
    for name, condition in solver.boundary.conditions.items():
        held[name] = Neumann()
        if isinstance(condition, (NoSlip, Inlet)):
            held[name] = Dirichlet(_component(condition.velocity, solver.mesh, name, component))
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


def _vector(given: Mapping[str, Value], name: str, default: float | Sequence[float]) -> Any:
    value = given.get(name, default)
    if isinstance(value, (str, bool)):
        raise ConfigError(f"--set {name}={value}", why="it must be a vector", fix=f"for example: --set {name}=1,0")
    return value
