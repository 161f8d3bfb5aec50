"""Waves on random shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gno.datasets import FieldSpec
from gno.problems.on_polygons import OnPolygons, Setting
from gno.problems.schemes import Newmark


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
    constants: ClassVar[Mapping[str, str]] = {"speed": "speed"}

    speed: float = 1.0
    substeps: int = 24

    def __post_init__(self) -> None:
        self._check_positive("speed")
        super().__post_init__()

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``u`` and its ``rate`` of change in time: together they are the state."""
        return FieldSpec("u", role="target", transient=True), FieldSpec("rate", role="target", transient=True)

    def scheme(self, setting: Setting) -> Newmark:
        """Scheme of the equation.

        Args:
            setting: what it is solved on.
        """
        return Newmark(setting.elements.mass, self.speed**2 * setting.elements.stiffness)
