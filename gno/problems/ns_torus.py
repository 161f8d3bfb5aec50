"""Forced turbulence on the torus: the benchmark of the Fourier neural operator, on grids and on scattered nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Complex
from torch import Tensor

from gno.datasets import FieldSpec
from gno.datasets.layouts.grid import structured
from gno.errors import ConfigError, SolverError
from gno.mesh import Mesh, shapes
from gno.problems.deal import Deal, Part
from gno.problems.domain import Domain
from gno.problems.fourier import Modes, gaussian_coefficients
from gno.problems.problem import Draw, Family
from gno.problems.torus_grid import TorusGrid
from gno.problems.vorticity import Evolution, VorticityEquation
from gno.problems.vorticity_step import VorticityStep

# The initial state is drawn on this many points whatever the solver has, so that it is the same at all resolutions.
_DRAWN = 256
_END = {1e-3: 50.0, 1e-4: 30.0, 1e-5: 20.0}
TOLERANCE = 1e-3
"""Share of the enstrophy that a trajectory may leave unaccounted for."""


@dataclass(frozen=True, kw_only=True)
class TorusFlow(Family):
    r"""Vorticity ``w`` of a forced flow on the unit torus, from a random initial state.

    .. math::
        \partial_t w + v \cdot \nabla w = \nu \Delta w + 0.1 (\sin 2 \pi (x + y) + \cos 2 \pi (x + y)), \qquad
        w_0 \sim N(0, 7^{3/2} (-\Delta + 49)^{-5/2})

    Solved with spectral accuracy; the values at the nodes are the sums of the series there, not interpolated. A flow
    whose enstrophy is not accounted for to one part in a thousand is an error, not a sample.

    Source: Li et al. 2021, arXiv 2010.08895, section 5.3.

    Args:
        viscosity: kinematic, nu.
        resolution: points of the grid along each axis, where ``nodes`` is 0.
        truncated: whether the grid gets the waves alone that a solver with as many points keeps, less than a third of
            them: the projection of the flow, which that solver should find. Values at few points of all waves alias.
        nodes: about how many scattered nodes a sample has; their mesh closes the square, with equal values on opposite
            sides. 0 for the grid, whose last points are one step before the end.
        end_time: last instant; 0 for that of the benchmark: 50, 30, 20 at viscosities 1e-3, 1e-4, 1e-5.
        interval: time between instants.
        solver_points: points of the solver along each axis; 0 for 64, 128, 256, by the viscosity.
        courant: Courant number of the solver's steps.
        initial_scale: factor of the initial vorticity; the released generator of the benchmark has about 4.3.
        samples_per_mesh: samples on each scattered mesh.
        test_fraction: share of the meshes held out for the test.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        seed: seed of all random numbers.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> draw = TorusFlow(viscosity=0.01, resolution=16, end_time=2.0, solver_points=16).sample(0)
        >>> draw.point_series["vorticity"].shape, draw.time.tolist()
        ((3, 256), [0.0, 1.0, 2.0])
    """

    name: ClassVar[str] = "ns-torus"
    equation: ClassVar[str] = "dw/dt + v . grad w = nu lap w + f on the unit torus; w: vorticity, v: velocity"
    constants: ClassVar[Mapping[str, str]] = {"viscosity": "viscosity"}

    viscosity: float = 1e-3
    resolution: int = 64
    truncated: bool = False
    nodes: int = 0
    end_time: float = 0.0
    interval: float = 1.0
    solver_points: int = 0
    courant: float = 0.8
    initial_scale: float = 1.0
    samples_per_mesh: int = 1
    test_fraction: float = 1 / 6
    part: Part = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_positive("viscosity", "interval", "courant", "initial_scale")
        self._check_least(resolution=4, nodes=0, end_time=0, solver_points=0, seed=0)
        if self.end_time == 0 and self.viscosity not in _END:
            raise ConfigError(
                f"end_time is 0 at viscosity {self.viscosity:g}",
                why=f"the benchmark has viscosities {', '.join(f'{v:g}' for v in _END)}",
                fix="set end_time",
            )
        if self.instants[-1] <= 0:
            raise ConfigError(f"interval is {self.interval:g}", why=f"the last instant is {self.end_time:g}")
        if self.truncated and self.nodes:
            raise ConfigError(
                f"truncated with {self.nodes} scattered nodes",
                why="a grid says which waves are kept",
                fix="set nodes=0",
            )
        _ = self._deal, Modes(self.points, 2), self._kept

    @property
    def points(self) -> int:
        """Points of the solver along each axis."""
        fitting = 64 if self.viscosity >= 5e-4 else 128 if self.viscosity >= 5e-5 else 256
        return self.solver_points or fitting

    @property
    def instants(self) -> list[float]:
        """Instants of each trajectory."""
        end = self.end_time or _END[self.viscosity]
        return [i * self.interval for i in range(math.floor(end / self.interval + 1e-9) + 1)]

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``force``, which stands still; ``vorticity`` and ``velocity`` in time."""
        return (
            FieldSpec("force", role="input"),
            FieldSpec("vorticity", role="target", transient=True),
            FieldSpec("velocity", role="target", components=2, transient=True),
        )

    def sample(self, index: int) -> Draw:
        """A trajectory; its parameters say how well it is solved.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
            SolverError: the flow is not resolved.
        """
        return self.prepared(index)()

    def prepared(self, index: int) -> Callable[[], Draw]:
        """As of any family: the mesh is there.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
        """
        number, split = self._deal.mesh(index)
        return partial(self._solved, index, _mesh(self, number), split)

    def _solved(self, index: int, mesh: Mesh, split: str) -> Draw:
        flow = VorticityEquation(self.points, viscosity=self.viscosity, force=_force(), courant=self.courant)
        found = flow.evolve(self._initial(flow.modes, self._deal.index(index)), self.instants)
        if found.balance > TOLERANCE:
            raise SolverError(
                f"the enstrophy of sample {index} is accounted for but for {found.balance:.2g}",
                why=f"a sample must have it to {TOLERANCE:g}",
                fix="take a smaller courant",
            )
        wave = mesh.points @ np.full(2, 2 * np.pi)
        kept = self._kept
        vorticity = found.vorticity if kept is None else flow.modes.taken_from(kept.taken_from(found.vorticity))
        series = {"vorticity": flow.modes.at(vorticity, mesh.points)}
        velocity = flow.velocity(vorticity)
        series["velocity"] = np.stack([flow.modes.at(velocity[:, d], mesh.points) for d in (0, 1)], axis=-1)
        still = mesh.with_data({"force": 0.1 * (np.sin(wave) + np.cos(wave))})
        return Draw(still, self._numbers(flow.modes, found), split, np.array(self.instants), series)

    def stepper(self, mesh: Mesh) -> VorticityStep:
        """The solver on the grid of a mesh, as a part of a model: differentiable, with as many points as the grid.

        Args:
            mesh: whose nodes form a grid.

        Raises:
            DataError: they do not.
        """
        return VorticityStep(TorusGrid(mesh.points), viscosity=self.viscosity, courant=self.courant)

    def attributes(self) -> dict[str, str | float | int]:
        """As of any family, and that the domain is periodic with these lengths."""
        return {**super().attributes(), "periodic": "x,y", "period": "1,1"}

    @property
    def _kept(self) -> Modes | None:
        """The waves that are delivered; nothing for all."""
        return Modes(self.resolution, 2) if self.truncated else None

    @property
    def _deal(self) -> Deal:
        return Deal(self.test_fraction, self.samples_per_mesh, self.part)

    def _initial(self, modes: Modes, index: int) -> Complex[Tensor, "n half"]:
        rng = np.random.default_rng([self.seed, 1, index])
        drawn = gaussian_coefficients(_DRAWN, 2, rng, scale=7**1.5, tau=7.0, power=2.5)
        return self.initial_scale * modes.taken_from(drawn)

    def _numbers(self, modes: Modes, found: Evolution) -> dict[str, float]:
        """Viscosity, and measures of the error: enstrophy not accounted for, and its share in the shortest waves."""
        last = found.vorticity[-1]
        short = modes.k.abs().amax(dim=0) > 0.9 * 2 * math.pi * modes.points / 3
        tail = float(modes.mean_square(last * short) / modes.mean_square(last))
        return {
            "viscosity": self.viscosity,
            "enstrophy_balance": found.balance,
            "short_waves": tail,
            "courant": found.courant,
        }


@lru_cache(maxsize=1)
def _force() -> Complex[Tensor, "n half"]:
    x = torch.arange(16, dtype=torch.float64) / 16
    wave = 2 * math.pi * (x[:, None] + x)
    return Modes(16, 2).transform(0.1 * (torch.sin(wave) + torch.cos(wave)))


@lru_cache(maxsize=4)
def _mesh(problem: TorusFlow, number: int) -> Mesh:
    if problem.nodes == 0:
        axis = np.arange(problem.resolution) / problem.resolution
        return structured(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1))
    seed = int(np.random.default_rng([problem.seed, 0, number]).integers(2**31))
    return shapes.square(Domain("square", 1.0, 4.0, shapes.square).edge_length(problem.nodes), seed=seed)
