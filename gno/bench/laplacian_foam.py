"""OpenFOAM's ``laplacianFoam``: a field whose Laplacian is nought, with given values on the boundary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from gno.bench.openfoam import control, listed, read_field, run, write_dictionary
from gno.bench.timing import Seconds
from gno.fv.mesh import FVMesh
from gno.mesh import Mesh, save
from gno.mesh.formats.slab import ENDS


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
            "boundaryField": {**on_patches, ENDS: {"type": "empty"}},
        }
        write_dictionary(self.folder / "0" / "T", field, kind="volScalarField")
        write_dictionary(self.folder / "constant" / "transportProperties", {"DT": "[0 2 -1 0 0 0 0] 1"})
        schemes = {
            "ddtSchemes": {"default": "steadyState"},
            "gradSchemes": {"default": "Gauss linear"},
            "divSchemes": {"default": "none"},
            "laplacianSchemes": {"default": "Gauss linear corrected"},
            "interpolationSchemes": {"default": "linear"},
            "snGradSchemes": {"default": "corrected"},
        }
        multigrid = {"solver": "GAMG", "smoother": "GaussSeidel", "tolerance": 1e-12, "relTol": 0.1}
        loop = {"nNonOrthogonalCorrectors": 0, "residualControl": {"T": self.tolerance}}
        settings = {
            "controlDict": control("laplacianFoam"),
            "fvSchemes": schemes,
            "fvSolution": {"solvers": {"T": multigrid}, "SIMPLE": loop},
        }
        for name, entries in settings.items():
            write_dictionary(self.folder / "system" / name, entries)

    def run(self) -> tuple[Seconds, int]:
        """Solve: the cost, and the number of iterations.

        Raises:
            GnoError: an error, or no convergence.
        """
        return run("laplacianFoam", self.folder)

    def field(self) -> Float[Tensor, " cells"]:
        """The solution."""
        return torch.from_numpy(read_field(self.folder, "T"))
