"""OpenFOAM's ``simpleFoam`` on a flow of ours: the same mesh, the same boundary, linear values on faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from gno.bench.flow_cases import Cylinder, FlowCase
from gno.bench.openfoam import EMPTY, MULTIGRID, Entries, listed, read_field, run, write_dictionary, write_settings
from gno.bench.timing import Seconds
from gno.fv.boundary.conditions import PressureOutlet
from gno.fv.incompressible.drag import Coefficients
from gno.fv.incompressible.flow import Flow
from gno.fv.incompressible.navier_stokes import NavierStokes
from gno.mesh import save

_FORCES = "postProcessing/forces/0/coefficient.dat"
_CONVECTION = {"div(phi,U)": "bounded Gauss linear", "div((nuEff*dev2(T(grad(U)))))": "Gauss linear"}


@dataclass(frozen=True)
class SimpleFoam:
    """A case folder: SIMPLEC as OpenFOAM's own tutorials set it.

    Args:
        case: the flow.
        folder: where the case goes.
        tolerance: initial residual of velocity and pressure at which it stops.
    """

    case: FlowCase
    folder: Path
    tolerance: float

    def write(self) -> None:
        """Write mesh, fields and settings."""
        save(self.case.mesh, self.folder)
        solver = NavierStokes(self.case.mesh, self.case.boundary)
        for name, field in _fields(solver).items():
            kind = "volVectorField" if name == "U" else "volScalarField"
            write_dictionary(self.folder / "0" / name, field, kind=kind)
        nu = {"transportModel": "Newtonian", "nu": self.case.viscosity}
        write_dictionary(self.folder / "constant" / "transportProperties", nu)
        write_dictionary(self.folder / "constant" / "turbulenceProperties", {"simulationType": "laminar"})
        forces = isinstance(self.case, Cylinder)
        functions = {"forces": _force_coefficients(self.case.mesh.edge_length)} if forces else {}
        write_settings(self.folder, "simpleFoam", self._solution(), convection=_CONVECTION, functions=functions)

    def run(self) -> Seconds:
        """Solve: the cost.

        Raises:
            GnoError: an error, or no convergence.
        """
        return run("simpleFoam", self.folder)

    def flow(self, ours: Flow) -> tuple[Flow, Coefficients | None]:
        """Its fields with gradients of ours, so that both are probed alike; and the forces, as it knows them itself.

        Args:
            ours: the same flow, as this package solves it.
        """
        velocity, pressure = (torch.from_numpy(read_field(self.folder, name)) for name in ("U", "p"))
        velocity = velocity[:, :2].contiguous()
        slope = _slopes(NavierStokes(self.case.mesh, self.case.boundary), velocity, pressure, self.case.viscosity)
        flow = replace(
            ours,
            velocity=velocity,
            pressure=pressure,
            velocity_gradient=slope[:, :2],
            pressure_gradient=slope[:, 2],
        )
        return flow, self._forces()

    def _forces(self) -> Coefficients | None:
        if not (self.folder / _FORCES).exists():
            return None
        lines = (self.folder / _FORCES).read_text().splitlines()
        names = [line for line in lines if line.startswith("#")][-1].strip("#").split()
        found = dict(zip(names, map(float, lines[-1].split())))
        return Coefficients(*(torch.tensor(found[name], dtype=torch.float64) for name in ("Cd", "Cl")))

    def _solution(self) -> Entries:
        velocity = {**MULTIGRID, "solver": "smoothSolver", "smoother": "symGaussSeidel"}
        loop = {
            "consistent": "yes",
            "nNonOrthogonalCorrectors": 0 if "quad" in self.case.mesh.cells else 1,
            "pRefCell": 0,
            "pRefValue": 0,
            "residualControl": {"p": self.tolerance, "U": self.tolerance},
        }
        relaxation = {"equations": {"U": 0.9}}
        return {"solvers": {"p": MULTIGRID, "U": velocity}, "SIMPLE": loop, "relaxationFactors": relaxation}


def _fields(solver: NavierStokes) -> Mapping[str, Entries]:
    """Velocity and pressure at the start, at rest, with the values of our boundary on each patch."""
    values, start = solver.boundary.values(solver.mesh.geometry()), solver.mesh.num_inner
    of_u, of_p = dict[str, Entries](), dict[str, Entries]()
    for name, held in solver.boundary.conditions.items():
        rows = solver.mesh.patches[name].sort().values - start
        out = isinstance(held, PressureOutlet)
        of_u[name] = {"type": "zeroGradient"} if out else _fixed(values.velocity[rows])
        of_p[name] = _fixed(values.pressure[rows]) if out else {"type": "zeroGradient"}
    return {
        "U": {"dimensions": "[0 1 -1 0 0 0 0]", "internalField": "uniform (0 0 0)", "boundaryField": {**of_u, **EMPTY}},
        "p": {"dimensions": "[0 2 -2 0 0 0 0]", "internalField": "uniform 0", "boundaryField": {**of_p, **EMPTY}},
    }


def _fixed(values: Tensor) -> Entries:
    return {"type": "fixedValue", "value": listed(values.numpy())}


def _slopes(solver: NavierStokes, velocity: Tensor, pressure: Tensor, viscosity: float) -> Tensor:
    geometry, nothing = solver.mesh.geometry(), torch.zeros_like(velocity)
    theta = solver.balance.theta(geometry, torch.tensor(viscosity, dtype=torch.float64), nothing, solver.pinned)
    return solver.balance.slopes(torch.cat([velocity, pressure[:, None]], 1), theta)[0]


def _force_coefficients(thickness: float) -> Entries:
    """The function object, asked once in the end."""
    return {
        "type": "forceCoeffs",
        "libs": '( "libforces.so" )',
        "patches": "( hole_0 )",
        "executeControl": "onEnd",
        "writeControl": "onEnd",
        "rho": "rhoInf",
        "rhoInf": 1,
        "liftDir": "(0 1 0)",
        "dragDir": "(1 0 0)",
        "pitchAxis": "(0 0 1)",
        "CofR": "(0.2 0.2 0)",
        "magUInf": 0.2,
        "lRef": 0.1,
        "Aref": 0.1 * thickness,
    }
