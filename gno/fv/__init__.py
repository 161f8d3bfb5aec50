"""Finite volumes: differentiable solvers on any mesh."""

from gno.fv.conditions import Condition, Dirichlet, Neumann, Periodic, Robin, Symmetry
from gno.fv.diffusion import Diffusion
from gno.fv.nodes import cells_to_nodes
from gno.fv.solution import Solution

__all__ = [
    "Condition",
    "Diffusion",
    "Dirichlet",
    "Neumann",
    "Periodic",
    "Robin",
    "Solution",
    "Symmetry",
    "cells_to_nodes",
]
