"""A flow solved by ours and by OpenFOAM's ``simpleFoam``, in turns, on the same mesh."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from gno.bench.flow_cases import FlowCase
from gno.bench.openfoam import environment, iterations
from gno.bench.row import Row
from gno.bench.simple_foam import SimpleFoam
from gno.bench.solver_race import TOLERANCE, Numbers, SolverRace
from gno.bench.timing import race
from gno.fv.incompressible.drag import Coefficients
from gno.fv.incompressible.flow import Flow
from gno.fv.incompressible.navier_stokes import NavierStokes
from gno.fv.nonlinear.newton import Newton
from gno.mesh import Mesh


class FlowRace(SolverRace):
    """The rows of one flow.

    Args:
        make: the flow.
        patience: of the races.
    """

    peer = "simpleFoam"

    def __init__(self, make: Callable[[], FlowCase], *, patience: float | int) -> None:
        super().__init__(patience=patience)
        self._make = make

    @cached_property
    def case(self) -> FlowCase:
        """The flow."""
        return self._make()

    @cached_property
    def mesh(self) -> Mesh:
        """Its mesh."""
        self.name = self.case.name
        return self.case.mesh

    @cached_property
    def settled(self) -> Flow:
        """Our solution, down to rounding."""
        return self._solver().solve(viscosity=self.case.viscosity)

    @cached_property
    def theirs(self) -> tuple[Flow, Coefficients | None] | None:
        """That of OpenFOAM, to a hundredth of the tolerance; nothing where it is not installed."""
        if environment() is None:
            return None
        with TemporaryDirectory() as folder:
            foam = SimpleFoam(self.case, Path(folder), TOLERANCE / 100)
            foam.write()
            foam.run()
            return foam.flow(self.settled)

    def functional(self) -> Tensor:
        """Drag or kinetic energy, for the derivative by the viscosity."""
        nu = torch.tensor(self.case.viscosity, dtype=torch.float64, requires_grad=True)
        return self.case.functional(self._stopped(nu))

    def cost(self) -> Row:
        """Seconds of both to the same drop of the residual, and how far that is from where each settles."""
        found = self._stopped()
        numbers: Numbers = {
            "steps": found.report.iterations,
            "iteration error": self._off(found, self.settled),
            "mass lost": self._lost(self.settled),
        }
        if self.theirs is None:
            costs = race(self._stopped, patience=self.patience)
            return self.timed("solve", costs, "", {**numbers, "OpenFOAM": "is not installed"})
        with TemporaryDirectory() as folder:
            foam = SimpleFoam(self.case, Path(folder), TOLERANCE)
            foam.write()
            costs = race(self._stopped, foam.run, patience=self.patience)
            off = self._off(foam.flow(self.settled)[0], self.theirs[0])
            numbers |= {"its steps": iterations(foam.folder), "its iteration error": off}
        return self.timed("solve", costs, self.peer, numbers)

    def error(self, name: str) -> Row:
        """What the settled solutions miss.

        Args:
            name: one of ``known`` of the case.
        """
        theirs = None if self.theirs is None else self.case.errors(*self.theirs)[name]
        return self.missed(name, self.case.errors(self.settled)[name], theirs)

    def _solver(self) -> NavierStokes:
        return NavierStokes(self.anew(), self.case.boundary)

    def _stopped(self, viscosity: Tensor | None = None) -> Flow:
        """Solve up to the tolerance, from points and cells on."""
        nu = self.case.viscosity if viscosity is None else viscosity
        return self._solver().solve(viscosity=nu, method=Newton(tolerance=TOLERANCE, linear="diagonal"))

    def _off(self, flow: Flow, settled: Flow) -> float:
        """Greatest change of the velocity that is still to come, in speeds of the boundary."""
        return float((flow.velocity - settled.velocity).abs().max() / self.case.speed)

    def _lost(self, flow: Flow) -> float:
        """Greatest loss of mass in a cell, over the greatest flux through a face."""
        lost = self._solver().mesh.geometry().outflow(flow.mass_flux)
        return float(lost.abs().max() / flow.mass_flux.abs().max())
