"""The solver of a scalar that flows and diffuses, as the command line asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from torch import Tensor

from gno.cli.fields import check_vectors, field_named, number_or_field
from gno.cli.flow_fields import with_scalar
from gno.cli.settings import Value, check_names
from gno.errors import ConfigError, DataError
from gno.fv import AdvectionDiffusion, Condition, Periodic, Report, Scalar, Stepping
from gno.fv.nonlinear.report import ConvergenceError
from gno.fv.transport.advected import Scheme, check_scheme
from gno.mesh import Mesh, face_area, faces
from gno.mesh.means import corner_mean

FIELDS = ("velocity", "diffusivity", "source", "reaction", "initial")
COEFFICIENTS = (*FIELDS, "scheme")
OnState = Callable[[int, float, Tensor], None]


class ScalarProblem:
    """A scalar on a mesh, with all that it depends on.

    Args:
        mesh: the mesh.
        given: velocity, a vector; diffusivity, source, reaction and the initial state, numbers; or names of fields of
            the mesh. Without, the field of that name; source, reaction and initial state are 0 where there is none.
            And the name of the scheme.
        boundary: patch to condition.

    Raises:
        ConfigError: an unknown coefficient or scheme, or a value or condition that cannot be.
        DataError: a field that is not there, or has values that cannot be.
    """

    def __init__(self, mesh: Mesh, given: Mapping[str, Value], boundary: Mapping[str, Condition]) -> None:
        check_names(given, COEFFICIENTS, "advection-diffusion")
        own = {name: name for name in FIELDS if name in {*mesh.point_data, *mesh.cell_data}}
        values: dict[str, Value] = {"source": 0.0, "reaction": 0.0, "initial": 0.0, "scheme": "limited", **own, **given}
        scheme = str(values["scheme"])
        check_scheme(scheme)
        self.medium: dict[str, Any] = {
            "velocity": _velocity(mesh, _needed(values, "velocity", "1,0"), boundary),
            "diffusivity": _diffusivity(mesh, _needed(values, "diffusivity", "0.01")),
            **{name: number_or_field(mesh, name, values[name]) for name in ("source", "reaction")},
        }
        self.mesh, self.boundary, self._initial = mesh, boundary, values["initial"]
        self.solver = AdvectionDiffusion(mesh, boundary, scheme=cast(Scheme, scheme))
        self.transport = self.solver.transport(**self.medium)

    def steady(self) -> Scalar:
        """The steady field.

        Raises:
            SolverError: the solution is not unique, or the solver does not converge.
        """
        try:
            return self.solver.solve(**self.medium)
        except ConvergenceError as error:
            fix = "more diffusivity, --set scheme=linear-upwind or upwind, or go there in time: --time T --steps N"
            raise ConvergenceError(error.report, fix) from error

    def march(
        self, times: Sequence[float], every: int, on_state: OnState, on_step: OnState
    ) -> tuple[Tensor, list[Report]]:
        """Go through time by BDF2.

        Args:
            times: the instants, ascending.
            every: of which steps states are wanted; the first and the last are always.
            on_state: told number, time and field ``(cells,)`` of each wanted state.
            on_step: told those of each step, after the state.

        Returns:
            the last state, and how each step went.

        Raises:
            ConfigError: a first state that is no scalar.
            DataError: a first state that is not there, or has values that cannot be.
            ConvergenceError: a step that did not converge.
        """
        steps, reports = len(times) - 1, list[Report]()

        def tell(step: int, time: float, u: Tensor, report: Report) -> None:
            reports.append(report)
            if step % every == 0 or step == steps:
                on_state(step, time, u)
            on_step(step, time, u)

        volume = self.transport.volume
        first = volume.new_tensor(number_or_field(self.mesh, "initial", self._initial)).expand(len(volume))
        on_state(0, times[0], first)
        way = self.solver.advance(first, times, **self.medium, stepping=Stepping(every=steps, on_step=tell))
        return way.u[-1], reports

    def with_field(self, u: Tensor) -> Mesh:
        """The mesh with ``u`` at cells and nodes.

        Args:
            u: the field ``(cells,)``.
        """
        gradient = self.solver.balance.gradients(u, self.transport)
        # Without diffusion a value given where the flow leaves does not hold.
        held = self.boundary if np.any(np.asarray(self.medium["diffusivity"]) > 0) else None
        return with_scalar(self.mesh, u, gradient, held, name="u")

    def integral(self, u: Tensor) -> float:
        """Integral of a field over the mesh.

        Args:
            u: the field ``(cells,)``.
        """
        return float(self.transport.volume @ u)


def _needed(values: Mapping[str, Value], name: str, example: str) -> Value:
    if name not in values:
        raise ConfigError(
            f"no {name} is given", why="the mesh has no field of this name", fix=f"--set {name}={example}"
        )
    return values[name]


def _velocity(mesh: Mesh, value: Value, boundary: Mapping[str, Condition]) -> np.ndarray:
    """One vector, one a cell, or what flows through each face: of a field at the nodes, which comes first here."""
    if isinstance(value, str):
        apart = {name: data for name, data in mesh.cell_data.items() if name not in mesh.point_data}
        vectors, at_nodes = field_named(mesh.with_data(mesh.point_data, apart), "velocity", value)
        check_vectors(mesh, "velocity", value, vectors)
        if at_nodes and any(isinstance(condition, Periodic) for condition in boundary.values()):
            return corner_mean(mesh, vectors)  # joined faces have other numbers than those of the mesh
        return _through_faces(mesh, vectors) if at_nodes else vectors
    numbers = [0.0] * mesh.dim if value == 0 else value
    if not isinstance(numbers, list) or len(numbers) != mesh.dim or any(isinstance(n, (str, bool)) for n in numbers):
        text = ",".join(map(str, value)) if isinstance(value, list) else value
        raise ConfigError(
            f"--set velocity={text}",
            why=f"it must be {mesh.dim} numbers, or the name of a field",
            fix=f"for example: --set velocity={','.join(['1', '0', '0'][: mesh.dim])}",
        )
    return np.array(numbers, dtype=np.float64)


def _through_faces(mesh: Mesh, vectors: np.ndarray) -> np.ndarray:
    r""":math:`\bar a \cdot S` with the mean of the corners of each face: no wall leaks that the nodes do not leave."""
    corners = faces(mesh).nodes
    there = (corners >= 0)[..., None]
    mean = (vectors[corners] * there).sum(1) / there.sum(1)
    return np.einsum("fd,fd->f", mean, face_area(mesh))


def _diffusivity(mesh: Mesh, value: Value) -> float | np.ndarray:
    diffusivity = number_or_field(mesh, "diffusivity", value)
    if isinstance(diffusivity, np.ndarray) and (diffusivity < 0).any():
        cell = int(diffusivity.argmin())
        raise DataError(
            f"diffusivity is {diffusivity[cell]:g} in cell {cell}",
            why="it must be positive or zero",
            fix="mend the field where it is made",
        )
    return diffusivity
