"""What drives a flow through time."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from gno.fv.boundary.conditions import Value
from gno.fv.boundary.timed import Timed, now
from gno.fv.boundary.values import vectors
from gno.fv.incompressible.pressure_correction import Given
from gno.fv.incompressible.projection_boundary import Boundary, TimedBoundary
from gno.fv.incompressible.viscosity import viscosity_of


class Driving:
    """Viscosity, force and values on the boundary; those that do not change in time are made once.

    Args:
        held: which faces have which condition.
        viscosity: kinematic.
        body_force: force per mass: a vector, one for each cell, a function of points, or ``Timed``.
        boundary: other values on the boundary, of the same kinds.

    Raises:
        ConfigError: values of the wrong shape, or a viscosity that is not positive.
    """

    def __init__(
        self,
        held: TimedBoundary,
        viscosity: float | Tensor,
        *,
        body_force: Value = 0.0,
        boundary: Boundary | None = None,
    ) -> None:
        self._viscosity, self._values = viscosity_of(viscosity), held.during(boundary)
        self._centroid = held.geometry.centroid
        self._force = body_force if isinstance(body_force, Timed) else self._at_cells(body_force)

    def between(self, before: float, time: float) -> Given:
        """What a step takes.

        Args:
            before: the time at its beginning.
            time: that at its end.

        Raises:
            ConfigError: values of the wrong shape.
        """
        values = self._values
        force = self._at_cells(now(self._force, time)) if isinstance(self._force, Timed) else self._force
        return Given(values.velocity(time), values.pressure(time), values.pressure(before), force, self._viscosity)

    def _at_cells(self, force: Value) -> Float[Tensor, "cells dim"]:
        return vectors(force, self._centroid, "the force")
