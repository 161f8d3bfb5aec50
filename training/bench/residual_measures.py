"""What a field at the nodes is that makes the residual of Darcy's flow small, by the measure of the residual.

Command: ``python training/bench/residual_measures.py``. Prints, for each measure, the relative L2 error of its minimum
against labels of a finer mesh, and the condition number of its matrix.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse

from gno.fv import Diffusion
from gno.mesh import Mesh, node_volume
from gno.problems import Darcy
from gno.problems.permeability import cell_permeability
from gno.problems.walls import walls_of

SAMPLES = 6
PROBLEM = Darcy(shapes=("square",), held_out=(), seed=3)


def means(mesh: Mesh, inner: np.ndarray) -> sparse.csr_array:
    """The means over the corners of each triangle of values at inner nodes, 0 on the boundary."""
    corners = mesh.cells["triangle"]
    row = np.repeat(np.arange(len(corners)), 3)
    return sparse.csr_array((np.full(corners.size, 1 / 3), (row, corners.ravel())))[:, inner]


def minima(mesh: Mesh) -> dict[str, tuple[np.ndarray, float]]:
    """Measure to the values at the nodes where it is least, and the condition number."""
    inner = np.setdiff1d(np.arange(mesh.num_points), mesh.boundary_nodes)
    equations = Diffusion(mesh, walls_of(mesh)).equations(cell_permeability(mesh), PROBLEM.source)
    near = equations.two_point().toarray()
    to_cells = means(mesh, inner).toarray()
    right = -equations.residual(torch.zeros(mesh.num_cells, dtype=torch.float64)).numpy()
    seen = (near + equations.flux.correction().toarray()) @ to_cells
    systems = {
        "norm of the residual": (seen.T @ seen, seen.T @ right),
        "energy of the residual": (seen.T @ np.linalg.solve(near, seen), seen.T @ np.linalg.solve(near, right)),
        "energy of the two-point flux": (to_cells.T @ near @ to_cells, to_cells.T @ right),
    }
    found = {}
    for name, (matrix, vector) in systems.items():
        u = np.zeros(mesh.num_points)
        u[inner] = np.linalg.solve(matrix, vector)
        found[name] = u, float(np.linalg.cond(matrix))
    return found


def main() -> None:
    """Print the table."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for index in range(SAMPLES):
        mesh = PROBLEM.sample(index).mesh
        weight, label = node_volume(mesh), mesh.point_data["u"]
        found = minima(mesh) | {"finite-volume solver": (PROBLEM.solve(mesh).point_data["u"], np.nan)}
        for name, (u, condition) in found.items():
            error = np.sqrt((weight * (u - label) ** 2).sum() / (weight * label**2).sum())
            rows.setdefault(name, []).append((float(error), condition))
    for name, numbers in rows.items():
        error, condition = np.mean(numbers, axis=0)
        print(f"{name:30s} error {error:.4f}" + ("" if np.isnan(condition) else f"   condition {condition:9.0f}"))


if __name__ == "__main__":
    main()
