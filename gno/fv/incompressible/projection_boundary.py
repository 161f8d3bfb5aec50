"""What holds on the boundary of a flow that changes in time, face by face."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.conditions import Condition, Inlet, NoSlip, PressureOutlet, Slip, Symmetry
from gno.fv.boundary.timed import Timed, now
from gno.fv.boundary.values import scalars, vectors
from gno.fv.incompressible.boundary import FlowBoundary
from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.mesh import FVMesh

Boundary = Mapping[str, Condition]
_BALANCED = 1e-10
"""Net flow out of a mesh without outlet, over area times speed, that counts as none."""
_KINDS = ((NoSlip, Inlet), (PressureOutlet,), (Slip, Symmetry))


class TimedBoundary:
    """The faces on which the velocity, the pressure or only the normal velocity is given.

    Args:
        mesh: its patches.
        boundary: patch to condition; values may be ``Timed``.
        geometry: of its cells; that of the mesh without it.

    Attributes:
        geometry: of the cells.
        conditions: patch to condition, of all patches.
        fixed: outer faces with a given velocity.
        open: outer faces with a given pressure.
        slip: outer faces with a normal velocity of nought.
        closed: for each part of the mesh without outlet, its cells.

    Raises:
        ConfigError: an unknown patch, a patch without condition, or a condition that a flow cannot have.

    Example:
        >>> from gno.mesh import shapes
        >>> held = TimedBoundary(FVMesh.of(shapes.square(0.5)), {"top": NoSlip((1.0, 0.0)), "*": NoSlip()})
        >>> len(held.fixed), len(held.open), held.during().velocity(0.0).sum(0).tolist()
        (8, 0, [2.0, 0.0])
    """

    def __init__(self, mesh: FVMesh, boundary: Boundary, geometry: Geometry | None = None) -> None:
        self._mesh, self.geometry = mesh, mesh.geometry() if geometry is None else geometry
        self.conditions = FlowBoundary.of(mesh, boundary).conditions
        self.fixed, self.open, self.slip = (self._faces(kinds) for kinds in _KINDS)
        parts = mesh.parts
        outlets = set(parts[mesh.owner[self.open]].tolist())
        self.closed = [(parts == part).nonzero()[:, 0] for part in parts.unique().tolist() if part not in outlets]
        around = parts[mesh.owner[self.fixed]]
        self._walls = [(around == parts[part[0]]).nonzero()[:, 0] for part in self.closed]

    def during(self, boundary: Boundary | None = None) -> HeldValues:
        """The values over a time.

        Args:
            boundary: other values, of the same kinds.

        Raises:
            ConfigError: a condition of another kind, or what ``HeldValues`` refuses.
        """
        return HeldValues(self, self.conditions if boundary is None else self._same(boundary))

    def rows(self, name: str) -> Int[Tensor, " _faces"]:
        """Faces of a patch.

        Args:
            name: of the patch.
        """
        return self._mesh.patches[name]

    def refuse_unbalanced(self, on: Float[Tensor, "fixed dim"], time: float) -> None:
        """Refuse velocities that let more into a part without outlet than out of it.

        Args:
            on: the velocities.
            time: the time.

        Raises:
            ConfigError: by how much, and when.
        """
        area = self.geometry.area.detach()
        for here in self._walls:
            through, held = area[self.fixed[here]], on[here]
            out, scale = (through * held).sum(), (through.norm(dim=1) * held.norm(dim=1)).sum()
            if abs(out) > _BALANCED * scale:
                raise ConfigError(
                    f"{float(abs(out)):.6g} more flows {'out of' if out > 0 else 'into'} the mesh than back at time "
                    f"{time:.6g}",
                    why="no patch lets fluid out as the pressure wants it",
                    fix="give a PressureOutlet, or velocities that balance",
                )

    def _same(self, boundary: Boundary) -> Boundary:
        conditions = FlowBoundary.of(self._mesh, boundary).conditions
        for name, held in conditions.items():
            if type(held) is not type(self.conditions[name]):
                raise ConfigError(
                    f"patch {name!r} has the condition {type(held).__name__}",
                    why=f"the solver was made for {type(self.conditions[name]).__name__} there",
                    fix="make another solver",
                )
        return conditions

    def _faces(self, kinds: tuple[type, ...]) -> Int[Tensor, " _faces"]:
        rows = [self._mesh.patches[name] for name, held in self.conditions.items() if isinstance(held, kinds)]
        return torch.cat([self._mesh.owner[:0], *rows])


class HeldValues:
    """Given velocities and pressures; those that do not change in time are made once.

    Args:
        on: the faces.
        conditions: patch to condition, of the kinds there.

    Raises:
        ConfigError: values of the wrong shape, or what ``refuse_unbalanced`` refuses.
    """

    def __init__(self, on: TimedBoundary, conditions: Boundary) -> None:
        self._on, self._conditions = on, conditions
        velocities = (held.velocity for held in conditions.values() if isinstance(held, NoSlip | Inlet))
        pressures = (held.pressure for held in conditions.values() if isinstance(held, PressureOutlet))
        self._velocity = None if any(isinstance(v, Timed) for v in velocities) else self._velocities(0.0)
        self._pressure = None if any(isinstance(p, Timed) for p in pressures) else self._pressures(0.0)

    def velocity(self, time: float) -> Float[Tensor, "fixed dim"]:
        """The velocities, patch by patch.

        Args:
            time: the time.
        """
        return self._velocities(time) if self._velocity is None else self._velocity

    def pressure(self, time: float) -> Float[Tensor, " open"]:
        """The pressures, patch by patch.

        Args:
            time: the time.
        """
        return self._pressures(time) if self._pressure is None else self._pressure

    def _velocities(self, time: float) -> Tensor:
        g, parts = self._on.geometry, [self._on.geometry.center[:0]]
        for name, held in self._conditions.items():
            if isinstance(held, NoSlip | Inlet):
                rows = self._on.rows(name)
                inward = -g.normal[rows] if isinstance(held, Inlet) else None
                value = now(held.velocity, time)
                parts.append(vectors(value, g.center[rows], f"the velocity on {name!r}", along=inward))
        on = torch.cat(parts)
        self._on.refuse_unbalanced(on.detach(), time)
        return on

    def _pressures(self, time: float) -> Tensor:
        g, parts = self._on.geometry, [self._on.geometry.volume[:0]]
        for name, held in self._conditions.items():
            if isinstance(held, PressureOutlet):
                value, at = now(held.pressure, time), g.center[self._on.rows(name)]
                parts.append(scalars(value, at, f"the pressure on {name!r}"))
        return torch.cat(parts)
