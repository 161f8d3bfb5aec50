"""Problems: PDEs with random inputs, their labels, and the plain solver to compare with."""

from __future__ import annotations

from gno.problems.airfoil import AirfoilFlow
from gno.problems.burgers import Burgers
from gno.problems.cavity import Cavity
from gno.problems.cylinder import CylinderFlow
from gno.problems.darcy import Darcy
from gno.problems.generate import generate
from gno.problems.heat import Heat
from gno.problems.misfit import Misfit, misfit
from gno.problems.nodal_energy import NodalEnergy
from gno.problems.ns_torus import TorusFlow
from gno.problems.polish import Polished, polish
from gno.problems.problem import Draw, Family, Problem
from gno.problems.registry import PROBLEMS, family_of, problem_named, problem_of
from gno.problems.stirred import Stirred
from gno.problems.wave import Wave

__all__ = [
    "PROBLEMS",
    "AirfoilFlow",
    "Burgers",
    "Cavity",
    "CylinderFlow",
    "Darcy",
    "Draw",
    "Family",
    "Heat",
    "Misfit",
    "NodalEnergy",
    "Polished",
    "Problem",
    "Stirred",
    "TorusFlow",
    "Wave",
    "family_of",
    "generate",
    "misfit",
    "polish",
    "problem_named",
    "problem_of",
]
