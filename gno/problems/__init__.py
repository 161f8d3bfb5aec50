"""Problems: PDEs with random inputs, their labels, and the plain solver to compare with."""

from __future__ import annotations

from gno.problems.darcy import Darcy
from gno.problems.generate import generate
from gno.problems.misfit import Misfit, misfit
from gno.problems.problem import Draw, Problem
from gno.problems.registry import PROBLEMS, problem_named, problem_of

__all__ = ["PROBLEMS", "Darcy", "Draw", "Misfit", "Problem", "generate", "misfit", "problem_named", "problem_of"]
