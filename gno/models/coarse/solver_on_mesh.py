"""A solver of tensors as a solver of fields that a mesh carries."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import DataError
from gno.mesh.interpolation import Interpolation
from gno.mesh.mesh import Mesh
from gno.models.coarse.solver import CoarseSolver

_EVEN = 1e-12
"""Largest difference between the values of an even field, over the largest value."""


class SolverOnMesh:
    """A ``CoarseSolver`` as a ``Problem`` is one: its inputs and outputs are fields at the nodes of a mesh.

    An input that is the same at all nodes, such as a parameter of the sample, is given as one number.

    Args:
        solver: such as ``CoarseDiffusion``, ``CoarseIncompressible`` or ``CoarseCompressible``.

    Example:
        >>> from gno.mesh import shapes
        >>> from gno.models.coarse.incompressible import CoarseIncompressible
        >>> cavity = SolverOnMesh(CoarseIncompressible({"top": {"noslip": [1.0, 0.0]}, "*": "noslip"}))
        >>> mesh = shapes.square(0.25, kind="quad")
        >>> mesh = mesh.with_data({"viscosity": np.full(mesh.num_points, 0.1)})
        >>> cavity.solve(mesh).point_data["velocity"].shape, cavity.residual(cavity.start(mesh)).shape
        ((25, 2), (16, 3))
    """

    def __init__(self, solver: CoarseSolver) -> None:
        self.solver = solver

    def transferred(self, mesh: Mesh, coarse: Mesh) -> Mesh:
        """The coarse mesh with the inputs, interpolated at its nodes."""
        found = Interpolation.of(mesh, coarse.points)
        names = [name for name in self.solver.inputs if name in mesh.point_data]
        return coarse.with_data({name: found(np.asarray(mesh.point_data[name])) for name in names})

    def solve(self, mesh: Mesh) -> Mesh:
        """The mesh with the outputs of the solver at its nodes.

        Args:
            mesh: with the inputs.

        Raises:
            DataError: an input that is missing.
            SolverError: no convergence.
        """
        with torch.no_grad():
            values = self.solver.solve(mesh, self._inputs(mesh)).values[0].numpy()
        return mesh.with_data({**mesh.point_data, **self._fields(values)})

    def residual(self, mesh: Mesh) -> Float[np.ndarray, "cells equations"]:
        """By how much the outputs at the nodes miss the equations in each cell, per unit volume.

        Args:
            mesh: with inputs and outputs.

        Raises:
            DataError: a field that is missing.
        """
        names = [spec.name for spec in self.solver.outputs]
        columns = [np.reshape(self._field(mesh, name), (mesh.num_points, -1)) for name in names]
        values = torch.from_numpy(np.concatenate(columns, axis=1))
        with torch.no_grad():
            return self.solver.residual(mesh, self._inputs(mesh), values).numpy()

    def start(self, mesh: Mesh) -> Mesh:
        """The mesh with what the solver starts from at its nodes.

        Args:
            mesh: with the inputs.

        Raises:
            DataError: an input that is missing.
        """
        values = self.solver.start(mesh, self._inputs(mesh)).numpy()
        return mesh.with_data({**mesh.point_data, **self._fields(values)})

    def _fields(self, values: np.ndarray) -> dict[str, np.ndarray]:
        ends = np.cumsum([spec.components for spec in self.solver.outputs])[:-1]
        return {
            spec.name: np.ascontiguousarray(part[:, 0] if spec.components == 1 else part)
            for spec, part in zip(self.solver.outputs, np.split(values, ends, axis=1))
        }

    def _inputs(self, mesh: Mesh) -> dict[str, Tensor]:
        given = {name: torch.from_numpy(self._field(mesh, name)) for name in self.solver.inputs}
        # Interpolation leaves an even field even but for rounding.
        uneven = {name: float(v.max() - v.min()) > _EVEN * float(v.abs().max()) for name, v in given.items()}
        return {name: v[None] if uneven[name] else v[:1] for name, v in given.items()}

    def _field(self, mesh: Mesh, name: str) -> np.ndarray:
        if name not in mesh.point_data:
            have = ", ".join(mesh.point_data) or "none"
            raise DataError(f"the solver needs the field {name!r} at the nodes", why=f"the mesh has: {have}")
        return np.asarray(mesh.point_data[name], dtype=np.float64)
