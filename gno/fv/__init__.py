"""Finite volumes: differentiable solvers on any mesh."""

from gno.fv.advection_diffusion import AdvectionDiffusion, Scalar
from gno.fv.conditions import (
    Condition,
    Dirichlet,
    Inlet,
    Neumann,
    NoSlip,
    Periodic,
    PressureOutlet,
    Robin,
    Slip,
    Symmetry,
)
from gno.fv.diffusion import Diffusion
from gno.fv.drag import coefficients, forces
from gno.fv.flow import Flow
from gno.fv.implicit import implicit_solve
from gno.fv.incompressible import NavierStokes
from gno.fv.mesh import FVMesh
from gno.fv.nodes import cells_to_nodes
from gno.fv.passive_scalar import PassiveScalar
from gno.fv.profiles import parabola
from gno.fv.projection import Projection
from gno.fv.report import Report
from gno.fv.solution import Solution
from gno.fv.sparse import sparse_solve
from gno.fv.stepping import Stepping, Trajectory
from gno.fv.timed import Timed

__all__ = [
    "AdvectionDiffusion",
    "Condition",
    "Diffusion",
    "Dirichlet",
    "FVMesh",
    "Flow",
    "Inlet",
    "NavierStokes",
    "Neumann",
    "NoSlip",
    "PassiveScalar",
    "Periodic",
    "PressureOutlet",
    "Projection",
    "Report",
    "Robin",
    "Scalar",
    "Slip",
    "Solution",
    "Stepping",
    "Symmetry",
    "Timed",
    "Trajectory",
    "cells_to_nodes",
    "coefficients",
    "forces",
    "implicit_solve",
    "parabola",
    "sparse_solve",
]
