"""Waves on random shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from gno.datasets import FieldSpec
from gno.problems.elements import Elements
from gno.problems.on_polygons import March, OnPolygons


@dataclass(frozen=True, kw_only=True)
class Wave(OnPolygons):
    r"""Waves of membranes of random shape that are held at the edge, from rest.

    .. math::
        \partial_{tt} u = c^2 \Delta u, \qquad u = 0 \text{ on the boundary}, \qquad
        \partial_t u = 0 \text{ at the start}

    Linear elements and Newmark's method of mean acceleration, of second order, which keeps the energy.

    Source: Mousavi et al. 2025, arXiv 2501.19205, whose wave equation on a disk this follows, here on many shapes.

    Args:
        speed: ``c``.
        shapes: families of domains, as of darcy.
        held_out: families that only test samples come from, besides new domains of ``shapes``.
        nodes: about how many nodes a mesh has.
        refinement: parts of each edge in the mesh on which samples are solved.
        waves: along each axis of the initial state.
        smoothing: half-waves in a unit beyond which the initial state is smoothed.
        end_time: last instant.
        instants: their number, with the first.
        substeps: steps between two instants; even.
        test_fraction: share of the samples held out for the test.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        seed: seed of all random numbers.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> draw = Wave(nodes=60, instants=5, substeps=120).sample(0)
        >>> sorted(draw.point_series), bool(draw.params["energy_balance"] < 1e-12)
        (['rate', 'u'], True)
    """

    name: ClassVar[str] = "wave"
    equation: ClassVar[str] = "d2u/dt2 = c^2 lap u, u = 0 on the boundary; rate: du/dt"

    speed: float = 1.0
    substeps: int = 24

    def __post_init__(self) -> None:
        self._check_positive("speed")
        super().__post_init__()

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``u`` and its ``rate`` of change in time: together they are the state."""
        return FieldSpec("u", role="target", transient=True), FieldSpec("rate", role="target", transient=True)

    def march(self, elements: Elements, u0: Float[np.ndarray, " inner"], substeps: int) -> March:
        """The solution, by Newmark.

        Args:
            elements: of the mesh.
            u0: at the inner nodes.
            substeps: steps between two instants.
        """
        dt = self.end_time / (self.instants - 1) / substeps
        mass, spring = elements.mass, self.speed**2 * elements.stiffness
        factor, explicit = elements.factor(mass + dt**2 / 4 * spring), mass - dt**2 / 4 * spring
        u, v = u0, np.zeros_like(u0)
        states = [(u, v)]
        for _ in range(self.instants - 1):
            for _ in range(substeps):
                after = factor.solve(explicit @ v - dt * (spring @ u))
                u, v = u + 0.5 * dt * (v + after), after
            states.append((u, v))
        first, last = (0.5 * float(b @ (mass @ b) + a @ (spring @ a)) for a, b in (states[0], states[-1]))
        return March(np.stack(states, axis=1), abs(first - last) / first)
