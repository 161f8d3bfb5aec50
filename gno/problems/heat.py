"""Heat on random shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gno.datasets import FieldSpec
from gno.problems.on_polygons import OnPolygons, Setting
from gno.problems.schemes import CrankNicolson


@dataclass(frozen=True, kw_only=True)
class Heat(OnPolygons):
    r"""Heat in bodies of random shape whose surface is cold.

    .. math::
        \partial_t u = D \Delta u, \qquad u = 0 \text{ on the boundary}

    Linear elements and the method of Crank and Nicolson, of second order, which loses just the energy that is
    dissipated.

    Source: Mousavi et al. 2025, arXiv 2501.19205, whose heat equation on an L this follows, here on many shapes.

    Args:
        diffusivity: ``D``.
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
        >>> draw = Heat(nodes=60, instants=3).sample(0)
        >>> draw.time.tolist(), len(draw.point_series["u"]), draw.params["energy_balance"] < 1e-12
        ([0.0, 0.5, 1.0], 3, True)
    """

    name: ClassVar[str] = "heat"
    equation: ClassVar[str] = "du/dt = D lap u, u = 0 on the boundary"
    constants: ClassVar[Mapping[str, str]] = {"diffusivity": "diffusivity"}

    diffusivity: float = 0.01

    def __post_init__(self) -> None:
        self._check_positive("diffusivity")
        super().__post_init__()

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``u`` in time."""
        return (FieldSpec("u", role="target", transient=True),)

    def scheme(self, setting: Setting) -> CrankNicolson:
        """Scheme of the equation.

        Args:
            setting: what it is solved on.
        """
        return CrankNicolson(setting.elements.mass, self.diffusivity * setting.elements.stiffness)
