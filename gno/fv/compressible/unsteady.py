"""Flow of a gas in time."""

from __future__ import annotations

import math

from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.boundary.conditions import FarField, Inlet, Value
from gno.fv.boundary.values import scalars, vectors
from gno.fv.compressible.flow import Compressible
from gno.fv.compressible.free_stream import FreeStream
from gno.fv.compressible.gas import Conserved, Gas
from gno.fv.compressible.implicit_runge_kutta import ImplicitRungeKutta
from gno.fv.compressible.runge_kutta import RungeKutta
from gno.fv.compressible.solution import CompressibleFlow
from gno.fv.compressible.stage import Stage
from gno.fv.marching.adaptive import OnTime, march
from gno.fv.nonlinear.report import Report

COURANT = {"explicit": 0.8, "implicit": 20.0}
"""Methods, and their C where nothing is said."""


class UnsteadyCompressible:
    r"""Flow of an ideal gas (Euler, or laminar Navier and Stokes) in time, about the nodes of any mesh.

    .. math::
        V_i \frac{\partial U_i}{\partial t} = -R_i(U), \qquad \tau = C \min_i V_i / \Lambda_i, \qquad
        \Lambda_i = \sum_f \left( |v \cdot S| + c |S| + \nu |S| / |d| \right)

    with the residual of ``Compressible`` and steps of third order, which keep mass, momentum and energy. Explicit ones
    cost three residuals and have to be short; each of the three stages of an implicit one is solved by Newton's method,
    and it may be as long as what moves allows: where the smallest cells are much smaller than what happens in them.

    Source: Shu and Osher 1988, J. Comput. Phys. 77, 439, equation 2.18; Alexander 1977, SIAM J. Numer. Anal. 14, 1006.

    Args:
        solver: mesh, conditions and scheme; ``roe`` or ``hllc`` where there are shocks.
        method: ``explicit`` or ``implicit``.
        courant: C; along a row of cells the fastest wave goes C / 2 of one in a step. Without it .8 or, implicit, 20.
        step: the time step, in place of ``courant``.

    Raises:
        ConfigError: an unknown method, a number that is not larger than 0, or a far field with a vortex.

    Example:
        >>> import torch
        >>> from gno.fv import Slip
        >>> from gno.mesh import shapes
        >>> box = Compressible(shapes.square(0.25, kind="quad"), {"*": Slip()}, scheme="roe")
        >>> gas = UnsteadyCompressible(box)
        >>> blast = gas.start(density=1.0, velocity=0.0, pressure=lambda x: 1 + torch.exp(-9 * (x**2).sum(1)))
        >>> flow = gas.advance(blast, 0.1)
        >>> flow.report.iterations > 1, float(flow.pressure[0]) < float(blast.pressure[0])
        (True, True)
    """

    def __init__(
        self,
        solver: Compressible,
        *,
        method: str = "explicit",
        courant: float | None = None,
        step: float | None = None,
    ) -> None:
        if method not in COURANT:
            raise ConfigError(f"method {method!r} is unknown", why=f"there are {', '.join(COURANT)}")
        for name, value in {"courant": courant, "step": step}.items():
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ConfigError(f"{name} is {value}", why="it is larger than 0")
        if solver.boundary.swirled:
            raise ConfigError(
                f"patch {solver.boundary.swirled[0]!r} has a vortex",
                why="it is that of a steady lift",
                fix="give FarField() without vortex",
            )
        self.solver, self.method, self.step = solver, method, step
        self.courant = COURANT[method] if courant is None else courant

    def start(
        self, *, density: Value, velocity: Value, pressure: Value, stream: FreeStream | None = None
    ) -> CompressibleFlow:
        """A flow to begin with.

        Args:
            density: a number, ``(nodes,)``, or a function of the coordinates.
            velocity: a vector, ``(nodes, dim)``, or a function of the coordinates; 0 where the gas rests.
            pressure: as the density.
            stream: from ``Compressible.free_stream``, for ``FarField`` and ``Inlet``, and for the Reynolds number.

        Raises:
            ConfigError: values of the wrong shape, not finite or not positive, or no free stream where gas comes in.
        """
        solver, points = self.solver, self.solver.mesh.points
        open_to = solver.boundary.patches(FarField, Inlet)
        if stream is None and open_to:
            raise ConfigError(
                f"there is no free stream for patch {open_to[0]!r}",
                why="it says what comes in",
                fix="give stream=solver.free_stream(mach=...)",
            )
        gas = Gas(
            scalars(density, points, "the density"),
            vectors(velocity, points, "the velocity"),
            scalars(pressure, points, "the pressure"),
        )
        for name, value in {"density": gas.density, "pressure": gas.pressure}.items():
            if not bool((value > 0).all()):
                worst = int(value.argmin())
                raise ConfigError(
                    f"the {name} at node {worst} is {float(value[worst]):.4g}", why="of a gas it is larger than 0"
                )
        free = stream or FreeStream.at_rest(dim=solver.mesh.dim, heat_ratio=solver.heat_ratio)
        return solver.flow(self._state(gas, free), free, solver.parameters(free), _report(0))

    def advance(
        self,
        initial: CompressibleFlow,
        duration: float,
        *,
        points: Float[Tensor, "nodes dim"] | None = None,
        on_step: OnTime | None = None,
    ) -> CompressibleFlow:
        """The flow after a time; its ``report`` counts the steps.

        It is differentiable in the initial flow, its free stream, values on the boundary and coordinates, as what
        these very steps make of them.

        Args:
            initial: from ``start``, ``advance`` or ``Compressible.solve``.
            duration: the time, in lengths over velocities.
            points: other coordinates of the nodes.
            on_step: called with the number of steps and the time.

        Raises:
            ConfigError: a flow or duration that cannot be used.
            ConvergenceError: a stage of an implicit step that does not converge.
            MeshError: points with which cells cannot be used.
            SolverError: a density or pressure that is not positive, with its node; or gas that comes in faster than
                sound where a condition does not say all about it.
        """
        solver, ratio = self.solver, self.solver.heat_ratio
        if initial.density.shape[-1] != solver.mesh.num_cells:
            raise ConfigError(
                f"the initial flow has {initial.density.shape[-1]} nodes", why=f"the mesh has {solver.mesh.num_cells}"
            )
        free = FreeStream.behind(initial.stream, ratio, initial.viscosity)
        theta = solver.parameters(free, points)
        # A length over the speed of sound is the unit of time.
        per_time = free.units.velocity[..., :1] / theta.metric.volume[:, None]

        def longest(u: Tensor) -> float:
            return self.step or self.courant / float((solver.balance.rate(u, theta) * per_time[..., 0]).max())

        def check(u: Tensor, time: float) -> None:
            gas = Gas.of(u.detach(), ratio)
            _refuse_negative(gas, free, time)
            solver.boundary.refuse_fast_inflow(gas, theta.metric.outer_area, ratio)

        stage = Stage(solver.balance, theta, per_time)
        explicit = self.method == "explicit"
        step = RungeKutta(stage.change, check) if explicit else ImplicitRungeKutta(stage.change, stage, check)
        state, taken = march(step, self._state(initial.gas, free), duration, longest=longest, on_step=on_step)
        return solver.flow(state, free, theta, _report(taken))

    def _state(self, gas: Gas, free: FreeStream) -> Conserved:
        return Gas(*(t / one for t, one in zip(gas, free.units))).conserved(self.solver.heat_ratio)


def _report(steps: int) -> Report:
    """Of steps that all have been taken: those that do not converge are errors."""
    return Report(True, steps, 0.0, (), 0, 0)


def _refuse_negative(gas: Gas, free: FreeStream, time: float) -> None:
    for name in ("density", "pressure"):
        value = getattr(gas, name) * getattr(free.units, name).detach()
        bad = ~(value > 0)
        if bool(bad.any()):
            first = int(bad.reshape(-1).int().argmax())
            node, found = first % value.shape[-1], float(value.reshape(-1)[first])
            raise SolverError(
                f"the {name} at node {node} is {found:.4g} after time {time:.4g}",
                why="of a gas it is larger than 0: the step is too long, or the flow changes too much between nodes",
                fix="lower courant or step, take scheme='roe' or 'hllc', or refine the mesh there",
            )
