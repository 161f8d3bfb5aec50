"""Darcy flow through a random medium on random domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from gno.datasets import FieldSpec
from gno.errors import ConfigError, DataError
from gno.fv import Condition, Diffusion, Dirichlet, Report, ResidualEnergy, Solution, cells_to_nodes
from gno.fv.diffusion.equations import DiffusionEquations, Near
from gno.mesh import Mesh, cell_centroid, refine
from gno.mesh.means import around_nodes, corner_mean
from gno.problems.coefficient import log_normal, two_phase
from gno.problems.deal import Deal, Part
from gno.problems.domain import FAMILIES, Domain, check_families, draw_domain
from gno.problems.nodal_energy import NodalEnergy
from gno.problems.permeability import cell_permeability, mean_permeability
from gno.problems.problem import Draw, Problem
from gno.problems.random_field import RandomField, mesh_field, square_field
from gno.problems.upscaling import upscaled
from gno.problems.walls import draw_walls, fixed_nodes, walls_of

# Streams of random numbers: of meshes, of the fields of samples, and of their boundary.
_MESH, _FIELD, _WALLS = 0, 1, 2
# The mesh of the field is made coarse and cut: cheaper than meshing as fine, and the label's mesh can be the same one.
_FIELD_REFINEMENT = 3


@dataclass(frozen=True, kw_only=True)
class Darcy(Problem):
    r"""Steady flow through a porous medium: the pressure ``u`` of a permeability ``a`` that varies in space.

    .. math::
        -\nabla \cdot (a \nabla u) = f, \qquad u = 0 \text{ on the boundary}

    ``a`` comes from a Gaussian field :math:`\varphi \sim N(0, (-\Delta + \tau^2)^{-2})`. The label is solved on the
    sample's mesh with all edges cut into ``refinement`` parts, and restricted to the nodes of the sample; the
    permeability of a node is the mean over the fine cells around it. A sample is a physical problem first: another
    number of ``nodes`` gives the same domain, the same medium and the same boundary on another mesh.

    Source: Li et al. 2020, arXiv 2003.03485, section 4 (the square), here on many domains.

    Args:
        coefficient: ``two-phase`` (12 where the field is positive, else 3) or ``log-normal`` (exp of the field).
        source: ``f``, one number.
        permeability_at: ``nodes``, as means over the fine cells around, or ``cells``, as geometric means over their
            parts: a solver knows then in which cells the medium jumps.
        boundary: ``dirichlet``: zero on the whole boundary; ``mixed``: zero on some patches, no flux through others.
        nodes: about how many nodes a mesh has; small holes and narrow parts add some.
        shapes: families of domains: ``square``, ``l_shape``, ``square_with_holes``, ``polygon``, ``disk``.
        held_out: families that only test samples come from, besides new domains of ``shapes``.
        samples_per_mesh: samples on each mesh.
        test_fraction: share of the meshes held out for the test.
        part: ``all`` samples, or those of ``train`` or ``test`` only.
        refinement: parts of each edge in the mesh on which labels are solved.
        field_nodes: about how many nodes the mesh has on which the Gaussian field is drawn.
        tau: inverse of the correlation length.
        scale: factor of the field in the log-normal medium.
        seed: seed of all random numbers.

    Raises:
        ConfigError: an option that cannot be.

    Example:
        >>> draw = Darcy(nodes=60, shapes=("square",), refinement=2, seed=1).sample(0)
        >>> sorted(draw.mesh.point_data), draw.split
        (['permeability', 'u'], 'train')
    """

    name: ClassVar[str] = "darcy"
    equation: ClassVar[str] = "-div(a grad u) = f; a: permeability, f: source"

    coefficient: Literal["two-phase", "log-normal"] = "two-phase"
    source: float = 1.0
    permeability_at: Literal["nodes", "cells"] = "nodes"
    boundary: Literal["dirichlet", "mixed"] = "dirichlet"
    nodes: int = 450
    shapes: tuple[str, ...] = ("square", "l_shape", "square_with_holes", "polygon")
    held_out: tuple[str, ...] = ("disk",)
    samples_per_mesh: int = 1
    test_fraction: float = 1 / 6
    part: Part = "all"
    refinement: int = 3
    field_nodes: int = 4050
    tau: float = 3.0
    scale: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        for option, allowed in (
            ("coefficient", ("two-phase", "log-normal")),
            ("permeability_at", ("nodes", "cells")),
            ("boundary", ("dirichlet", "mixed")),
            ("part", ("all", "train", "test")),
        ):
            if getattr(self, option) not in allowed:
                raise ConfigError(f"{option} is {getattr(self, option)!r}", why=f"known: {', '.join(allowed)}")
        check_families(self.shapes, self.held_out)
        self._check_least(nodes=20, field_nodes=100, refinement=1, seed=0)
        self._check_positive("tau", "scale")
        _ = self._deal

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """``permeability`` in, ``u`` out; ``fixed`` is 1 where ``u`` is given, where that is not the whole boundary."""
        fixed = (FieldSpec("fixed", role="input"),) if self.boundary == "mixed" else ()
        location = self.permeability_at.removesuffix("s").replace("node", "point")
        return FieldSpec("permeability", role="input", location=location), *fixed, FieldSpec("u", role="target")

    def sample(self, index: int) -> Draw:
        """A mesh with ``u`` at its nodes, and ``permeability`` there or in its cells.

        Args:
            index: number of the sample.

        Raises:
            ConfigError: a negative number.
        """
        number, split = self._deal.mesh(index)
        index = self._deal.index(index)
        mesh, fine = _meshes(self, number, split, self.nodes, self.refinement)
        walls = self._walls(mesh, index)
        permeability = self._coefficient(self._field(number, split, index)(cell_centroid(fine)))
        solution = Diffusion(fine, walls).solve(permeability, self.source)
        u = cells_to_nodes(fine, solution.u, solution.gradient, walls)[: mesh.num_points].numpy()
        data, cell = {"u": u}, dict[str, np.ndarray]()
        if self.permeability_at == "cells":  # the parts of a cell stand together
            cell["permeability"] = np.exp(np.log(permeability).reshape(mesh.num_cells, -1).mean(axis=1))
        else:
            data["permeability"] = around_nodes(fine, permeability)[: mesh.num_points]
        if self.boundary == "mixed":
            data["fixed"] = fixed_nodes(mesh, walls)
        family = _domain(self, number, split).family
        params = {"family": float(list(FAMILIES).index(family)), "mesh": float(number)}
        return Draw(mesh.with_data(data, cell), params, split)

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
        return _with_solution(mesh, Diffusion(mesh, walls).solve(cell_permeability(mesh), self.source), walls)

    def equations(self, mesh: Mesh) -> DiffusionEquations:
        """The discrete equations of a mesh, as ``solve`` solves them.

        Args:
            mesh: as in ``solve``.

        Raises:
            DataError: there is no permeability.
        """
        return Diffusion(mesh, walls_of(mesh)).equations(cell_permeability(mesh), self.source)

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

    def baseline(self, mesh: Mesh) -> Float[np.ndarray, " nodes"]:
        """``u`` at the nodes, solved with the mean permeability of the mesh everywhere.

        Args:
            mesh: as in ``solve``.

        Raises:
            DataError: there is no permeability.
        """
        walls = walls_of(mesh)
        solution = Diffusion(mesh, walls).solve(mean_permeability(mesh), self.source)
        return cells_to_nodes(mesh, solution.u, solution.gradient, walls).numpy()

    def residual(self, mesh: Mesh) -> Float[np.ndarray, " cells"]:
        """By how much ``u`` at the nodes misses the balance of each cell, per unit volume.

        Args:
            mesh: as in ``solve``, with ``u`` in its point data.

        Raises:
            DataError: there is no permeability, or no ``u``.
        """
        return Diffusion(mesh, walls_of(mesh)).residual(_in_cells(mesh), cell_permeability(mesh), self.source).numpy()

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
        found = equations.improve(_in_cells(mesh), a, self.source, tolerance=tolerance, steps=steps)
        rest = equations.residual(found.u, a, self.source).numpy()
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
        """A coarse mesh of the same domain, with the permeability of its cells as of ``upscaled``, and the walls.

        Args:
            mesh: as in ``solve``.
            coarse: of the same domain.

        Raises:
            DataError: there is no permeability.
            MeshError: a coarse mesh without cells, or of another dimension.
        """
        result = super().transferred(mesh, coarse)
        point = {name: values for name, values in result.point_data.items() if name != "permeability"}
        permeability = upscaled(mesh, cell_permeability(mesh), coarse)
        return result.with_data(point, {**result.cell_data, "permeability": permeability})

    def _approached(self, mesh: Mesh, steps: int, near: Near) -> Mesh:
        walls, a = walls_of(mesh), cell_permeability(mesh)
        found = Diffusion(mesh, walls).improve(_in_cells(mesh), a, self.source, tolerance=1e-12, steps=steps, near=near)
        return _with_solution(mesh, found, walls)

    @property
    def _deal(self) -> Deal:
        return Deal(self.test_fraction, self.samples_per_mesh, self.part)

    def _coefficient(self, phi: np.ndarray) -> np.ndarray:
        return two_phase(phi) if self.coefficient == "two-phase" else log_normal(phi, self.scale)

    def _walls(self, mesh: Mesh, index: int) -> dict[str, Condition]:
        if self.boundary == "dirichlet":
            return {"*": Dirichlet(0.0)}
        return draw_walls(mesh, np.random.default_rng([self.seed, _WALLS, index]))

    def _field(self, number: int, split: str, index: int) -> RandomField:
        rng = np.random.default_rng([self.seed, _FIELD, index])
        domain = _domain(self, number, split)
        if domain.side > 0:
            return square_field(domain.side, rng, tau=self.tau)
        nodes = round(self.field_nodes / _FIELD_REFINEMENT**2)
        return mesh_field(_meshes(self, number, split, nodes, _FIELD_REFINEMENT)[1], rng, tau=self.tau)


def _with_solution(mesh: Mesh, solution: Solution, walls: Mapping[str, Condition]) -> Mesh:
    """The mesh with a solution in its cell and point data."""
    u = cells_to_nodes(mesh, solution.u, solution.gradient, walls).numpy()
    return mesh.with_data({**mesh.point_data, "u": u}, {**mesh.cell_data, "u": solution.u.numpy()})


def _in_cells(mesh: Mesh) -> Float[np.ndarray, " cells"]:
    if "u" not in mesh.point_data:
        raise DataError("the mesh has no field 'u' in its point data", why=f"have: {', '.join(mesh.point_data)}")
    return corner_mean(mesh, np.asarray(mesh.point_data["u"], dtype=np.float64))


@lru_cache(maxsize=4)
def _domain(problem: Darcy, number: int, split: str) -> Domain:
    rng = np.random.default_rng([problem.seed, _MESH, number])
    families = problem.shapes if split == "train" else (*problem.shapes, *problem.held_out)
    return draw_domain(families[int(rng.integers(len(families)))], rng)


@lru_cache(maxsize=4)
def _meshes(problem: Darcy, number: int, split: str, nodes: int, refinement: int) -> tuple[Mesh, Mesh]:
    """The mesh of a domain with about so many nodes, and the same one cut."""
    domain = _domain(problem, number, split)
    mesh = domain.mesh(domain.edge_length(nodes))
    return mesh, refine(mesh, refinement)
