"""Finite volumes: differentiable solvers on any mesh."""

from gno.fv.advection_diffusion import AdvectionDiffusion, Scalar
from gno.fv.conditions import Condition, Dirichlet, Neumann, Periodic, Robin, Symmetry
from gno.fv.diffusion import Diffusion
from gno.fv.nodes import cells_to_nodes
from gno.fv.solution import Solution

__all__ = [
    "AdvectionDiffusion",
    "Condition",
    "Diffusion",
    "Dirichlet",
    "Neumann",
    "Periodic",
    "Robin",
    "Scalar",
    "Solution",
    "Symmetry",
    "cells_to_nodes",
]
