"""What holds on the boundary of a flow that changes in time, face by face."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.conditions import Condition, Inlet, NoSlip, PressureOutlet, Slip, Symmetry
from gno.fv.boundary.timed import now
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

    Attributes:
        fixed: outer faces with a given velocity.
        open: outer faces with a given pressure.
        slip: outer faces with a normal velocity of nought.
        closed: for each part of the mesh without outlet, its cells.

    Raises:
        ConfigError: an unknown patch, a patch without condition, or a condition that a flow cannot have.

    Example:
        >>> from gno.mesh import shapes
        >>> held = TimedBoundary(FVMesh.of(shapes.square(0.5)), {"top": NoSlip((1.0, 0.0)), "*": NoSlip()})
        >>> len(held.fixed), len(held.open), held.velocity(0.0).sum(0).tolist()
        (8, 0, [2.0, 0.0])
    """

    def __init__(self, mesh: FVMesh, boundary: Boundary) -> None:
        self._mesh = mesh
        self.conditions = FlowBoundary.of(mesh, boundary).conditions
        self.fixed, self.open, self.slip = (self._faces(kinds) for kinds in _KINDS)
        parts = mesh.parts
        outlets = set(parts[mesh.owner[self.open]].tolist())
        self.closed = [(parts == part).nonzero()[:, 0] for part in parts.unique().tolist() if part not in outlets]

    def velocity(self, time: float, boundary: Boundary | None = None) -> Float[Tensor, "fixed dim"]:
        """The given velocities, patch by patch.

        Args:
            time: the time.
            boundary: other values, of the same kinds.

        Raises:
            ConfigError: values of the wrong shape, or more that flows into a part without outlet than out of it.
        """

        def at_faces(name: str, held: NoSlip | Inlet, g: Geometry) -> Tensor:
            rows = self._mesh.patches[name]
            inward = -g.normal[rows] if isinstance(held, Inlet) else None
            return vectors(now(held.velocity, time), g.center[rows], f"the velocity on {name!r}", along=inward)

        on = self._gather(boundary, _KINDS[0], at_faces)
        self._refuse_unbalanced(on.detach(), time)
        return on

    def pressure(self, time: float, boundary: Boundary | None = None) -> Float[Tensor, " open"]:
        """The given pressures, patch by patch.

        Args:
            time: the time.
            boundary: other values, of the same kinds.
        """

        def at_faces(name: str, held: PressureOutlet, g: Geometry) -> Tensor:
            return scalars(now(held.pressure, time), g.center[self._mesh.patches[name]], f"the pressure on {name!r}")

        return self._gather(boundary, _KINDS[1], at_faces)[:, 0]

    def _refuse_unbalanced(self, on: Tensor, time: float) -> None:
        g, owner = self._mesh.geometry(), self._mesh.owner[self.fixed]
        area, size = g.area[self.fixed], g.size[self.fixed]
        for part in self.closed:
            here = torch.isin(owner, part)
            out, scale = (area * on)[here].sum(), (size * on.norm(dim=1))[here].sum()
            if abs(out) > _BALANCED * scale:
                raise ConfigError(
                    f"{float(abs(out)):.6g} more flows {'out of' if out > 0 else 'into'} the mesh than back at time "
                    f"{time:.6g}",
                    why="no patch lets fluid out as the pressure wants it",
                    fix="give a PressureOutlet, or velocities that balance",
                )

    def _gather(self, boundary: Boundary | None, kinds: tuple[type, ...], values: Callable[..., Tensor]) -> Tensor:
        g = self._mesh.geometry()
        conditions = self.conditions if boundary is None else self._same(boundary)
        parts = [values(name, held, g) for name, held in conditions.items() if isinstance(held, kinds)]
        width = [1, g.center.shape[1]][kinds is _KINDS[0]]
        return torch.cat([g.center.new_zeros(0, width), *(part.reshape(len(part), width) for part in parts)])

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
