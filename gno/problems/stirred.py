"""Heat, or dye, in a fluid that stirs it, on random shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gno.datasets import FieldSpec
from gno.problems.on_polygons import OnPolygons, Setting
from gno.problems.schemes import CrankNicolson


@dataclass(frozen=True, kw_only=True)
class Stirred(OnPolygons):
    r"""A scalar that a steady, random flow carries and diffusion spreads, in boxes of random shape.

    .. math::
        \partial_t u + v \cdot \nabla u = D \Delta u, \qquad v = (\partial_y \psi, -\partial_x \psi), \qquad
        u = \psi = 0 \text{ on the boundary}

    Linear elements and the method of Crank and Nicolson, of second order. The convection is skew: it changes no energy,
    so that just what diffusion dissipates is lost.

    Source: Hundsdorfer and Verwer 2003, https://doi.org/10.1007/978-3-662-09017-6, chapter I.

    Args:
        diffusivity: ``D``.
        speed: of the flow, the root of its mean square.
        shapes: families of domains, as of darcy.
        held_out: families that only test samples come from, besides new domains of ``shapes``.
        nodes: about how many nodes a mesh has.
        refinement: parts of each edge in the mesh on which samples are solved.
        waves: along each axis of the initial state and of the stream function.
        smoothing: half-waves in a unit beyond which these are smoothed.
        end_time: last instant.
        instants: their number, with the first.
        substeps: steps between two instants; even.
        test_fraction: share of the samples held out for the test.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        seed: seed of all random numbers.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> draw = Stirred(nodes=60, instants=3, substeps=40).sample(0)
        >>> sorted(draw.mesh.point_data), draw.params["energy_balance"] < 1e-12
        (['stream', 'velocity'], True)
    """

    name: ClassVar[str] = "advection-diffusion"
    equation: ClassVar[str] = "du/dt + v . grad u = D lap u, v = (dpsi/dy, -dpsi/dx), u = psi = 0 on the boundary"
    constants: ClassVar[Mapping[str, str]] = {"diffusivity": "diffusivity"}

    diffusivity: float = 0.01
    speed: float = 1.0
    waves: int = 3

    def __post_init__(self) -> None:
        self._check_positive("diffusivity", "speed")
        super().__post_init__()

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``u`` in time; the ``stream`` function and the ``velocity``, which stand still."""
        return (
            FieldSpec("u", role="target", transient=True),
            FieldSpec("stream", role="input"),
            FieldSpec("velocity", role="input", components=2),
        )

    def scheme(self, setting: Setting) -> CrankNicolson:
        """Scheme of the equation.

        Args:
            setting: what it is solved on.
        """
        elements = setting.elements
        stream = self.smooth(setting)
        # The mean square, not the greatest: at a corner that points inwards that has no end.
        stream *= self.speed * np.sqrt(elements.area.sum() / (stream @ (elements.stiffness @ stream)))
        velocity = elements.around_nodes(elements.velocity(stream))
        still = {"stream": elements.everywhere(stream), "velocity": velocity}
        loss = self.diffusivity * elements.stiffness
        return CrankNicolson(elements.mass, loss, elements.convection(stream), still=still)
