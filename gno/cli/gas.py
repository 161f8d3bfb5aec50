"""The solver of compressible flow as the command line asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from gno.cli.conditions import GAS, STICKY_GAS, conditions
from gno.cli.settings import Value, check_names, number, switch
from gno.errors import ConfigError, SolverError
from gno.fv import Compressible, CompressibleFlow, Condition, FarField, FVMesh, Laminar, NoSlip, Slip, Symmetry
from gno.fv.compressible.boundary import BODIES
from gno.fv.compressible.flow import SCHEME
from gno.fv.compressible.interpolated import flow_from
from gno.fv.compressible.march import PseudoTime
from gno.fv.nonlinear.newton import OnStep
from gno.fv.volumes.patches import REST
from gno.mesh import Mesh

SETTINGS = ("mach", "alpha", "scheme", "density", "pressure", "heat_ratio", "chord", "cfl", "vortex")
MARKERS: dict[str, Condition] = {
    "airfoil": Slip(),
    "wall": Slip(),
    "farfield": FarField(),
    "far_field": FarField(),
    "symmetry": Symmetry(),
}
"""What holds on patches of these names, in any case of letters, where nothing else is said."""
FRICTION = ("reynolds", "prandtl", "sutherland", "length")
STICKY_MARKERS = {name: NoSlip() if isinstance(held, Slip) else held for name, held in MARKERS.items()}


class Steady(NamedTuple):
    """A steady flow of a gas on a mesh.

    Args:
        mesh: with ``density``, ``velocity``, ``pressure``, ``mach`` and ``cp`` at the nodes, where they are solved for,
            and with friction ``skin_friction``, nought but on walls.
        flow: as the solver returned it.
        forces: patch to ``cd``, ``cl`` and the force itself, and with friction ``cd_pressure`` and ``cd_friction``.
    """

    mesh: Mesh
    flow: CompressibleFlow
    forces: dict[str, dict[str, Any]]


class GasProblem:
    """A flow of a gas on a mesh, with all that it depends on.

    Args:
        mesh: the mesh.
        given: ``mach``, and perhaps the others of ``SETTINGS``; with friction ``reynolds``, and perhaps ``FRICTION``.
        words: of the boundary, as ``conditions`` takes them; patches that they do not name are known by their names.
        friction: whether there is any.

    Raises:
        ConfigError: an unknown setting, or a value, condition or patch that cannot be.
    """

    def __init__(
        self, mesh: Mesh, given: Mapping[str, Value], words: Sequence[str] | None = None, *, friction: bool = False
    ) -> None:
        _check_given(given, friction)
        self.mesh, self.given = mesh, given
        self.mach, self.alpha = number(given, "mach"), number(given, "alpha", 0.0)
        volumes = FVMesh.of(mesh, kind="dual")
        self.solver = Compressible(
            volumes,
            _swirled(_held(volumes, words, friction), switch(given, "vortex")),
            scheme=str(given.get("scheme", SCHEME)),
            heat_ratio=number(given, "heat_ratio", 1.4),
            chord=number(given, "chord", 1.0),
            viscous=self._laminar() if friction else None,
        )

    def steady(self, on_step: OnStep | None = None, *, initial: Mesh | None = None) -> Steady:
        """The steady flow.

        Args:
            on_step: as of ``Compressible.solve``.
            initial: a flow to start from, on any mesh.

        Raises:
            DataError: a flow to start from that lacks a field.
            SolverError: the solver does not converge.
        """
        stream: dict[str, Any] = {
            "mach": self.mach,
            "alpha": self.alpha,
            "density": number(self.given, "density", 1.0),
            "pressure": number(self.given, "pressure") if "pressure" in self.given else None,
            "reynolds": None if self.solver.viscous is None else number(self.given, "reynolds"),
        }
        start = None if initial is None else flow_from(initial, self.solver, self.solver.free_stream(**stream))
        method = PseudoTime(cfl=number(self.given, "cfl", PseudoTime.cfl))
        flow = self.solver.solve(**stream, initial=start, method=method, on_step=on_step)
        named = {name: getattr(flow, name) for name in ("density", "velocity", "pressure", "mach", "cp")}
        if not all(bool(values.isfinite().all()) for values in named.values()):
            raise SolverError("the flow is not finite", why="the solver left what a gas can be")
        if flow.friction is not None:
            named["skin_friction"] = torch.zeros_like(flow.velocity)
            for name in flow.walls:
                named["skin_friction"][flow.wall(name)] = flow.skin_friction(name)
        fields = {name: values.numpy() for name, values in named.items()}
        return Steady(self.mesh.with_data({**self.mesh.point_data, **fields}), flow, self._forces(flow))

    def surface(self, cp: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """X and ``cp`` of the two ends of each facet of each wall in the plane.

        Args:
            cp: at the nodes.
        """
        if self.mesh.dim != 2:
            return {}
        return {name: (self.mesh.points[facets, 0], cp[facets]) for name, facets in self._walls.items()}

    @property
    def window(self) -> tuple[list[float], list[float]] | None:
        """A box about the walls of the plane, with half a chord on each side: all else is nearly undisturbed."""
        if self.mesh.dim != 2 or not self._walls:
            return None
        points = np.concatenate([self.mesh.points[facets].reshape(-1, 2) for facets in self._walls.values()])
        room = 0.5 * float((points.max(0) - points.min(0)).max())
        return (points.min(0) - room).tolist(), (points.max(0) + room).tolist()

    def _forces(self, flow: CompressibleFlow) -> dict[str, dict[str, Any]]:
        table: dict[str, dict[str, Any]] = {}
        for patch, of in (flow.forces if flow.walls else {}).items():
            table[patch] = {"cd": float(of.cd), "cl": float(of.cl), "force": flow.force(patch).tolist()}
            if flow.friction is not None:
                parts = {f"cd_{part}": float(flow.coefficients(patch, part).cd) for part in ("pressure", "friction")}
                table[patch] |= parts
        return table

    def _laminar(self) -> Laminar:
        length, sutherland = (
            number(self.given, name) if name in self.given else None for name in ("length", "sutherland")
        )
        return Laminar(prandtl=number(self.given, "prandtl", 0.72), sutherland=sutherland, length=length)

    @property
    def _walls(self) -> dict[str, np.ndarray]:
        """Facets of each wall."""
        return {
            name: np.asarray(self.mesh.boundary[name]) for name in self.solver.boundary.patches(*BODIES) if name != REST
        }


def _check_given(given: Mapping[str, Value], friction: bool) -> None:
    if "reynolds" in given and not friction:
        raise ConfigError(
            "--set reynolds: the gas of Euler has no friction",
            why="a Reynolds number measures it",
            fix="gno solve compressible MESH --set mach=... --set reynolds=...",
        )
    check_names(given, (*SETTINGS, *FRICTION) if friction else SETTINGS, "compressible" if friction else "euler")
    if "mach" not in given:
        raise ConfigError("no Mach number is given", why="the flow depends on it", fix="--set mach=0.8")
    if friction and "reynolds" not in given:
        raise ConfigError(
            "no Reynolds number is given",
            why="friction depends on it",
            fix="--set reynolds=5000; a gas without friction is gno solve euler",
        )


def _held(volumes: FVMesh, words: Sequence[str] | None, friction: bool) -> dict[str, Condition]:
    """The conditions that are stated, and those of patches that are known by their names."""
    markers = STICKY_MARKERS if friction else MARKERS
    stated = conditions(words, STICKY_GAS if friction else GAS) if words else {}
    known = {name: markers[name.lower()] for name in volumes.patches if name.lower() in markers}
    if not words and not any(isinstance(held, BODIES) for held in known.values()):
        raise ConfigError(
            "no patch is known to be a wall",
            why=f"those named airfoil or wall are; the mesh has: {', '.join(volumes.patches)}",
            fix=f"say what holds on each: --bc PATCH={'noslip' if friction else 'slip'} --bc PATCH=farfield",
        )
    return {**known, **stated}


def _swirled(held: Mapping[str, Condition], vortex: bool) -> dict[str, Condition]:
    """The conditions with a vortex on every far field, if one is wanted."""
    if not vortex:
        return dict(held)
    if not any(isinstance(condition, FarField) for condition in held.values()):
        raise ConfigError("--set vortex=true, but no patch is a far field", fix="say which is: --bc PATCH=farfield")
    return {name: FarField(vortex=True) if isinstance(c, FarField) else c for name, c in held.items()}
