"""The equation of Darcy flow on any mesh: its solution, its residual, and what comes from the one to the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from gno.errors import DataError
from gno.fv import Condition, Diffusion, Report, ResidualEnergy, Solution, cells_to_nodes
from gno.fv.diffusion.equations import DiffusionEquations, Near
from gno.mesh import Mesh
from gno.mesh.means import corner_mean
from gno.mesh.transfer import cell_means
from gno.problems.nodal_energy import NodalEnergy
from gno.problems.permeability import cell_permeability, mean_permeability
from gno.problems.problem import Problem
from gno.problems.upscaling import upscaled
from gno.problems.walls import walls_of

SOURCE = "source"
"""The field of a source that varies in space."""


class DarcyFlow(Problem):
    r"""Steady flow through a porous medium, on a mesh that has its permeability.

    .. math::
        -\nabla \cdot (a \nabla u) = f

    How samples are drawn is left to its heirs.
    """

    source: float
    """``f`` on a mesh that does not say it itself, by a field ``source``."""

    def solve(self, mesh: Mesh, boundary: Mapping[str, Condition] | None = None) -> Mesh:
        """The mesh with ``u`` in its cell and point data, by the finite-volume solver on this very mesh.

        Args:
            mesh: a mesh with ``permeability`` in its cell data or point data.
            boundary: patch to condition; by default zero on the whole boundary, or where the point data have ``fixed``.

        Raises:
            DataError: there is no permeability.
            SolverError: the solution is not unique, or the solver does not converge.
        """
        walls = walls_of(mesh) if boundary is None else boundary
        return _with_solution(mesh, Diffusion(mesh, walls).solve(cell_permeability(mesh), self.source_of(mesh)), walls)

    def equations(self, mesh: Mesh) -> DiffusionEquations:
        """The discrete equations of a mesh, as ``solve`` solves them.

        Args:
            mesh: as in ``solve``.

        Raises:
            DataError: there is no permeability.
        """
        return Diffusion(mesh, walls_of(mesh)).equations(cell_permeability(mesh), self.source_of(mesh))

    def solved(self, mesh: Mesh, solution: Solution) -> Mesh:
        """The mesh with ``u`` in its cell and point data.

        Args:
            mesh: as in ``solve``.
            solution: of its ``equations``, or of some near to them.
        """
        return _with_solution(mesh, solution, walls_of(mesh))

    def medium(self, mesh: Mesh) -> Float[np.ndarray, " cells"]:
        """The logarithm of the permeability of each cell.

        Args:
            mesh: as in ``solve``, with a number in each cell or at each node.

        Raises:
            DataError: there is no permeability, or it is a tensor.
        """
        a = cell_permeability(mesh)
        if a.ndim > 1:
            raise DataError(
                "the permeability is a tensor", why="its logarithm is wanted", fix="give a number in each cell"
            )
        return np.log(a)

    def source_of(self, mesh: Mesh) -> float | Float[np.ndarray, " cells"]:
        """``f``: the field ``source`` of the mesh, in its cells or at its nodes; else one number.

        Args:
            mesh: any.
        """
        if SOURCE in mesh.cell_data:
            return np.asarray(mesh.cell_data[SOURCE], dtype=np.float64)
        if SOURCE in mesh.point_data:
            return corner_mean(mesh, np.asarray(mesh.point_data[SOURCE], dtype=np.float64))
        return self.source

    def baseline(self, mesh: Mesh) -> Float[np.ndarray, " nodes"]:
        """``u`` at the nodes, solved with the mean permeability of the mesh everywhere.

        Args:
            mesh: as in ``solve``.

        Raises:
            DataError: there is no permeability.
        """
        walls = walls_of(mesh)
        solution = Diffusion(mesh, walls).solve(mean_permeability(mesh), self.source_of(mesh))
        return cells_to_nodes(mesh, solution.u, solution.gradient, walls).numpy()

    def residual(self, mesh: Mesh) -> Float[np.ndarray, " cells"]:
        """By how much ``u`` at the nodes misses the balance of each cell, per unit volume.

        Args:
            mesh: as in ``solve``, with ``u`` in its point data.

        Raises:
            DataError: there is no permeability, or no ``u``.
        """
        return (
            Diffusion(mesh, walls_of(mesh))
            .residual(_in_cells(mesh), cell_permeability(mesh), self.source_of(mesh))
            .numpy()
        )

    def energy(self, mesh: Mesh) -> NodalEnergy:
        """The residual of ``u`` at the nodes as an energy, as of ``NodalEnergy``.

        Args:
            mesh: as in ``solve``.

        Raises:
            DataError: there is no permeability.
            SolverError: the solution is not unique.
        """
        return NodalEnergy(mesh, "u", ResidualEnergy(self.equations(mesh)))

    def improve(self, mesh: Mesh, *, tolerance: float, steps: int) -> tuple[Mesh, Report]:
        """``u`` made nearer to the discrete solution by steps of GMRES, preconditioned with the two-point flux.

        Args:
            mesh: as in ``solve``, with ``u`` at its nodes.
            tolerance: relative residual at which it stops.
            steps: most steps.

        Raises:
            DataError: there is no permeability, or no ``u``.
            SolverError: the solution is not unique.
        """
        walls, a = walls_of(mesh), cell_permeability(mesh)
        equations = Diffusion(mesh, walls)
        found = equations.improve(_in_cells(mesh), a, self.source_of(mesh), tolerance=tolerance, steps=steps)
        rest = equations.residual(found.u, a, self.source_of(mesh)).numpy()
        better = _with_solution(mesh, found, walls)
        return better.with_data(cell_data={**better.cell_data, "residual": rest}), found.report

    def smooth(self, mesh: Mesh, steps: int) -> Mesh:
        """``u`` after steps of GMRES, preconditioned with the diagonal alone.

        Args:
            mesh: as in ``solve``, with ``u`` at its nodes.
            steps: of GMRES.

        Raises:
            DataError: there is no permeability, or no ``u``.
            SolverError: the solution is not unique.
        """
        return self._approached(mesh, steps, "diagonal")

    def cycle(self, mesh: Mesh) -> Mesh:
        """``u`` after one step of GMRES, preconditioned with a V-cycle of multigrid: it takes off smooth errors, too.

        Args:
            mesh: as in ``solve``, with ``u`` at its nodes.

        Raises:
            DataError: there is no permeability, or no ``u``.
            SolverError: the solution is not unique.
        """
        return self._approached(mesh, 1, "cycle")

    def transferred(self, mesh: Mesh, coarse: Mesh) -> Mesh:
        """A coarse mesh of the same domain, with permeability, as of ``upscaled``, and source in its cells, and walls.

        Args:
            mesh: as in ``solve``.
            coarse: of the same domain.

        Raises:
            DataError: there is no permeability.
            MeshError: a coarse mesh without cells, or of another dimension.
        """
        result = super().transferred(mesh, coarse)
        point = {name: values for name, values in result.point_data.items() if name != "permeability"}
        cell = {**result.cell_data, "permeability": upscaled(mesh, cell_permeability(mesh), coarse)}
        f = self.source_of(mesh)
        return result.with_data(point, cell if isinstance(f, float) else {**cell, SOURCE: cell_means(mesh, f, coarse)})

    def _approached(self, mesh: Mesh, steps: int, near: Near) -> Mesh:
        walls, a = walls_of(mesh), cell_permeability(mesh)
        found = Diffusion(mesh, walls).improve(
            _in_cells(mesh), a, self.source_of(mesh), tolerance=1e-12, steps=steps, near=near
        )
        return _with_solution(mesh, found, walls)


def _with_solution(mesh: Mesh, solution: Solution, walls: Mapping[str, Condition]) -> Mesh:
    """The mesh with a solution in its cell and point data."""
    u = cells_to_nodes(mesh, solution.u, solution.gradient, walls).numpy()
    return mesh.with_data({**mesh.point_data, "u": u}, {**mesh.cell_data, "u": solution.u.numpy()})


def _in_cells(mesh: Mesh) -> Float[np.ndarray, " cells"]:
    if "u" not in mesh.point_data:
        raise DataError("the mesh has no field 'u' in its point data", why=f"have: {', '.join(mesh.point_data)}")
    return corner_mean(mesh, np.asarray(mesh.point_data["u"], dtype=np.float64))
