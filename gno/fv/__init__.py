"""Finite volumes: differentiable solvers on any mesh."""

from gno.fv.boundary.conditions import (
    Condition,
    Dirichlet,
    FarField,
    Inlet,
    IsothermalWall,
    Neumann,
    NoSlip,
    Periodic,
    PressureOutlet,
    Robin,
    Slip,
    StagnationInlet,
    Symmetry,
)
from gno.fv.boundary.profiles import parabola
from gno.fv.boundary.timed import Timed
from gno.fv.compressible.flow import Compressible
from gno.fv.compressible.laminar import Laminar
from gno.fv.compressible.march import PseudoTime
from gno.fv.compressible.solution import CompressibleFlow
from gno.fv.compressible.unsteady import UnsteadyCompressible
from gno.fv.diffusion.diffusion import Diffusion
from gno.fv.diffusion.energy import ResidualEnergy
from gno.fv.diffusion.solution import Solution
from gno.fv.incompressible.drag import coefficients, forces
from gno.fv.incompressible.flow import Flow
from gno.fv.incompressible.navier_stokes import NavierStokes
from gno.fv.incompressible.passive_scalar import PassiveScalar
from gno.fv.incompressible.projection import Projection
from gno.fv.linear.sparse import sparse_solve
from gno.fv.marching.stepping import Stepping, Trajectory
from gno.fv.nonlinear.implicit import implicit_solve
from gno.fv.nonlinear.report import Report
from gno.fv.reconstruction.nodes import cells_to_nodes
from gno.fv.transport.advection_diffusion import AdvectionDiffusion, Scalar
from gno.fv.volumes.mesh import FVMesh

__all__ = [
    "AdvectionDiffusion",
    "Compressible",
    "CompressibleFlow",
    "Condition",
    "Diffusion",
    "Dirichlet",
    "FVMesh",
    "FarField",
    "Flow",
    "Inlet",
    "IsothermalWall",
    "Laminar",
    "NavierStokes",
    "Neumann",
    "NoSlip",
    "PassiveScalar",
    "Periodic",
    "PressureOutlet",
    "Projection",
    "PseudoTime",
    "Report",
    "ResidualEnergy",
    "Robin",
    "Scalar",
    "Slip",
    "Solution",
    "StagnationInlet",
    "Stepping",
    "Symmetry",
    "Timed",
    "Trajectory",
    "UnsteadyCompressible",
    "cells_to_nodes",
    "coefficients",
    "forces",
    "implicit_solve",
    "parabola",
    "sparse_solve",
]
