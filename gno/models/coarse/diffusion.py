"""Diffusion on a coarse mesh, as a part of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gno.datasets.field import FieldSpec
from gno.fv import Diffusion, cells_to_nodes
from gno.mesh.mesh import Mesh
from gno.models.coarse.conditions import named_conditions
from gno.models.coarse.solver import CoarseFields, num_samples, sample_values


class CoarseDiffusion:
    r"""Steady diffusion :math:`-\nabla \cdot (k \nabla u) = f` on a coarse mesh; see ``gno.fv.Diffusion``.

    Args:
        inputs: which of ``permeability`` and ``source`` a sample gives; the other is one.
        boundary: patch to condition, as of ``named_conditions``.
        output: name of the field.

    Raises:
        ConfigError: a condition that cannot be.

    Example:
        >>> from gno.mesh import shapes
        >>> solver = CoarseDiffusion(("permeability",))
        >>> mesh = shapes.square(0.25)
        >>> solver.solve(mesh, {"permeability": torch.tensor([1.0, 2.0])}).values.shape[0]
        2
    """

    def __init__(
        self,
        inputs: tuple[str, ...] | list[str] = ("permeability",),
        boundary: Mapping[str, Any] | None = None,
        output: str = "u",
    ) -> None:
        self.inputs = tuple(inputs)
        self.boundary = {"*": "dirichlet"} if boundary is None else dict(boundary)
        self.conditions = named_conditions(self.boundary)
        self.outputs = (FieldSpec(output, role="target"),)

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"inputs": list(self.inputs), "boundary": self.boundary, "output": self.outputs[0].name}

    def solve(
        self,
        mesh: Mesh,
        inputs: Mapping[str, Tensor],
        *,
        points: Float[Tensor, "nodes dim"] | None = None,
        initial: Float[Tensor, "samples ..."] | None = None,  # noqa: ARG002 - the protocol has it
    ) -> CoarseFields:
        """Solve for all samples; as of ``CoarseSolver``.

        Args:
            mesh: the coarse mesh.
            inputs: ``permeability`` or ``source`` ``(samples,)`` or, at the nodes, ``(samples, nodes)``.
            points: other coordinates of the nodes.
            initial: of no use to a linear problem.
        """
        problem, fields = Diffusion(mesh, self.conditions), []
        for sample in range(num_samples(inputs, self.inputs)):
            k, f = (_in_cells(mesh, sample_values(inputs, name, 1.0, sample)) for name in ("permeability", "source"))
            found = problem.solve(k, f, points=points)
            fields.append(cells_to_nodes(mesh, found.u, found.gradient, self.conditions, points=points))
        values = torch.stack(fields)
        return CoarseFields(values[:, :, None], values.detach()[:, :0])

    def residual(
        self, mesh: Mesh, inputs: Mapping[str, Tensor], values: Float[Tensor, "nodes channels"]
    ) -> Float[Tensor, "cells equations"]:
        """What the field of one sample misses in each cell, per unit volume; as of ``CoarseSolver``.

        Args:
            mesh: any mesh.
            inputs: as in ``solve``, of one sample.
            values: of the field, at the nodes.
        """
        k, f = (_in_cells(mesh, sample_values(inputs, name, 1.0, 0)) for name in ("permeability", "source"))
        return Diffusion(mesh, self.conditions).residual(_in_cells(mesh, values[:, 0]), k, f)[:, None]

    def start(self, mesh: Mesh, inputs: Mapping[str, Tensor]) -> Float[Tensor, "nodes channels"]:  # noqa: ARG002
        """Nought everywhere; as of ``CoarseSolver``."""
        return torch.zeros(mesh.num_points, 1, dtype=torch.float64)


def _in_cells(mesh: Mesh, values: Tensor) -> Tensor:
    """Means of the corners of each cell; a number stays one."""
    if values.ndim == 0:
        return values.expand(mesh.num_cells)
    return torch.cat([values[torch.from_numpy(corners)].mean(dim=1) for corners in mesh.cells.values()])
