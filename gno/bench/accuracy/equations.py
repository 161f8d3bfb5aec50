"""The equations of a steady problem: what solves them on any mesh, and says by how much fields miss them."""

from __future__ import annotations

from gno.models.coarse.compressible import CoarseCompressible
from gno.models.coarse.mesh_solver import MeshSolver
from gno.models.coarse.solver_on_mesh import SolverOnMesh
from gno.problems import AirfoilFlow, Family, Problem

SLIPPING = {"airfoil": "slip", "farfield": "farfield"}
"""What holds on the patches of a mesh about an airfoil."""


def equations_of(problem: Family) -> MeshSolver | None:
    """A solver for any mesh; nothing of a problem without one.

    Args:
        problem: of the samples.
    """
    if isinstance(problem, AirfoilFlow):
        return SolverOnMesh(CoarseCompressible(SLIPPING, scheme=problem.scheme))
    return problem if isinstance(problem, Problem) else None
