"""Finite volumes: steady diffusion on any mesh."""

from gno.fv import diffusion
from gno.fv.boundary import Condition
from gno.fv.conditions import Dirichlet, Neumann
from gno.fv.nodes import cells_to_nodes
from gno.fv.solution import Solution

__all__ = ["Condition", "Dirichlet", "Neumann", "Solution", "cells_to_nodes", "diffusion"]
