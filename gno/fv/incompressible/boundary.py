"""What holds for velocity and pressure on the outer faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.assignment import by_patch
from gno.fv.boundary.conditions import Condition, Inlet, NoSlip, PressureOutlet, Slip, Symmetry
from gno.fv.boundary.values import scalars, vectors
from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.mesh import FVMesh

_UNEQUAL = 0.02
"""Share of what comes in that may be missing among what goes out, where all of the boundary is given."""


class BoundaryValues(NamedTuple):
    """Values on the outer faces, in their order; nought where they are not given.

    Args:
        velocity: ``(outer, dim)`` of walls and inlets.
        pressure: ``(outer,)`` of outlets.
        mass: flux ``(outer,)`` out through walls and inlets.
    """

    velocity: Float[Tensor, "outer dim"]
    pressure: Float[Tensor, " outer"]
    mass: Float[Tensor, " outer"]


@dataclass(frozen=True, eq=False)
class FlowBoundary:
    """The condition of each patch, as sets of outer faces.

    Args:
        mesh: the finite volumes.
        conditions: patch to ``NoSlip``, ``Slip``, ``Symmetry``, ``Inlet`` or ``PressureOutlet``; of all patches.

    Raises:
        ConfigError: an unknown patch, a patch without condition, or one whose condition is not about a flow.
    """

    mesh: FVMesh
    conditions: Mapping[str, Condition]

    @classmethod
    def of(cls, mesh: FVMesh, boundary: Mapping[str, Condition]) -> FlowBoundary:
        """The boundary of a mesh.

        Args:
            mesh: the finite volumes.
            boundary: patch to condition, ``*`` for all that are not named.
        """
        conditions = by_patch(mesh.patches, boundary, joined=mesh.periodic)
        for name, held in conditions.items():
            if not isinstance(held, NoSlip | Slip | Symmetry | Inlet | PressureOutlet):
                raise ConfigError(
                    f"patch {name!r} has the condition {type(held).__name__}",
                    why="a flow needs NoSlip, Slip, Symmetry, Inlet, PressureOutlet or Periodic",
                )
        return cls(mesh, conditions)

    def faces(self, *kinds: type) -> Int[Tensor, " rows"]:
        """Numbers of the outer faces that have one of some conditions."""
        none = self.mesh.owner[:0]
        rows = [self.mesh.patches[name] for name, held in self.conditions.items() if isinstance(held, kinds)]
        return torch.cat([none, *rows]).sort().values

    def values(self, geometry: Geometry) -> BoundaryValues:
        """Values at the centers of the outer faces; differentiable in them, and in the geometry.

        Args:
            geometry: of the mesh.

        Raises:
            ConfigError: values of the wrong shape or not finite, or inlets alone that do not carry out what comes in.
        """
        start, (outer, dim) = self.mesh.num_inner, (self.mesh.num_faces - self.mesh.num_inner, self.mesh.dim)
        velocity = geometry.center.new_zeros(outer, dim)
        pressure, mass = velocity.new_zeros(outer), velocity.new_zeros(outer)
        for name, held in self.conditions.items():
            rows = self.mesh.patches[name]
            center, area, at = geometry.center[rows], geometry.area[rows], (rows - start,)
            if isinstance(held, PressureOutlet):
                pressure = pressure.index_put(at, scalars(held.pressure, center, f"the pressure on patch {name!r}"))
            if isinstance(held, NoSlip):
                given = vectors(held.velocity, center, f"the velocity on patch {name!r}")
                velocity = velocity.index_put(at, given)
            if isinstance(held, Inlet):
                inward = -geometry.normal[rows]
                given = vectors(held.velocity, center, f"the velocity on patch {name!r}", along=inward)
                velocity, mass = velocity.index_put(at, given), mass.index_put(at, (given * area).sum(1))
        if not len(self.faces(PressureOutlet)):
            mass = self._closed(mass, geometry.size[start:])
        return BoundaryValues(velocity, pressure, mass)

    def _closed(self, mass: Tensor, size: Tensor) -> Tensor:
        """What goes out made equal to what comes in: they differ by the error of the rule of the midpoint."""
        through, total, scale = self.faces(Inlet) - self.mesh.num_inner, mass.sum(), mass.detach().abs().sum() / 2
        if abs(float(total.detach())) > _UNEQUAL * float(scale):
            raise ConfigError(
                f"{abs(float(total.detach())):.3g} more {'leaves' if total > 0 else 'comes in'} than the rest carries",
                why=f"velocities are given on all of the boundary, and {float(scale):.3g} flows through in all",
                fix="give a PressureOutlet, or velocities that balance",
            )
        share = torch.zeros_like(size).index_put((through,), size[through])
        return mass - total * share / share.sum().clamp(min=torch.finfo(share.dtype).tiny)
