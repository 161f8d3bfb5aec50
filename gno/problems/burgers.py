"""Burgers' equation on the circle: the benchmark in one dimension of the graph kernel networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from gno.datasets import FieldSpec
from gno.datasets.layouts.grid import Grid
from gno.errors import ConfigError, DataError, SolverError
from gno.mesh import Mesh
from gno.problems.burgers_equation import BurgersEquation
from gno.problems.deal import Deal, Part
from gno.problems.fourier import Modes, gaussian_coefficients
from gno.problems.problem import Draw, Family

# The initial state is drawn on this many points whatever the solver has, so that it is the same at all resolutions.
_DRAWN = 8192
TOLERANCE = 1e-3
"""Share of the energy that a sample may leave unaccounted for."""


@dataclass(frozen=True, kw_only=True)
class Burgers(Family):
    r"""Burgers' equation on the unit circle, from a random initial state.

    .. math::
        \partial_t u + \partial_x (u^2 / 2) = \nu \, \partial_{xx} u, \qquad
        u_0 \sim N(0, 625 (-\partial_{xx} + 25)^{-2})

    The sample is the map from ``u0`` to ``u`` at the last instant, or all instants between. The mesh is a strip of
    squares, because a mesh has two dimensions: its two rows of nodes hold the same values. The mean of ``u0`` is 0, as
    in the data of the source.

    Source: Li et al. 2020, arXiv 2006.09535, section 4.2.

    Args:
        viscosity: kinematic, nu.
        resolution: points of the grid, a divisor of 8192; the last one is one step before the end.
        end_time: last instant.
        interval: time between instants; 0 for the map alone.
        solver_points: points of the solver.
        courant: Courant number of the solver's steps.
        test_fraction: share of the samples held out for the test.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        seed: seed of all random numbers.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> sorted(Burgers(resolution=32, solver_points=64).sample(0).mesh.point_data)
        ['u', 'u0']
        >>> Burgers(resolution=32, solver_points=64, interval=0.25).sample(0).time.tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """

    name: ClassVar[str] = "burgers"
    equation: ClassVar[str] = "du/dt + d(u^2/2)/dx = nu d2u/dx2 on the unit circle; u0: u at time 0"
    constants: ClassVar[Mapping[str, str]] = {"viscosity": "viscosity", "end_time": "end_time"}

    viscosity: float = 0.1
    resolution: int = 1024
    end_time: float = 1.0
    interval: float = 0.0
    solver_points: int = 1024
    courant: float = 0.8
    test_fraction: float = 1 / 6
    part: Part = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_positive("viscosity", "end_time", "courant")
        self._check_least(resolution=4, interval=0, solver_points=8, seed=0)
        if _DRAWN % self.resolution:
            raise ConfigError(f"resolution is {self.resolution}", why=f"it must divide {_DRAWN}")
        if self.interval > self.end_time:
            raise ConfigError(f"interval is {self.interval:g}", why=f"the last instant is {self.end_time:g}")
        _ = self._deal, Modes(self.solver_points, 1)

    @property
    def instants(self) -> list[float]:
        """Instants that are solved for."""
        if self.interval == 0:
            return [0.0, self.end_time]
        return [i * self.interval for i in range(math.floor(self.end_time / self.interval + 1e-9) + 1)]

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``u0`` in, ``u`` out."""
        return FieldSpec("u0", role="input"), FieldSpec("u", role="target", transient=self.interval > 0)

    def sample(self, index: int) -> Draw:
        """The map, or a trajectory; its parameters say how well it is solved.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
            SolverError: the solution is not resolved.
        """
        _, split = self._deal.mesh(index)
        rng = np.random.default_rng([self.seed, 1, self._deal.index(index)])
        drawn = gaussian_coefficients(_DRAWN, 1, rng, scale=625.0, tau=5.0, power=2.0)
        found = BurgersEquation(self.solver_points, viscosity=self.viscosity, courant=self.courant).evolve(
            drawn, self.instants
        )
        if found.balance > TOLERANCE:
            raise SolverError(
                f"the energy of sample {index} is accounted for but for {found.balance:.2g}",
                why=f"a sample must have it to {TOLERANCE:g}",
                fix="take a smaller courant",
            )
        grid = Grid([np.arange(self.resolution) / self.resolution])
        every, whole = _DRAWN // self.resolution, Modes(_DRAWN, 1)
        u = whole.values(torch.stack([whole.taken_from(c) for c in found.u]))[:, ::every].numpy()
        data = {"u0": grid.values(whole.values(drawn)[::every].numpy())}
        numbers = {"viscosity": self.viscosity, "energy_balance": found.balance}
        if self.interval == 0:
            return Draw(grid.mesh.with_data(data | {"u": grid.values(u[-1])}), numbers, split)
        series = {"u": grid.values(u, leading=1)}
        return Draw(grid.mesh.with_data(data), numbers, split, np.array(self.instants), series)

    def solve(self, mesh: Mesh, points: int | None = None) -> Mesh:
        """The mesh with ``u`` at its nodes, from those waves of ``u0`` that the solver has.

        Args:
            mesh: of a sample at any resolution.
            points: of the solver; as many as the mesh has along the circle without it.

        Raises:
            ConfigError: fewer than 8 points, or an odd number.
            DataError: there is no ``u0``.
            SolverError: the values grow beyond bounds.
        """
        if "u0" not in mesh.point_data:
            raise DataError("the mesh has no field 'u0' in its point data", why=f"have: {', '.join(mesh.point_data)}")
        row = torch.from_numpy(np.array(mesh.point_data["u0"][::2], dtype=np.float64))  # the other has the same values
        whole = Modes(len(row), 1)
        equation = BurgersEquation(points or len(row), viscosity=self.viscosity, courant=self.courant)
        found = equation.evolve(whole.transform(row), [0.0, self.end_time])
        u = whole.values(whole.taken_from(found.u[-1]))
        return mesh.with_data({**mesh.point_data, "u": np.repeat(u.numpy(), 2)})

    def attributes(self) -> dict[str, str | float | int]:
        """As of any family, and that the domain is periodic with this length."""
        return {**super().attributes(), "periodic": "x", "period": "1,0"}

    @property
    def _deal(self) -> Deal:
        return Deal(self.test_fraction, 1, self.part)
