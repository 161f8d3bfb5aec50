"""Steady diffusion with a coefficient that may jump: second order on any mesh, differentiable in all it is given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError
from gno.fv.boundary.assignment import by_patch, partners
from gno.fv.boundary.conditions import Condition, Value
from gno.fv.boundary.outer import Outer
from gno.fv.boundary.values import scalars
from gno.fv.diffusion.energy import ResidualEnergy
from gno.fv.diffusion.equations import DiffusionEquations, Near
from gno.fv.diffusion.flux import DiffusiveFlux
from gno.fv.diffusion.permeability import permeability_of, positive
from gno.fv.diffusion.solution import Solution
from gno.fv.nonlinear.report import Report
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh


class Diffusion:
    r"""Steady diffusion, or flow through a porous medium, by finite volumes with unknowns at the centroids of cells.

    .. math::
        -\nabla \cdot (K \nabla u) + c \, u = f

    The flux through a face corrects the two-point flux for the way in which the line through the centroids misses the
    co-normal and the center of the face (``DiffusiveFlux``); it is exact where u is linear on either side of a face and
    K jumps there. The error falls with the square of the edge length. Cost: one sparse LU of the two-point matrix and
    10 to 20 steps of GMRES; a gradient takes as many steps with the transpose and the same LU. Coefficients may span
    many decades on well-shaped cells; on triangles stretched by more than about five to one whose coefficient jumps at
    every face the correction loses its stability, and the solver refuses.

    Args:
        mesh: any mesh, or its finite volumes, or several as one (``FVMesh.batch``).
        boundary: patch to ``Dirichlet``, ``Neumann``, ``Robin``, ``Symmetry`` or ``Periodic``; ``*`` for all that are
            not named.

    Raises:
        ConfigError: patches that are not there, or without a condition; a median dual.
        MeshError: cells that cannot be used, periodic patches that do not fit.

    Example:
        >>> from gno.fv.boundary.conditions import Dirichlet
        >>> points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> mesh = Mesh(points, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})
        >>> source = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        >>> u = Diffusion(mesh, {"*": Dirichlet(lambda x: x[:, 0])}).solve(2.0, source).u
        >>> u.detach().round(decimals=6).tolist()
        [0.666667, 0.333333]
        >>> u.sum().backward()
        >>> source.grad.round(decimals=6).tolist()
        [0.036661, 0.036661]
    """

    def __init__(self, mesh: Mesh | FVMesh, boundary: Mapping[str, Condition]) -> None:
        self.mesh = mesh if isinstance(mesh, FVMesh) else FVMesh.of(mesh, periodic=partners(boundary))
        if self.mesh.kind != "cell":
            raise ConfigError("diffusion on a median dual is not there", fix="use the cells: kind='cell'")
        self.conditions = by_patch(self.mesh.patches, boundary, joined=self.mesh.periodic)

    def solve(
        self,
        permeability: Value,
        source: Value,
        *,
        reaction: Value = 0.0,
        points: Float[Tensor, "nodes dim"] | None = None,
        mean: float | None = None,
        derivatives: int = 1,
    ) -> Solution:
        """Solve, differentiably in every tensor that is given here or in the conditions.

        Args:
            permeability: ``K``: number, ``(cells,)``, symmetric positive definite ``(cells, dim, dim)``, or a function
                of points; of several samples ``(samples, cells)`` or ``(samples, cells, dim, dim)``.
            source: ``f``: number, ``(cells,)``, ``(samples, cells)``, or a function of points.
            reaction: ``c >= 0``, likewise.
            points: other coordinates of the nodes.
            mean: of u over each connected part of the mesh where only fluxes are given, which must balance there with
                the source; without it such a problem is refused.
            derivatives: how often the solution can be differentiated.

        Raises:
            ConfigError: coefficients or values on the boundary that do not fit.
            MeshError: points with which cells cannot be used.
            SolverError: the solution is not unique, there is none, or the solver does not converge.
        """
        samples = _samples(permeability, source, reaction)
        systems = (self.equations(*sample, points=points) for sample in samples or [(permeability, source, reaction)])
        solutions = [system.solve(derivatives, mean) for system in systems]
        return _stack(solutions) if samples else solutions[0]

    def improve(
        self,
        u: Float[Tensor, " cells"] | Float[np.ndarray, " cells"],
        permeability: Value,
        source: Value,
        *,
        reaction: Value = 0.0,
        tolerance: float = 1e-8,
        steps: int = 100,
        near: Near = "lu",
    ) -> Solution:
        """A field that is near to the solution, made nearer by some steps of the solver; without a graph.

        Args:
            u: values ``(cells,)`` to start from, as those of a network.
            permeability: as in ``solve``, of one sample.
            source: as in ``solve``.
            reaction: as in ``solve``.
            tolerance: norm of the residual over that of zeros at which it stops.
            steps: most steps; the report says whether they sufficed.
            near: what preconditions the steps: the factor of the two-point matrix, its ``diagonal``, whose steps are
                cheap and take off errors from cell to cell, and no others, or a V-``cycle`` of multigrid on it.

        Raises:
            ConfigError: coefficients or values that do not fit, a tolerance or steps that are not positive.
            SolverError: the solution is not unique.

        Example:
            >>> from gno.fv.boundary.conditions import Dirichlet
            >>> points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
            >>> mesh = Mesh(points, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])})
            >>> problem = Diffusion(mesh, {"*": Dirichlet(lambda x: x[:, 0])})
            >>> near = problem.improve(np.array([0.6, 0.4]), 2.0, 0.0)
            >>> near.u.round(decimals=6).tolist(), near.report.converged
            ([0.666667, 0.333333], True)
        """
        if not (tolerance > 0 and steps > 0):
            raise ConfigError(f"tolerance is {tolerance}, steps {steps}", why="both must be positive")
        equations = self.equations(permeability, source, reaction)
        return equations.improve(self._cells(u), tolerance=tolerance, steps=steps, near=near)

    def residual(
        self,
        u: Float[Tensor, " cells"] | Float[np.ndarray, " cells"],
        permeability: Value,
        source: Value,
        *,
        reaction: Value = 0.0,
        points: Float[Tensor, "nodes dim"] | None = None,
    ) -> Float[Tensor, " cells"]:
        r"""By how much a field misses the balance of each cell, per unit volume.

        .. math::
            \frac{1}{V_P} \left( -\sum_f |S_f| \, q_f + V_P (c u_P - f_P) \right)

        Args:
            u: values ``(cells,)`` at the centroids.
            permeability: as in ``solve``, of one sample.
            source: as in ``solve``.
            reaction: as in ``solve``.
            points: as in ``solve``.

        Raises:
            ConfigError: coefficients or values on the boundary that do not fit.
            MeshError: points with which cells cannot be used.
        """
        field, system = self._cells(u), self.equations(permeability, source, reaction, points=points)
        return system.residual(field) / system.flux.geometry.volume

    def energy(self, permeability: Value, source: Value, *, reaction: Value = 0.0) -> ResidualEnergy:
        """What measures fields by their residual, as an energy; see ``ResidualEnergy``.

        Args:
            permeability: as in ``solve``, of one sample.
            source: as in ``solve``.
            reaction: as in ``solve``.

        Raises:
            ConfigError: coefficients or values on the boundary that do not fit.
            SolverError: the solution is not unique.
        """
        return ResidualEnergy(self.equations(permeability, source, reaction))

    def _cells(self, u: Tensor | np.ndarray) -> Float[Tensor, " cells"]:
        if tuple(u.shape) != (self.mesh.num_cells,):
            raise ConfigError(f"u has shape {tuple(u.shape)}", why=f"the mesh has {self.mesh.num_cells} cells")
        return u.double() if isinstance(u, Tensor) else torch.tensor(u, dtype=torch.float64)

    def equations(
        self, permeability: Value, source: Value, reaction: Value = 0.0, *, points: Tensor | None = None
    ) -> DiffusionEquations:
        """The linear equations of one sample.

        Args:
            permeability: as in ``solve``.
            source: as in ``solve``.
            reaction: as in ``solve``.
            points: as in ``solve``.

        Raises:
            ConfigError: coefficients or values on the boundary that do not fit.
            MeshError: points with which cells cannot be used.
        """
        if points is not None:
            self.mesh.check(points.detach())
        geometry = self.mesh.geometry(points)
        at = geometry.centroid
        k = permeability_of(permeability, at)
        c = positive(scalars(reaction, at, "reaction"), "reaction", or_zero=True)
        f = scalars(source, at, "source")
        outer = Outer.of(self.conditions, self.mesh.patches, geometry)
        return DiffusionEquations(self.mesh, DiffusiveFlux.of(geometry, k, outer), outer.held, c, f)


def _samples(permeability: Value, source: Value, reaction: Value) -> list[tuple[Value, Value, Value]]:
    """The coefficients of each sample; none if no axis counts samples."""
    values, axes = (permeability, source, reaction), ((2, 4), (2,), (2,))
    many = [getattr(v, "ndim", 0) in those for v, those in zip(values, axes)]
    counts = {len(v) for v, several in zip(values, many) if several}  # type: ignore[arg-type]
    if len(counts) > 1:
        raise ConfigError(f"coefficients of {' and '.join(map(str, sorted(counts)))} samples", why="they must agree")
    return [
        tuple(v[i] if several else v for v, several in zip(values, many))  # type: ignore[index, misc]
        for i in range(counts.pop() if counts else 0)
    ]


def _stack(solutions: list[Solution]) -> Solution:
    reports = [s.report for s in solutions]
    worst = max(reports, key=lambda r: r.residual)
    steps = sum(r.linear_steps for r in reports)
    report = Report(True, worst.iterations, worst.residual, worst.history, len(reports), steps)
    u, gradient = torch.stack([s.u for s in solutions]), torch.stack([s.gradient for s in solutions])
    flux = {name: torch.stack([s.flux[name] for s in solutions]) for name in solutions[0].flux}
    return Solution(u, gradient, flux, report)
