"""The Darcy solver as the command line asks for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gno.cli.fields import field_named, number_or_field
from gno.cli.settings import Value, check_names, number
from gno.fv import Condition, Diffusion, Solution, cells_to_nodes
from gno.mesh import Mesh
from gno.problems.permeability import NAME, cell_permeability

FIELDS = ("permeability", "source")
COEFFICIENTS = (*FIELDS, "mean")


def darcy_fields(
    mesh: Mesh, given: Mapping[str, Value], boundary: Mapping[str, Condition]
) -> tuple[Mesh, dict[str, str], Solution]:
    """Solve on a mesh.

    Args:
        mesh: the mesh.
        given: permeability and source: a number, or the name of a field of the mesh; without, the field of that name,
            or 1 where the mesh has none; and the mean of the solution, a number, where only fluxes are given.
        boundary: patch to condition.

    Returns:
        the mesh with ``u`` at cells and nodes, ``residual`` and ``permeability`` in the cells; the fields to draw, with
        their units; the solution.

    Raises:
        ConfigError: an unknown coefficient, or a value or condition that cannot be.
        DataError: a field that is not there, or has values that cannot be.
        SolverError: the solution is not unique, or the solver does not converge.
    """
    check_names(given, COEFFICIENTS, "darcy")
    own = {name: name for name in FIELDS if name in {*mesh.point_data, *mesh.cell_data}}
    values: dict[str, Value] = {"permeability": 1.0, "source": 1.0, **own, **given}
    a, f = _permeability(mesh, values["permeability"]), number_or_field(mesh, "source", values["source"])
    problem = Diffusion(mesh, boundary)
    solution = problem.solve(a, f, mean=number(given, "mean") if "mean" in given else None)
    rest = problem.residual(solution.u, a, f).numpy()
    u = cells_to_nodes(mesh, solution.u, solution.gradient, boundary).numpy()
    coefficient = np.broadcast_to(np.asarray(a, dtype=np.float64), (mesh.num_cells,)).copy()
    fields = {"u": solution.u.numpy(), "residual": rest, "permeability": coefficient}
    shown = {"u": "1"} if np.ptp(coefficient) == 0 else {"permeability": "1", "u": "1"}
    point = {name: v for name, v in mesh.point_data.items() if name != "permeability"}
    return mesh.with_data({**point, "u": u}, {**mesh.cell_data, **fields}), shown, solution


def _permeability(mesh: Mesh, value: Value) -> float | np.ndarray:
    """A number, or one a cell; of a field at the nodes the mean that ``gno evaluate`` solves with, too."""
    if not isinstance(value, str):
        return number_or_field(mesh, NAME, value)
    values, at_nodes = field_named(mesh, NAME, value)
    return cell_permeability(mesh.with_data({NAME: values} if at_nodes else {}, {} if at_nodes else {NAME: values}))
