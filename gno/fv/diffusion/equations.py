"""The linear equations of steady diffusion, and their solution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from scipy import sparse
from torch import Tensor

from gno.fv.boundary.determined import loose_parts, part_mean, refuse_loose, refuse_unbalanced
from gno.fv.diffusion.flux import DiffusiveFlux
from gno.fv.diffusion.solution import Solution
from gno.fv.linear.diagonal import Diagonal
from gno.fv.linear.factor import Factor
from gno.fv.linear.lu import LU
from gno.fv.linear.multigrid import Multigrid
from gno.fv.linear.nearby import Nearby
from gno.fv.linear.pardiso import Pardiso, has_pardiso
from gno.fv.linear.sparse import LARGE
from gno.fv.linear.v_cycle import VCycle
from gno.fv.nonlinear.implicit import attach
from gno.fv.nonlinear.report import Report
from gno.fv.volumes.mesh import FVMesh

Near = Literal["lu", "diagonal", "cycle"]
"""What solves with the two-point matrix: its factor, its diagonal (cheap: it smooths alone), a V-cycle of multigrid."""
TOLERANCE = 1e-12
"""Norm of the residual over that of the right-hand side at which GMRES stops."""


@dataclass(frozen=True, eq=False)
class DiffusionEquations:
    r"""The balance of each cell for one sample, made of tensors that may require gradients.

    .. math::
        V_P (c_P u_P - f_P) - \sum_f \pm |S_f| \, q_f = 0

    Args:
        mesh: what they are on.
        flux: flux density through the faces.
        held: outer faces ``(outer,)`` whose flux depends on the field.
        reaction: ``c (cells,)``.
        source: ``f (cells,)``.
    """

    mesh: FVMesh
    flux: DiffusiveFlux
    held: Bool[Tensor, " outer"]
    reaction: Float[Tensor, " cells"]
    source: Float[Tensor, " cells"]

    def residual(self, u: Float[Tensor, " cells"]) -> Float[Tensor, " cells"]:
        """By how much a field misses the balance of each cell.

        Args:
            u: values ``(cells,)``.
        """
        g = self.flux.geometry
        return g.volume * (self.reaction * u - self.source) - g.outflow(g.size * self.flux(u))

    def scaled(self, factor: Float[Tensor, " faces"]) -> DiffusionEquations:
        """The equations with so many times the conductance in each face, as of ``DiffusiveFlux.scaled``.

        Args:
            factor: positive; it may require a gradient.
        """
        return replace(self, flux=self.flux.scaled(factor))

    def solve(self, derivatives: int, mean: float | None = None) -> Solution:
        """The field, attached to the graph of the equations.

        Args:
            derivatives: how often it can be differentiated.
            mean: of the field over each connected part where only fluxes are given.

        Raises:
            SolverError: the solution is not unique, there is none, or the solver does not converge.
        """
        loose = loose_parts(self.mesh.parts, self._held_cells())
        if mean is not None and len(loose):
            return self._solve_loose(loose, derivatives, mean)
        refuse_loose(self.mesh.parts, loose)
        factor, right = self.factorize(), -self.residual(torch.zeros_like(self.source))
        u, rest = factor.solve_to(TOLERANCE, right.detach())
        report = Report(True, factor.steps, rest, (1.0, rest), 1, factor.steps)
        if right.requires_grad:
            u = attach(u, self.residual, lambda: factor, derivatives)
        return self._solution(u, report)

    @torch.no_grad()
    def improve(self, u: Float[Tensor, " cells"], *, tolerance: float, steps: int, near: Near = "lu") -> Solution:
        """A field moved towards the solution, by GMRES from where it is; without a graph.

        Args:
            u: values ``(cells,)`` to start from.
            tolerance: norm of the residual over that of zeros at which it stops.
            steps: most steps.
            near: what preconditions the steps.

        Raises:
            SolverError: the solution is not unique.
        """
        self.refuse_undetermined()
        size, rest = float(self.residual(torch.zeros_like(u)).norm()), -self.residual(u)
        now = float(rest.norm()) or 1.0
        change, done, left = self.factorize(near).approach(rest, tolerance=tolerance * size / now, steps=steps)
        relative = left * now / size if size else left * now
        history = (float(rest.norm()) / size if size else float(rest.norm()), relative)
        return self._solution(u + change, Report(relative <= tolerance, done, relative, history, 1, done))

    def _solution(self, u: Tensor, report: Report) -> Solution:
        slope = self.flux.slope(u)
        leaving = -self.flux.geometry.size * self.flux(u, slope)
        flux = {name: leaving[faces].sum() for name, faces in self.mesh.patches.items()}
        return Solution(u, slope, flux, report)

    def _solve_loose(self, loose: Int[Tensor, " loose"], derivatives: int, mean: float) -> Solution:
        """One of the fields that differ by a constant, moved to the mean."""
        parts, volume = self.mesh.parts, self.flux.geometry.volume
        refuse_unbalanced(-self.residual(torch.zeros_like(self.source)).detach(), parts, loose)
        cell = torch.stack([(parts == part).nonzero()[0, 0] for part in loose])
        diagonal = torch.from_numpy(self.flux.two_point().diagonal()) / volume.detach()
        # A reaction in one cell holds the field, and makes nothing where sources and fluxes balance.
        held = replace(self, reaction=self.reaction.index_put((cell,), diagonal[cell]))
        solution = held.solve(derivatives)
        level = part_mean(solution.u, volume, parts)
        return replace(solution, u=solution.u + torch.isin(parts, loose) * (mean - level))

    def factorize(self, near: Near = "lu") -> Nearby:
        """The matrix of the equations, ready to be solved with through that of the two-point flux.

        Args:
            near: what solves with that.

        Raises:
            SolverError: the matrix is singular.
        """
        two_point = self.two_point()
        return Nearby(two_point + self.flux.correction(), _factor(two_point, self.mesh.dim, near))

    def two_point(self) -> sparse.csr_array:
        """The matrix of the two-point flux and the reaction ``(cells, cells)``: symmetric, positive semidefinite."""
        reacts = (self.flux.geometry.volume * self.reaction).detach().numpy()
        return self.flux.two_point() + sparse.diags_array(reacts)

    def refuse_undetermined(self) -> None:
        """Refuse equations of which more than one field is a solution.

        Raises:
            SolverError: a part of the mesh on which only fluxes are given.
        """
        refuse_loose(self.mesh.parts, loose_parts(self.mesh.parts, self._held_cells()))

    def _held_cells(self) -> Tensor:
        """Cells where a reaction holds the field, or a face through which the flux depends on it."""
        g, held = self.flux.geometry, self.reaction.detach() > 0
        conducts = self.flux.conductance.detach()[g.num_inner :] > 0
        held[g.owner[g.num_inner :][self.held & conducts]] = True
        return held


def _factor(matrix: sparse.csr_array, dim: int, near: Near) -> Factor:
    if near != "lu":
        return Diagonal(matrix) if near == "diagonal" else VCycle(matrix)
    if dim == 3 and matrix.shape[0] > LARGE:
        return Multigrid(matrix)
    return Pardiso(matrix) if has_pardiso() else LU(matrix, diagonal=True)
