"""OpenFOAM's ``laplacianFoam``: a field whose Laplacian is nought, with given values on the boundary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from gno.bench.openfoam import EMPTY, MULTIGRID, listed, read_field, run, write_dictionary, write_settings
from gno.bench.timing import Seconds
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, save


@dataclass(frozen=True)
class LaplacianFoam:
    """A case folder: one multigrid solution after the other, each with the non-orthogonal correction of the last.

    Args:
        mesh: flat.
        value: on the boundary, of points.
        folder: where the case goes.
        tolerance: initial residual at which it stops.
    """

    mesh: Mesh
    value: Callable[[Tensor], Tensor]
    folder: Path
    tolerance: float

    def write(self) -> None:
        """Write mesh, field and settings."""
        save(self.mesh, self.folder)
        fv = FVMesh.of(self.mesh)
        center = fv.geometry().center
        held = {name: self.value(center[rows.sort().values]).numpy() for name, rows in fv.patches.items()}
        on_patches = {name: {"type": "fixedValue", "value": listed(values)} for name, values in held.items()}
        field = {
            "dimensions": "[0 0 0 1 0 0 0]",
            "internalField": "uniform 0",
            "boundaryField": {**on_patches, **EMPTY},
        }
        write_dictionary(self.folder / "0" / "T", field, kind="volScalarField")
        write_dictionary(self.folder / "constant" / "transportProperties", {"DT": "[0 2 -1 0 0 0 0] 1"})
        loop = {"nNonOrthogonalCorrectors": 0, "residualControl": {"T": self.tolerance}}
        solution = {"solvers": {"T": MULTIGRID}, "SIMPLE": loop}
        write_settings(self.folder, "laplacianFoam", solution, convection={}, functions={})

    def run(self) -> Seconds:
        """Solve: the cost.

        Raises:
            GnoError: an error, or no convergence.
        """
        return run("laplacianFoam", self.folder)

    def field(self) -> Float[Tensor, " cells"]:
        """The solution."""
        return torch.from_numpy(read_field(self.folder, "T"))
