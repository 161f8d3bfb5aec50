"""A flow in time at the nodes of its mesh, with measures of how well it is solved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float

from gno.datasets import FieldSpec
from gno.errors import ConfigError, SolverError
from gno.fv import Projection
from gno.fv.incompressible.state import FlowReport, FlowState
from gno.mesh import Mesh
from gno.problems.problem import Draw

TOLERANCE = 1e-10
"""Divergence that a sample may have, relative to what passes through a cell."""
LIMIT = 1.5
"""Courant number beyond which a step is refused."""
_TRIES = 6


def check_courant(courant: float) -> None:
    """Refuse a Courant number beyond which steps are not stable.

    Args:
        courant: that number.

    Raises:
        ConfigError: it is larger.
    """
    if courant > LIMIT:
        raise ConfigError(f"courant is {courant:g}", why=f"steps are stable up to {LIMIT:g}")


def flow_fields(velocity: str = "", pressure: str = "") -> tuple[FieldSpec, FieldSpec]:
    """``velocity`` and ``pressure`` in time, in two dimensions.

    Args:
        velocity: its units.
        pressure: its units, over the density.
    """
    return (
        FieldSpec("velocity", role="target", units=velocity, components=2, transient=True),
        FieldSpec("pressure", role="target", units=pressure, transient=True),
    )


class Recorded(NamedTuple):
    """A flow at equal instants.

    Args:
        time: ``(instants,)``.
        velocity: ``(instants, nodes, dim)``.
        pressure: over the density ``(instants, nodes)``.
        watched: what was asked of the flow at each instant, ``(instants, k)``.
        divergence: largest sum of fluxes out of a cell, over the largest sum of their sizes in any cell.
        courant: largest part of a cell that left it in one step.
        steps: steps of the solver between two instants.
    """

    time: np.ndarray
    velocity: np.ndarray
    pressure: np.ndarray
    watched: np.ndarray
    divergence: float
    courant: float
    steps: int

    def draw(self, mesh: Mesh, numbers: Mapping[str, float], split: str, index: int) -> Draw:
        """The sample of a flow, its divergence and its Courant number among the parameters.

        Args:
            mesh: at whose nodes the flow was recorded.
            numbers: what was drawn and found of it.
            split: ``train`` or ``test``.
            index: number of the sample.

        Raises:
            SolverError: the flow has a divergence.
        """
        if self.divergence > TOLERANCE:
            raise SolverError(
                f"sample {index} has a divergence of {self.divergence:.2g}",
                why=f"it must be below {TOLERANCE:g}",
                fix="take another seed, and tell us",
            )
        params = {**numbers, "divergence": self.divergence, "courant": self.courant}
        return Draw(mesh, params, split, self.time, {"velocity": self.velocity, "pressure": self.pressure})


@dataclass(frozen=True, eq=False)
class Held:
    """Nodes whose velocity is given.

    Args:
        nodes: which they are.
        velocity: of all nodes; what it is of others does not count.
    """

    nodes: Bool[np.ndarray, " nodes"]
    velocity: Float[np.ndarray, "nodes dim"]


@dataclass(frozen=True, eq=False)
class Recorder:
    """Takes a flow through time in equal steps, and again in shorter ones where these turn out too long.

    Args:
        nodes: from fields in the cells and their gradients, as of ``NodeValues``, to values at the nodes.
        solver: from the length of a step to the solver.
        viscosity: kinematic.
        held: nodes whose velocity is given.
        watch: what else is wanted of a flow, ``k`` numbers.
    """

    nodes: Callable[[np.ndarray, np.ndarray], np.ndarray]
    solver: Callable[[float], Projection]
    viscosity: float
    held: Held
    watch: Callable[[Projection, FlowState], list[float]]

    def record(
        self, start: Callable[[Projection], FlowState], *, interval: float, instants: int, steps: int
    ) -> Recorded:
        """The flow at ``instants`` intervals after the start, and at the start.

        Args:
            start: the flow to start from.
            interval: time between instants.
            instants: their number, without the start.
            steps: steps of the solver between two instants to begin with.

        Raises:
            SolverError: no step is short enough.
        """
        for attempt in range(_TRIES):
            try:
                return self._record(start, interval, instants, steps)
            except SolverError as error:
                if "Courant" not in error.what or attempt == _TRIES - 1:
                    raise
                steps = int(np.ceil(1.3 * steps))
        raise AssertionError  # the last try returns or raises

    @torch.no_grad()
    def _record(self, start: Callable[[Projection], FlowState], interval: float, instants: int, steps: int) -> Recorded:
        solver, report = self.solver(interval / steps), FlowReport()
        flow = start(solver)
        velocity, pressure, watched = [], [], []
        for instant in range(instants + 1):
            flow, _ = solver.advance(flow, steps if instant else 0, viscosity=self.viscosity, report=report)
            slopes = solver.gradients(flow)
            u = torch.cat([flow.velocity, flow.pressure[:, None]], 1).numpy()
            found = self.nodes(u, torch.cat([slopes[0], slopes[1][:, None]], 1).numpy())
            velocity.append(np.where(self.held.nodes[:, None], self.held.velocity, found[:, :-1]))
            pressure.append(found[:, -1])
            watched.append(self.watch(solver, flow))
        return Recorded(
            interval * np.arange(instants + 1),
            np.stack(velocity).astype(np.float32),
            np.stack(pressure).astype(np.float32),
            np.array(watched),
            report.imbalance,
            report.courant,
            steps,
        )
