"""How many iterations a solver saves that starts from a prediction.

``python training/bench/polish.py MODEL DATA.h5`` prints a table for Darcy flow with a trained model, and one for flow
under a lid, where a coarse solution stands for a prediction. Figures: training/results.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import pyamg
import torch
from scipy import sparse
from scipy.sparse.linalg import cg, spsolve

from gno.datasets import MeshDataset
from gno.fv import Diffusion, Dirichlet, NavierStokes, NoSlip
from gno.mesh import Mesh, cell_centroid, cell_volume, shapes
from gno.mesh.interpolation import Interpolation
from gno.mesh.means import corner_mean
from gno.models import Operator
from gno.problems import problem_of
from gno.problems.permeability import cell_permeability

SAMPLES = 10
RESIDUALS, ERROR = (1e-2, 1e-4, 1e-8), 5e-3
Stop = Callable[[np.ndarray], bool]


def main(model: str, data: str) -> None:
    """Print both tables."""
    darcy(Operator.load(model).eval(), data)
    lid()


def darcy(operator: Operator, data: str) -> None:
    """Conjugate gradients on the two-point flux, from zero and from the model's prediction."""
    problem, rows, starts = problem_of(operator.attributes), dict[tuple[str, str], list[np.ndarray]](), []
    with MeshDataset(data, "test", params=operator.params) as dataset:
        for sample in islice(dataset, SAMPLES):
            predicted = operator.predict(sample.mesh.without(["u"])).point_data["u"]
            system = System.of(sample.mesh, problem.source)
            start = corner_mean(sample.mesh, predicted)
            starts.append((system.error(start), system.rest(start)))
            for key, taken in counts(system, start).items():
                rows.setdefault(key, []).append(np.array(taken))
    error, rest = np.mean(starts, axis=0)
    print(f"Darcy: prediction with L2 error {error:.3g}, residual {rest:.3g}")
    for (name, goal), taken in rows.items():
        zero, near = np.mean(taken, axis=0)
        print(f"CG + {name:9} to {goal:14} {zero:6.1f} from zero, {near:6.1f} from the prediction: {zero / near:.2f} x")


class System(NamedTuple):
    """The linear equations of one sample, and what solves them."""

    matrix: sparse.csr_array
    right: np.ndarray
    exact: np.ndarray
    volume: np.ndarray

    @classmethod
    def of(cls, mesh: Mesh, source: float) -> System:
        """Of the flux between two cells, whose matrix is symmetric."""
        equations = Diffusion(mesh, {"*": Dirichlet(0.0)}).equations(cell_permeability(mesh), source)
        matrix = sparse.csr_array(equations.flux.two_point())
        right = -equations.residual(torch.zeros(mesh.num_cells, dtype=torch.float64)).numpy()
        return cls(matrix, right, spsolve(matrix.tocsc(), right), cell_volume(mesh))

    def error(self, u: np.ndarray) -> float:
        """Relative, in L2."""
        return float(np.sqrt(self.volume @ (u - self.exact) ** 2 / (self.volume @ self.exact**2)))

    def rest(self, u: np.ndarray) -> float:
        """Norm of the residual over that of zeros."""
        return float(np.linalg.norm(self.right - self.matrix @ u) / np.linalg.norm(self.right))


def counts(system: System, start: np.ndarray) -> dict[tuple[str, str], tuple[int, int]]:
    """Iterations from zero and from a start, by preconditioner and goal."""
    goals: dict[str, Stop] = {f"residual {r:g}": lambda u, r=r: system.rest(u) <= r for r in RESIDUALS}
    goals[f"L2 error {ERROR:g}"] = lambda u: system.error(u) <= ERROR
    cycle = pyamg.ruge_stuben_solver(sparse.csr_matrix(system.matrix)).aspreconditioner()
    near = {"multigrid": cycle, "diagonal": sparse.diags(1 / system.matrix.diagonal())}
    zero = np.zeros_like(start)
    return {
        (name, goal): (iterations(system, zero, m, reached), iterations(system, start, m, reached))
        for name, m in near.items()
        for goal, reached in goals.items()
    }


def iterations(system: System, u: np.ndarray, precondition: object, reached: Stop) -> int:
    """Iterations of conjugate gradients until a field is good enough."""
    taken, done = 0, reached(u)

    def watch(now: np.ndarray) -> None:
        nonlocal taken, done
        if not done:
            taken, done = taken + 1, reached(now)
            if done:
                raise StopIteration

    try:
        if not done:
            cg(system.matrix, system.right, x0=u, rtol=1e-14, maxiter=2000, M=precondition, callback=watch)
    except StopIteration:
        pass
    return taken


def lid() -> None:
    """Newton's method for steady flow under a lid, from rest and from a coarse solution."""
    walls = {"top": NoSlip((1.0, 0.0)), "*": NoSlip()}
    coarse, fine = (shapes.square(1 / n, kind="quad") for n in (16, 32))
    solver, at = NavierStokes(fine, walls), cell_centroid(fine)
    cell = Interpolation.of(coarse, at).cell
    away = torch.from_numpy(at - cell_centroid(coarse)[cell])
    for reynolds in (100, 400, 1000):
        rest, near = solver.solve(viscosity=1 / reynolds), NavierStokes(coarse, walls).solve(viscosity=1 / reynolds)
        velocity = near.velocity[cell] + torch.einsum("cik,ck->ci", near.velocity_gradient[cell], away)
        pressure = near.pressure[cell] + (near.pressure_gradient[cell] * away).sum(1)
        error = float((velocity - rest.velocity).norm() / rest.velocity.norm())
        start = replace(rest, velocity=velocity, pressure=pressure)
        warm = solver.solve(viscosity=1 / reynolds, initial=start)
        a, b = rest.report, warm.report
        what = f"{a.iterations} steps from rest, {b.iterations} from a start with error {error:.3g}"
        print(f"lid, Re {reynolds}: {what}; residuals {a.residual:.1e}, {b.residual:.1e}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
