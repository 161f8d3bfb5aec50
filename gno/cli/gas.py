"""The solver of compressible flow as the command line asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gno.cli.conditions import GAS, conditions
from gno.cli.settings import Value, check_names, number
from gno.errors import ConfigError, SolverError
from gno.fv import Compressible, CompressibleFlow, Condition, FarField, FVMesh, Slip, Symmetry
from gno.fv.compressible.march import PseudoTime
from gno.fv.nonlinear.newton import OnStep
from gno.mesh import Mesh

SETTINGS = ("mach", "alpha", "scheme", "density", "pressure", "heat_ratio", "chord", "cfl")
MARKERS: dict[str, Condition] = {
    "airfoil": Slip(),
    "wall": Slip(),
    "farfield": FarField(),
    "far_field": FarField(),
    "symmetry": Symmetry(),
}
"""What holds on patches of these names, in any case of letters, where nothing else is said."""


class Steady(NamedTuple):
    """A steady flow of a gas on a mesh.

    Args:
        mesh: with ``density``, ``velocity``, ``pressure``, ``mach`` and ``cp`` at the nodes, where they are solved for.
        flow: as the solver returned it.
        forces: patch to ``cd``, ``cl`` and the force itself.
    """

    mesh: Mesh
    flow: CompressibleFlow
    forces: dict[str, dict[str, Any]]


class GasProblem:
    """A flow of a gas on a mesh, with all that it depends on.

    Args:
        mesh: the mesh.
        given: ``mach``, and perhaps the others of ``SETTINGS``.
        words: of the boundary, as ``conditions`` takes them; patches that they do not name are known by their names.

    Raises:
        ConfigError: an unknown setting, or a value, condition or patch that cannot be.
    """

    def __init__(self, mesh: Mesh, given: Mapping[str, Value], words: Sequence[str] | None = None) -> None:
        check_names(given, SETTINGS, "euler")
        if "mach" not in given:
            raise ConfigError("no Mach number is given", why="the flow depends on it", fix="--set mach=0.8")
        self.mesh, self.given, self.chord = mesh, given, number(given, "chord", 1.0)
        stated = conditions(words, GAS) if words else {}
        self.volumes = FVMesh.of(mesh, kind="dual")
        known = {name: MARKERS[name.lower()] for name in self.volumes.patches if name.lower() in MARKERS}
        self.boundary: dict[str, Condition] = {**known, **stated}
        if not words and not any(isinstance(held, Slip) for held in known.values()):
            raise ConfigError(
                "no patch is known to be a wall",
                why=f"those named airfoil or wall are; the mesh has: {', '.join(self.volumes.patches)}",
                fix="say what holds on each: --bc PATCH=slip --bc PATCH=farfield",
            )
        self.solver = Compressible(
            self.volumes,
            self.boundary,
            scheme=str(given.get("scheme", "roe")),
            heat_ratio=number(given, "heat_ratio", 1.4),
            chord=self.chord,
        )

    def steady(self, on_step: OnStep | None = None) -> Steady:
        """The steady flow.

        Args:
            on_step: as of ``Compressible.solve``.

        Raises:
            SolverError: the solver does not converge.
        """
        pressure = number(self.given, "pressure") if "pressure" in self.given else None
        flow = self.solver.solve(
            mach=number(self.given, "mach"),
            alpha=number(self.given, "alpha", 0.0),
            density=number(self.given, "density", 1.0),
            pressure=pressure,
            method=PseudoTime(cfl=number(self.given, "cfl", PseudoTime.cfl)),
            on_step=on_step,
        )
        named = {name: getattr(flow, name) for name in ("density", "velocity", "pressure", "mach", "cp")}
        if not all(bool(values.isfinite().all()) for values in named.values()):
            raise SolverError("the flow is not finite", why="the solver left what a gas can be")
        fields = {name: values.numpy() for name, values in named.items()}
        return Steady(self.mesh.with_data({**self.mesh.point_data, **fields}), flow, self._forces(flow))

    def surface(self, cp: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """X and ``cp`` of the two ends of each facet of each wall in the plane.

        Args:
            cp: at the nodes.
        """
        if self.mesh.dim != 2:
            return {}
        walls = {name: np.asarray(self.mesh.boundary[name]) for name in self._patches(Slip)}
        return {name: (self.mesh.points[facets, 0], cp[facets]) for name, facets in walls.items()}

    def critical(self) -> float:
        r"""Pressure coefficient where the gas is as fast as sound.

        .. math::
            c_p^* = \frac{2}{\gamma M^2} \left( \left( \frac{2 + (\gamma - 1) M^2}{\gamma + 1}
            \right)^{\gamma / (\gamma - 1)} - 1 \right)
        """
        heat, mach = self.solver.heat_ratio, number(self.given, "mach")
        ratio = (2 + (heat - 1) * mach**2) / (heat + 1)
        return 2 / (heat * mach**2) * (ratio ** (heat / (heat - 1)) - 1)

    @property
    def window(self) -> tuple[list[float], list[float]] | None:
        """A box about the walls of the plane, with half a chord on each side: all else is nearly undisturbed."""
        nodes = self._nodes(Slip)
        if self.mesh.dim != 2 or not len(nodes):
            return None
        points = self.mesh.points[nodes]
        room = 0.5 * float((points.max(0) - points.min(0)).max())
        return (points.min(0) - room).tolist(), (points.max(0) + room).tolist()

    def _forces(self, flow: CompressibleFlow) -> dict[str, dict[str, Any]]:
        return {
            patch: {"cd": float(of.cd), "cl": float(of.cl), "force": flow.force(patch).tolist()}
            for patch, of in (flow.forces if flow.walls else {}).items()
        }

    def _patches(self, kind: type) -> list[str]:
        return [name for name in self.mesh.boundary if isinstance(self.boundary.get(name), kind)]

    def _nodes(self, kind: type) -> np.ndarray:
        facets = [np.asarray(self.mesh.boundary[name]).reshape(-1) for name in self._patches(kind)]
        nodes = np.unique(np.concatenate([np.zeros(0, dtype=int), *facets]))
        return nodes[nodes >= 0]
