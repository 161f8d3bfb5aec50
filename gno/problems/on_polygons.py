"""Linear equations in time on random shapes, with 0 on the boundary, from random waves."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gno.datasets import FieldSpec
from gno.errors import ConfigError, SolverError
from gno.mesh import refine
from gno.problems.deal import Deal, Part
from gno.problems.domain import FAMILIES, check_families, draw_domain
from gno.problems.elements import Elements, factored
from gno.problems.problem import Draw, Family
from gno.problems.schemes import Inner, Scheme
from gno.typing import Points

ENERGY = 1e-9
"""Share of the energy that a trajectory may leave unaccounted for: the schemes keep it to rounding."""
STEP_ERROR = 0.02
"""Relative difference at the last instant that half of the steps may make."""


class Setting(NamedTuple):
    """What a sample is solved on.

    Args:
        elements: of its mesh, with all edges cut.
        points: nodes of that mesh ``(nodes, 2)``.
        rng: source of what else is random.
    """

    elements: Elements
    points: Points
    rng: np.random.Generator


@dataclass(frozen=True, kw_only=True)
class OnPolygons(Family):
    """What heat and waves on random shapes have in common.

    The initial state is a sine series on the box around the shape with random coefficients, taken through the inverse
    of ``-Laplace + (pi smoothing)^2``, so that it is smooth and 0 on the boundary, and scaled to a mean square of 1.
    Linear elements on the sample's mesh with all edges cut, restricted to its nodes. A sample whose energy is not
    accounted for, or that half as many steps change by more than a fiftieth, is an error.
    """

    shapes: tuple[str, ...] = ("l_shape", "polygon", "square_with_holes")
    held_out: tuple[str, ...] = ("disk",)
    nodes: int = 1000
    refinement: int = 3
    waves: int = 5
    smoothing: float = 3.0
    end_time: float = 1.0
    instants: int = 21
    substeps: int = 8
    test_fraction: float = 1 / 6
    part: Part = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_positive("smoothing", "end_time")
        self._check_least(nodes=20, refinement=1, waves=1, instants=2, substeps=2, seed=0)
        check_families(self.shapes, self.held_out)
        if self.substeps % 2:
            raise ConfigError(f"substeps is {self.substeps}", why="it must be even: half of them check the others")
        _ = self._deal

    @property
    @abstractmethod
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of the scheme's states, in its order, and after them those that stand still."""

    @abstractmethod
    def scheme(self, setting: Setting) -> Scheme:
        """The equation, ready to be solved.

        Args:
            setting: what it is solved on.
        """

    def sample(self, index: int) -> Draw:
        """A trajectory; its parameters say how well it is solved.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
            SolverError: steps that are too long, or energy that is not accounted for.
        """
        number, split = self._deal.mesh(index)
        families = self.shapes if split == "train" else (*self.shapes, *self.held_out)
        rng, drawn = (np.random.default_rng([self.seed, stream, number]) for stream in (0, 1))
        domain = draw_domain(families[int(rng.integers(len(families)))], rng)
        mesh = domain.mesh(domain.edge_length(self.nodes))
        fine = refine(mesh, self.refinement)
        setting = Setting(Elements(fine), fine.points, drawn)
        u0, scheme = self.smooth(setting), self.scheme(setting)
        dt = self.end_time / (self.instants - 1) / self.substeps
        found, check = (
            scheme.march(u0, dt * coarser, instants=self.instants, substeps=self.substeps // coarser)
            for coarser in (1, 2)
        )
        error = float(np.linalg.norm((found.states - check.states)[0, -1]) / np.linalg.norm(found.states[0, -1]))
        if found.balance > ENERGY or error > STEP_ERROR:
            raise SolverError(
                f"sample {index} changes by {error:.2g} with half the steps, {found.balance:.2g} of its energy is lost",
                why=f"allowed are {STEP_ERROR:g} and {ENERGY:g}",
                fix="take more substeps",
            )
        nodal = setting.elements.everywhere(found.states)[:, :, : mesh.num_points]
        series = {spec.name: values for spec, values in zip(self.fields, nodal)}
        params = {"family": float(list(FAMILIES).index(domain.family))}
        params |= {"energy_balance": found.balance, "step_error": error}
        still = {name: values[: mesh.num_points] for name, values in scheme.still.items()}
        time = np.linspace(0.0, self.end_time, self.instants)
        return Draw(mesh.with_data(still), params, split, time, series)

    @property
    def _deal(self) -> Deal:
        return Deal(self.test_fraction, 1, self.part)

    def smooth(self, setting: Setting) -> Inner:
        """Random waves that are smooth, 0 on the boundary, and of mean square 1.

        Args:
            setting: what they are on.
        """
        elements, points, rng = setting
        low, high = points.min(axis=0), points.max(axis=0)
        x = (points[elements.inner] - low) / (high - low)
        along_x, along_y = (np.sin(np.pi * np.arange(1, self.waves + 1) * x[:, [d]]) for d in (0, 1))
        g = np.einsum("nk,kl,nl->n", along_x, rng.standard_normal((self.waves, self.waves)), along_y)
        mass = elements.mass
        u: Inner = factored(elements.stiffness + (np.pi * self.smoothing) ** 2 * mass).solve(mass @ g)
        return u / np.sqrt(u @ (mass @ u) / mass.sum())
