"""The solver of incompressible flow in time, and of what it carries, as the command line asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from gno.cli.fields import number_or_field, vectors_named
from gno.cli.flow import FlowProblem
from gno.cli.flow_fields import FlowFields
from gno.cli.settings import number, vector
from gno.errors import ConfigError, SolverError
from gno.fv import Projection
from gno.fv.boundary.conditions import Value
from gno.fv.incompressible.force_history import ForceHistory
from gno.fv.incompressible.passive_scalar import Carried, PassiveScalar
from gno.fv.incompressible.state import FlowReport, FlowState
from gno.fv.nonlinear.report import ConvergenceError
from gno.mesh import Mesh

State = FlowState | Carried
OnState = Callable[[float, Mesh], None]
OnStep = Callable[[int, float, FlowReport], None]


class FlowInTime:
    """Equal steps of second order through time.

    Args:
        problem: the flow.
        times: the instants.

    Raises:
        ConfigError: a setting of steady flows, or an initial state that cannot be.
        DataError: an initial state that is not there.
    """

    def __init__(self, problem: FlowProblem, times: Sequence[float]) -> None:
        if "blending" in problem.given:
            raise ConfigError("--set blending is of no use", why="with --time no scheme takes it", fix="leave it out")
        self.problem, self.times, self.report = problem, times, FlowReport()
        self.history = ForceHistory(problem.patches)
        self.flow = Projection(problem.volumes, problem.conditions, dt=times[1] - times[0])
        self.scalar: PassiveScalar | None = None
        self.first: State = self.flow.start(self._initial(), body_force=problem.body_force)
        if problem.scalar is not None:
            self.scalar = PassiveScalar(self.flow, problem.scalar, **problem.medium())
            u = number_or_field(problem.mesh, "scalar_initial", problem.given.get("scalar_initial", 0.0))
            self.first = self.scalar.start(self.first, u)

    @torch.no_grad()
    def march(self, every: int, on_state: OnState, on_step: OnStep) -> None:
        """Go through time; ``report`` and ``history`` grow with each step.

        Args:
            every: of which steps states are wanted; the first and the last are always.
            on_state: told time and mesh, with its fields, of each wanted state.
            on_step: told number, time and report of each step, after the state.

        Raises:
            SolverError: a step that is too long for the flow, or one that does not converge.
        """
        steps = len(self.times) - 1
        on_state(self.times[0], self._mesh(self.first))

        def told(state: State) -> None:
            step = self.report.steps
            time = self.times[step]
            self.history.append(time, {patch: self._drag(state, patch) for patch in self.problem.patches})
            if step % every == 0 or step == steps:
                on_state(time, self._mesh(state))
            on_step(step, time, self.report)

        options = {"viscosity": self.problem.viscosity, "body_force": self.problem.body_force, "report": self.report}
        try:
            if isinstance(self.first, Carried) and self.scalar is not None:
                self.scalar.advance(self.first, steps, on_step=told, **options)
            else:
                self.flow.advance(_flow(self.first), steps, on_step=told, **options)
        except ConvergenceError:
            raise
        except SolverError as error:
            now = f"--time {self.times[-1]:g} --steps {steps} make dt {self.flow.dt:.3g}"
            raise SolverError(error.what, why=f"{error.why}, and {now}", fix=error.fix) from error

    def forces(self) -> dict[str, dict[str, float | None]]:
        """Of each patch drag and lift: the last, and what they were in the second half of the time."""
        given = self.problem.given
        return self.history.summary(velocity=number(given, "speed", 1.0), length=number(given, "length", 1.0))

    def extremes(self, state: Mesh) -> list[float]:
        """Least and largest value of the scalar in the cells, if there is one.

        Args:
            state: from ``march``.
        """
        u = state.cell_data.get("scalar") if self.scalar is not None else None
        return [] if u is None else [float(u.min()), float(u.max())]

    def _drag(self, state: State, patch: str) -> tuple[float, float]:
        force = self.flow.force(_flow(state), patch, viscosity=self.problem.viscosity)
        return self.problem.coefficients(self.problem.density * force)

    def _mesh(self, state: State) -> Mesh:
        flow = _flow(state)
        velocity_gradient, pressure_gradient = self.flow.gradients(flow)
        mesh = self.problem.with_flow(FlowFields(flow.velocity, velocity_gradient, flow.pressure, pressure_gradient))
        if self.scalar is None or not isinstance(state, Carried):
            return mesh
        return self.problem.with_scalar(mesh, state.u, self.scalar.gradient(state))

    def _initial(self) -> Value:
        """A vector, or the vectors of the cells; rest where nothing is given."""
        given = self.problem.given.get("initial")
        if isinstance(given, str):
            return vectors_named(self.problem.mesh, "initial", given)
        return vector(self.problem.given, "initial", 0.0)


def _flow(state: State) -> FlowState:
    return state.flow if isinstance(state, Carried) else state
