"""Flow of a gas about a body on a coarse mesh, as a part of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gno.datasets.field import FieldSpec
from gno.errors import ConfigError
from gno.fv import Compressible, CompressibleFlow, PseudoTime, Report
from gno.fv.compressible.gas import Gas
from gno.mesh.means import corner_mean
from gno.mesh.mesh import Mesh
from gno.models.coarse.conditions import named_conditions
from gno.models.coarse.solver import CoarseFields, num_samples

_STREAM = ("mach", "alpha")


class CoarseCompressible:
    """Steady flow of a gas without friction on a coarse mesh; see ``gno.fv.Compressible``.

    All samples are solved at once. Of a sample the Mach number is given and perhaps the angle of attack, in degrees.

    Args:
        boundary: patch to condition, as of ``named_conditions``.
        inputs: ``mach``, or ``mach`` and ``alpha``.
        dim: dimension of the mesh.
        scheme: ``jst``, ``roe`` or ``hllc``.
        density: of the free stream.
        pressure: of the free stream; without it the speed of sound is one where the density is.
        tolerance: residual at which a flow is steady, relative to that of the free stream.

    Raises:
        ConfigError: a condition or inputs that cannot be.

    Example:
        >>> from gno.mesh import shapes
        >>> mesh = shapes.airfoil_o(shapes.naca("0012"), around=24, outward=8)
        >>> solver = CoarseCompressible({"airfoil": "slip", "farfield": "farfield"})
        >>> flows = solver.solve(mesh, {"mach": torch.tensor([0.4, 0.5]), "alpha": torch.tensor([0.0, 2.0])})
        >>> flows.values.shape == (2, mesh.num_points, 4)
        True
    """

    def __init__(
        self,
        boundary: Mapping[str, Any],
        inputs: tuple[str, ...] | list[str] = _STREAM,
        dim: int = 2,
        scheme: str = "jst",
        density: float = 1.0,
        pressure: float | None = None,
        tolerance: float = 1e-9,
    ) -> None:
        if "mach" not in inputs or not set(inputs) <= {*_STREAM}:
            raise ConfigError(f"inputs are {', '.join(inputs)}", why="they are mach, or mach and alpha")
        self.boundary, self.inputs, self.dim, self.scheme = dict(boundary), tuple(inputs), dim, scheme
        self.density, self.pressure, self.tolerance = density, pressure, tolerance
        self.conditions = named_conditions(boundary)
        self.outputs = (
            FieldSpec("density", role="target"),
            FieldSpec("velocity", role="target", components=dim),
            FieldSpec("pressure", role="target"),
        )

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {
            "boundary": self.boundary, "inputs": list(self.inputs), "dim": self.dim, "scheme": self.scheme,
            "density": self.density, "pressure": self.pressure, "tolerance": self.tolerance,
        }  # fmt: skip

    def solve(
        self,
        mesh: Mesh,
        inputs: Mapping[str, Tensor],
        *,
        points: Float[Tensor, "nodes dim"] | None = None,
        initial: Float[Tensor, "samples ..."] | None = None,
    ) -> CoarseFields:
        """Solve for all samples at once; as of ``CoarseSolver``.

        Args:
            mesh: the coarse mesh.
            inputs: ``mach (samples,)`` and ``alpha (samples,)``.
            points: other coordinates of the nodes.
            initial: state of an earlier solve.
        """
        num_samples(inputs, self.inputs)
        problem, stream = self._problem(mesh, inputs)
        flow = problem.solve(
            **stream,
            points=points,
            initial=None if initial is None else _flow(initial, problem.heat_ratio),
            method=PseudoTime(tolerance=self.tolerance),
        )
        values = flow.gas.packed()
        return CoarseFields(values, torch.cat([values, flow.stream.packed()], dim=1).detach())

    def residual(
        self, mesh: Mesh, inputs: Mapping[str, Tensor], values: Float[Tensor, "nodes channels"]
    ) -> Float[Tensor, "cells equations"]:
        """What the flow of one sample misses of mass, momentum and energy, per unit volume; as of ``CoarseSolver``.

        The balances are those of the dual cells about the nodes; a cell has the mean of its corners, in units in which
        density and speed of sound of the free stream are one.

        Args:
            mesh: any mesh.
            inputs: as in ``solve``, of one sample.
            values: density, velocity and pressure at the nodes.
        """
        problem, stream = self._problem(mesh, inputs)
        free = problem.free_stream(**stream)
        theta = problem.parameters(free)
        gas = Gas(*(there / one for there, one in zip(Gas.unpacked(values[None]), free.units)))
        rest = problem.residual(gas.conserved(problem.heat_ratio), theta)[0] / theta.metric.volume[:, None]
        return torch.from_numpy(corner_mean(mesh, rest.numpy()))

    def start(self, mesh: Mesh, inputs: Mapping[str, Tensor]) -> Float[Tensor, "nodes channels"]:
        """The free stream everywhere; as of ``CoarseSolver``."""
        problem, stream = self._problem(mesh, inputs)
        free = problem.free_stream(**stream)
        there = Gas(*(value * one for value, one in zip(free.gas, free.units)))
        return there.packed().reshape(1, -1).expand(mesh.num_points, -1)

    def _problem(self, mesh: Mesh, inputs: Mapping[str, Tensor]) -> tuple[Compressible, dict[str, Any]]:
        """The solver on a mesh, and the free stream as its arguments."""
        alpha = inputs["alpha"].double() if "alpha" in self.inputs else 0.0
        stream = {"mach": inputs["mach"].double(), "alpha": alpha, "density": self.density, "pressure": self.pressure}
        return Compressible(mesh, self.conditions, scheme=self.scheme), stream


def _flow(state: Float[Tensor, "samples rows components"], heat_ratio: float) -> CompressibleFlow:
    """A flow to start from; the last row is that of its free stream."""
    there, far = Gas.unpacked(state[:, :-1]), Gas.unpacked(state[:, -1:])
    return CompressibleFlow(
        density=there.density,
        velocity=there.velocity,
        pressure=there.pressure,
        stream=far,
        heat_ratio=heat_ratio,
        chord=1.0,
        report=Report(True, 0, 0.0, (0.0,), 0, 0),
        area=state.new_zeros(0, there.velocity.shape[2]),
        node=torch.zeros(0, dtype=torch.int64),
        walls={},
    )
