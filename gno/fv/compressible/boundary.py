"""What holds for a gas on the outer faces."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError, SolverError
from gno.fv.boundary.assignment import by_patch
from gno.fv.boundary.conditions import (
    Condition,
    FarField,
    Inlet,
    IsothermalWall,
    NoSlip,
    PressureOutlet,
    Slip,
    StagnationInlet,
    Symmetry,
)
from gno.fv.boundary.values import scalars, vectors
from gno.fv.compressible.gas import Gas, Rows, dot
from gno.fv.compressible.held import Held
from gno.fv.compressible.vortex import Vortex
from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.mesh import FVMesh

STICKY = (NoSlip, IsothermalWall)
"""Walls that need friction."""
BODIES = (Slip, *STICKY)
"""Walls that forces act on."""
WALLS = (*BODIES, Symmetry)
OPEN = (FarField, Inlet, StagnationInlet, PressureOutlet)
NEAR, SWIRLED_NEAR = 10, 5
"""Chords from a body within which a far field disturbs it: without, and with the vortex of its lift."""


class Outside(NamedTuple):
    """What is given on the outer faces, in their order; one where nothing is given.

    Args:
        far: density, velocity and pressure far away ``(..., outer, dim + 2)``.
        density: of inlets, and the stagnation density of stagnation inlets ``(..., outer)``.
        velocity: of inlets; the direction of stagnation inlets ``(..., outer, dim)``.
        pressure: of outlets, and the stagnation pressure of stagnation inlets ``(..., outer)``.
    """

    far: Float[Tensor, "*samples outer components"]
    density: Rows
    velocity: Float[Tensor, "*samples outer dim"]
    pressure: Rows


@dataclass(frozen=True, eq=False)
class GasBoundary:
    """The condition of each patch, as sets of outer faces.

    Args:
        mesh: a median dual.
        conditions: patch to condition; of all patches.
    """

    mesh: FVMesh
    conditions: Mapping[str, Condition]

    @classmethod
    def of(cls, mesh: FVMesh, conditions: Mapping[str, Condition], *, friction: bool = False) -> GasBoundary:
        """The boundary of a mesh.

        Args:
            mesh: a median dual.
            conditions: patch to condition, ``*`` for all that are not named.
            friction: whether the gas has any.

        Raises:
            ConfigError: an unknown patch, a patch without condition, or one whose condition is not about a gas.
        """
        held = by_patch(mesh.patches, conditions)
        for name, condition in held.items():
            if isinstance(condition, STICKY) and not friction:
                raise ConfigError(
                    f"patch {name!r} has the condition {type(condition).__name__}",
                    why="a gas without friction does not stick to walls",
                    fix="give Slip there, or viscous=Laminar() to the solver",
                )
            if not isinstance(condition, (*WALLS, *OPEN)):
                kinds = ", ".join(kind.__name__ for kind in (*WALLS, *OPEN))
                raise ConfigError(
                    f"patch {name!r} has the condition {type(condition).__name__}", why=f"a gas needs one of {kinds}"
                )
        boundary = cls(mesh, held)
        if boundary.swirled:
            boundary._refuse_no_body()
        return boundary

    def rows(self, *kinds: type) -> Int[Tensor, " rows"]:
        """Numbers, among the outer faces, of those that have one of some conditions."""
        none = self.mesh.owner[:0]
        rows = [self.mesh.patches[name] for name, held in self.conditions.items() if isinstance(held, kinds)]
        return torch.cat([none, *rows]).sort().values - (self.mesh.num_inner if rows else 0)

    @property
    def swirled(self) -> list[str]:
        """Names of the patches that the lift swirls."""
        return [name for name, held in self.conditions.items() if isinstance(held, FarField) and held.vortex]

    def vortex(self, geometry: Geometry, stream: Gas, heat_ratio: float) -> Vortex | None:
        """The vortex of the lift of all walls, if a far field wants it; arguments as of ``outside``.

        Args:
            geometry: of the mesh.
            stream: the undisturbed flow ``(..., 1)`` rows, in units.
            heat_ratio: of specific heats.

        Raises:
            ConfigError: a stream that is not slower than sound.
        """
        if not self.swirled:
            return None
        start = self.mesh.num_inner
        return Vortex.of(
            geometry.center[start:],
            geometry.area[start:],
            walls=self.rows(*BODIES),
            far=torch.cat([self.mesh.patches[name] for name in self.swirled]) - start,
            stream=stream,
            heat_ratio=heat_ratio,
        )

    def _refuse_no_body(self) -> None:
        others = [name for name, held in self.conditions.items() if not isinstance(held, (*BODIES, FarField))]
        if self.mesh.dim != 2 or others or not self.patches(*BODIES):
            what = f"patch {others[0]!r} is neither" if others else "there is no wall"
            raise ConfigError(
                f"patch {self.swirled[0]!r} has a vortex, but "
                + (what if self.mesh.dim == 2 else f"the mesh has {self.mesh.dim} dimensions"),
                why="it is that of the lift of walls in an endless stream, in the plane: Slip and FarField",
                fix="give FarField() without vortex",
            )

    def patches(self, *kinds: type) -> list[str]:
        """Names of the patches that have one of some conditions."""
        return [name for name, held in self.conditions.items() if isinstance(held, kinds)]

    def warn_near(self, chord: float) -> None:
        """Warn of a far field that is near to a body: what the body does to the stream there is not let through.

        Args:
            chord: length of the body.
        """
        around = all(isinstance(held, (*BODIES, FarField)) for held in self.conditions.values())
        sides = (self.rows(*BODIES), self.rows(FarField))
        body, far = (self.mesh.owner[rows + self.mesh.num_inner].unique() for rows in sides)
        around = around and len(body) > 0 and len(far) > 0
        if not around or bool(torch.isin(body, far).any()):
            return
        distance = float(torch.cdist(self.mesh.points[body], self.mesh.points[far]).min()) / chord
        least = SWIRLED_NEAR if self.swirled else NEAR
        if distance < least:
            other = "" if self.swirled else ", or FarField(vortex=True)"
            warnings.warn(
                f"the far field is {distance:.3g} chords from the body: lift is wrong where that is less than {least}; "
                f"take a mesh that reaches further{other}",
                stacklevel=3,
            )

    def refuse_fast_inflow(self, gas: Gas, area: Float[Tensor, "outer dim"], heat_ratio: float) -> None:
        """Where gas comes in faster than sound everything about it has to be given.

        Args:
            gas: at the nodes.
            area: of the outer faces.
            heat_ratio: of specific heats.

        Raises:
            SolverError: it does where a condition does not.
        """
        area = area.detach()
        for name in self.patches(Inlet, StagnationInlet, PressureOutlet):
            rows = self.mesh.patches[name] - self.mesh.num_inner
            node = self.mesh.owner[self.mesh.patches[name]]
            speed = dot(gas.velocity[..., node, :], area[rows]) / dot(area[rows], area[rows]).sqrt()
            fast = speed / gas.sound_speed(heat_ratio)[..., node]
            if bool((fast < -1).any()):
                worst = int(fast.argmin()) % len(node)
                raise SolverError(
                    f"gas comes in at Mach {-float(fast.min()):.3g} through patch {name!r}, at node {int(node[worst])}",
                    why=f"{type(self.conditions[name]).__name__} does not give all of it",
                    fix="give FarField there, or another pressure",
                )

    def outside(self, geometry: Geometry, stream: Gas, units: Gas) -> Outside:
        """What is given, at the centers of the outer faces; differentiable in it and in the geometry.

        Args:
            geometry: of the mesh.
            stream: the undisturbed flow ``(..., 1)`` rows, in units.
            units: density, speed and pressure that count as one ``(..., 1)``; the speed stands along every axis.

        Raises:
            ConfigError: values of the wrong shape, not finite, or not positive where they have to be.
        """
        start, dim = self.mesh.num_inner, self.mesh.dim
        outer = self.mesh.num_faces - start
        given = stream.packed().expand(*stream.density.shape[:-1], outer, dim + 2)
        density, velocity, pressure = (torch.ones_like(t) for t in Gas.unpacked(given))
        for name, held in self.conditions.items():
            rows = self.mesh.patches[name]
            center, inward, at = geometry.center[rows], -geometry.normal[rows], rows - start
            if isinstance(held, PressureOutlet | StagnationInlet):
                value = _positive(scalars(held.pressure, center, f"the pressure on patch {name!r}"), "pressure", name)
                pressure = pressure.index_copy(-1, at, value / units.pressure)
            if isinstance(held, Inlet):
                value = vectors(held.velocity, center, f"the velocity on patch {name!r}", along=inward)
                velocity = velocity.index_copy(-2, at, value / units.velocity)
                density = density.index_copy(-1, at, stream.density.expand(*stream.density.shape[:-1], len(at)))
            if isinstance(held, Inlet | StagnationInlet) and held.density is not None:
                value = _positive(scalars(held.density, center, f"the density on patch {name!r}"), "density", name)
                density = density.index_copy(-1, at, value / units.density)
            if isinstance(held, StagnationInlet):
                way = (
                    inward if held.direction is None else vectors(held.direction, center, f"the direction on {name!r}")
                )
                way = way / dot(way, way).sqrt()[:, None]
                velocity = velocity.index_copy(-2, at, way.expand(*velocity.shape[:-2], *way.shape))
        return Outside(given, density, velocity, pressure)

    def held(self, geometry: Geometry, units: Gas, heat_ratio: float) -> Held | None:
        """What holds at the nodes of walls that the gas sticks to; differentiable as ``outside`` is.

        Args:
            geometry: of the mesh.
            units: as of ``outside``.
            heat_ratio: of specific heats.

        Raises:
            ConfigError: values of the wrong shape, not finite, or a temperature that is not positive.
        """
        node = self.mesh.owner[self.rows(*STICKY) + self.mesh.num_inner].unique()
        if not len(node):
            return None
        points, parts = geometry.centroid, list[tuple[Tensor, Tensor, Tensor]]()
        for name, condition in self.conditions.items():
            if not isinstance(condition, STICKY):
                continue
            at = self.mesh.owner[self.mesh.patches[name]]
            given = condition.temperature if isinstance(condition, IsothermalWall) else 1.0
            warmth = _positive(scalars(given, points[at], f"the temperature of patch {name!r}"), "temperature", name)
            velocity = vectors(condition.velocity, points[at], f"the velocity of patch {name!r}")
            warm = torch.full_like(warmth, float(isinstance(condition, IsothermalWall)))
            parts.append((torch.searchsorted(node, at), velocity, torch.stack([warm, warm * warmth], 1)))
        place, velocities, warmths = (torch.cat(part) for part in zip(*parts))
        # Faces about a node say the same but at corners, where their mean holds.
        count = torch.zeros(len(node), dtype=torch.float64).index_add(0, place, torch.ones(len(place)).double())
        nothing = points.new_zeros(len(node), points.shape[1])
        velocity = nothing.index_add(0, place, velocities) / count[:, None] / units.velocity
        warm, warmth = nothing.new_zeros(len(node), 2).index_add(0, place, warmths).unbind(1)
        temperature = warmth / warm.clamp(min=1)
        energy = temperature / (heat_ratio * (heat_ratio - 1)) + dot(velocity, velocity) / 2
        return Held.of(node, velocity, energy, warm > 0, surface(geometry)[node])


def surface(geometry: Geometry) -> Float[Tensor, " cells"]:
    """Of each dual cell.

    Args:
        geometry: of the mesh.
    """
    total, size = torch.zeros_like(geometry.volume), geometry.size
    return total.index_add(0, geometry.owner, size).index_add(0, geometry.neighbor, size[: geometry.num_inner])


def _positive(value: Tensor, what: str, name: str) -> Tensor:
    if not bool((value > 0).all()):
        raise ConfigError(
            f"the {what} on patch {name!r} is {float(value.min()):.4g}", why="of a gas it is larger than 0"
        )
    return value
