"""A flow in time, and the derivative of where it leads."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from gno.bench.row import Row
from gno.bench.solver_race import SolverRace
from gno.bench.timing import race
from gno.fv.boundary.conditions import NoSlip
from gno.fv.incompressible.projection import Projection
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes

STEPS = 40


class TimeRace(SolverRace):
    """The rows of a cavity whose lid starts to move, at Reynolds number 100.

    Args:
        h: length of edges.
        patience: of the races.
    """

    name = "cavity in time"
    peer = ""

    def __init__(self, h: float, *, patience: float | int) -> None:
        super().__init__(patience=patience)
        self._h = h

    @cached_property
    def mesh(self) -> Mesh:
        """Its mesh."""
        return shapes.square(self._h, kind="delaunay", seed=1)

    @cached_property
    def solver(self) -> Projection:
        """The solver, with its factors."""
        return self._solver()

    def functional(self) -> Tensor:
        """Energy after some steps, for the derivative by the viscosity."""
        return self._energy(self.solver, torch.tensor(0.01, dtype=torch.float64, requires_grad=True))

    def by_nodes(self) -> Row:
        """Seconds of the derivative by all coordinates, beside those of matrices, factors and steps."""
        value, volumes = torch.zeros(()), FVMesh.of(self.mesh)

        def forward() -> None:
            nonlocal value
            value = self._energy(self._solver(volumes.points.clone().requires_grad_()), torch.tensor(0.01).double())

        forwards, backwards = race(forward, lambda: value.backward(), patience=self.patience)
        return self.timed("gradient by the nodes", [backwards, forwards], "forward", {"steps": STEPS})

    def _solver(self, points: Tensor | None = None) -> Projection:
        lid = {"top": NoSlip((1.0, 0.0)), "*": NoSlip()}
        return Projection(FVMesh.of(self.mesh), lid, dt=0.2 * self._h, points=points)

    @staticmethod
    def _energy(solver: Projection, viscosity: Tensor) -> Tensor:
        flow, _ = solver.advance(0.0, STEPS, viscosity=viscosity)
        return (flow.velocity**2).sum()
