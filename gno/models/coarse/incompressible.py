"""Incompressible flow on a coarse mesh, as a part of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gno.datasets.field import FieldSpec
from gno.fv import Flow, FVMesh, NavierStokes, Report, cells_to_nodes
from gno.mesh.means import corner_mean
from gno.mesh.mesh import Mesh
from gno.models.coarse.conditions import named_conditions
from gno.models.coarse.solver import CoarseFields, num_samples, sample_values


class CoarseIncompressible:
    """Steady incompressible flow on a coarse mesh; see ``gno.fv.NavierStokes``.

    Args:
        boundary: patch to condition, as of ``named_conditions``.
        dim: dimension of the mesh.
        blending: share of upwinding.

    Raises:
        ConfigError: a condition that cannot be.

    Example:
        >>> from gno.mesh import shapes
        >>> solver = CoarseIncompressible({"top": {"noslip": [1.0, 0.0]}, "*": "noslip"})
        >>> mesh = shapes.square(0.25, kind="quad")
        >>> solver.solve(mesh, {"viscosity": torch.tensor([0.1])}).values.shape
        torch.Size([1, 25, 3])
    """

    inputs = ("viscosity",)

    def __init__(self, boundary: Mapping[str, Any], dim: int = 2, blending: float = 0.0) -> None:
        self.boundary, self.dim, self.blending = dict(boundary), dim, blending
        self.conditions = named_conditions(boundary)
        self.outputs = (
            FieldSpec("velocity", role="target", units="m/s", components=dim),
            FieldSpec("pressure", role="target", units="m^2/s^2"),
        )

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"boundary": self.boundary, "dim": self.dim, "blending": self.blending}

    def solve(
        self,
        mesh: Mesh,
        inputs: Mapping[str, Tensor],
        *,
        points: Float[Tensor, "nodes dim"] | None = None,
        initial: Float[Tensor, "samples ..."] | None = None,
    ) -> CoarseFields:
        """Solve for all samples, one after another; as of ``CoarseSolver``.

        Args:
            mesh: the coarse mesh.
            inputs: ``viscosity (samples,)``.
            points: other coordinates of the nodes.
            initial: state of an earlier solve.
        """
        problem, fields, states = NavierStokes(mesh, self.conditions, blending=self.blending), [], []
        for sample in range(num_samples(inputs, self.inputs)):
            start = None if initial is None else _flow(problem.mesh, initial[sample])
            viscosity = sample_values(inputs, "viscosity", 1.0, sample)
            flow = problem.solve(viscosity=viscosity, points=points, initial=start)
            states.append(torch.cat([flow.velocity, flow.pressure[:, None]], dim=1).detach())
            slopes = [*zip(flow.velocity.unbind(1), flow.velocity_gradient.unbind(1))]
            slopes.append((flow.pressure, flow.pressure_gradient))
            fields.append(torch.stack([cells_to_nodes(mesh, u, slope, points=points) for u, slope in slopes], dim=1))
        return CoarseFields(torch.stack(fields), torch.stack(states))

    def residual(
        self, mesh: Mesh, inputs: Mapping[str, Tensor], values: Float[Tensor, "nodes channels"]
    ) -> Float[Tensor, "cells equations"]:
        """What the flow of one sample misses of momentum and mass, per unit volume; as of ``CoarseSolver``.

        Args:
            mesh: any mesh.
            inputs: ``viscosity (1,)``.
            values: velocity and pressure at the nodes.
        """
        problem = NavierStokes(mesh, self.conditions, blending=self.blending)
        viscosity = sample_values(inputs, "viscosity", 1.0, 0)
        cells = torch.from_numpy(corner_mean(mesh, values.numpy()))
        return problem.residual(cells[:, : mesh.dim], cells[:, mesh.dim], viscosity=viscosity)

    def start(self, mesh: Mesh, inputs: Mapping[str, Tensor]) -> Float[Tensor, "nodes channels"]:  # noqa: ARG002
        """A fluid at rest; as of ``CoarseSolver``."""
        return torch.zeros(mesh.num_points, mesh.dim + 1, dtype=torch.float64)


def _flow(mesh: FVMesh, state: Tensor) -> Flow:
    """A flow to start from: its velocity and pressure, and nought for what nobody looks at."""
    cells, dim = state.shape[0], mesh.dim
    none = state.new_zeros(0)
    return Flow(
        velocity=state[:, :dim],
        pressure=state[:, dim],
        velocity_gradient=state.new_zeros(cells, dim, dim),
        pressure_gradient=state.new_zeros(cells, dim),
        mass_flux=none,
        traction=none[:, None].expand(0, dim),
        surface_pressure=none,
        report=Report(True, 0, 0.0, (0.0,), 0, 0),
        patches={},
        centroid=state.new_zeros(cells, dim),
    )
