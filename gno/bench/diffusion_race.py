"""A harmonic field solved for by ours and by OpenFOAM's ``laplacianFoam``, in turns, on the same triangles."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from jaxtyping import Float
from torch import Tensor

from gno.bench.laplacian_foam import LaplacianFoam
from gno.bench.openfoam import environment, iterations
from gno.bench.row import Row
from gno.bench.solver_race import TOLERANCE, SolverRace
from gno.bench.timing import race
from gno.fv.boundary.conditions import Dirichlet
from gno.fv.diffusion.diffusion import Diffusion
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes


def harmonic(x: Float[Tensor, "n dim"]) -> Float[Tensor, " n"]:
    r""":math:`\sin \pi x \, \sinh \pi y / \sinh \pi`, whose Laplacian is nought."""
    return torch.sin(math.pi * x[:, 0]) * torch.sinh(math.pi * x[:, 1]) / math.sinh(math.pi)


class DiffusionRace(SolverRace):
    """The rows of steady diffusion on the unit square.

    Args:
        h: length of edges.
        patience: of the races.
    """

    name, peer = "diffusion, triangles", "laplacianFoam"

    def __init__(self, h: float, *, patience: float | int) -> None:
        super().__init__(patience=patience)
        self._h = h

    @cached_property
    def mesh(self) -> Mesh:
        """Triangles."""
        return shapes.square(self._h)

    def solve(self, permeability: float | Tensor = 1.0) -> Float[Tensor, " cells"]:
        """Solve by ours, from points and cells on.

        Args:
            permeability: number or field.
        """
        return Diffusion(self.anew(), {"*": Dirichlet(harmonic)}).solve(permeability, 0.0).u

    def functional(self) -> Tensor:
        """Mean square, for the derivative by the permeability of every cell."""
        return self.solve(torch.ones(self.mesh.num_cells, dtype=torch.float64, requires_grad=True)).square().mean()

    def cost(self) -> Row:
        """Seconds of both; ours goes down to rounding."""
        if environment() is None:
            costs = race(self.solve, patience=self.patience)
            return self.timed("solve", costs, "", {"OpenFOAM": "is not installed"})
        with TemporaryDirectory() as folder:
            foam = self._foam(Path(folder))
            costs = race(self.solve, foam.run, patience=self.patience)
            return self.timed("solve", costs, self.peer, {"its steps": iterations(foam.folder)})

    def error(self) -> Row:
        """Of second norm, relative to the field."""
        if environment() is None:
            return self.missed("field", self._error(self.solve()), None)
        with TemporaryDirectory() as folder:
            foam = self._foam(Path(folder))
            foam.run()
            return self.missed("field", self._error(self.solve()), self._error(foam.field()))

    def _foam(self, folder: Path) -> LaplacianFoam:
        foam = LaplacianFoam(self.mesh, harmonic, folder, TOLERANCE)
        foam.write()
        return foam

    def _error(self, u: Tensor) -> float:
        geometry = FVMesh.of(self.mesh).geometry()
        exact = harmonic(geometry.centroid)
        squares = geometry.volume * torch.stack([u - exact, exact]) ** 2
        return math.sqrt(squares[0].sum() / squares[1].sum())
