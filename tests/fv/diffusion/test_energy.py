"""Laws of the residual as an energy: where it is least, its gradient, and that it is near to the error."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gno.errors import SolverError
from gno.fv import Diffusion, Dirichlet, Neumann, Robin
from gno.mesh import Mesh, cell_centroid, shapes

MESHES = {
    "triangles": shapes.square(0.15, seed=1),
    "perturbed quads": shapes.square(0.2, kind="perturbed", seed=2),
    "tets": shapes.cube(0.4),
}


def posed(mesh: Mesh) -> tuple[Diffusion, np.ndarray, np.ndarray]:
    """A problem with all kinds of conditions, a permeability that jumps, and a source."""
    rng, x = np.random.default_rng(0), cell_centroid(mesh)
    boundary = {"left": Dirichlet(1.0), "right": Robin(2.0, 0.5), "*": Neumann(0.3)}
    return Diffusion(mesh, boundary), np.where(x[:, 0] > 0.5, 12.0, 3.0), rng.normal(size=mesh.num_cells)


@pytest.mark.parametrize("name", MESHES)
def test_it_is_zero_and_flat_at_the_solution_and_one_at_zeros(name: str) -> None:
    diffusion, k, f = posed(MESHES[name])
    energy, u = diffusion.energy(k, f), diffusion.solve(k, f).u.requires_grad_()
    value = energy(u)
    value.backward()
    assert float(value.detach()) < 1e-18
    assert u.grad is not None
    assert float(u.grad.abs().max()) < 1e-10
    assert abs(float(energy(torch.zeros_like(u))) - 1) < 1e-12
    for seed in range(3):
        away = torch.from_numpy(np.random.default_rng(seed).normal(size=len(u)))
        assert float(energy(u.detach() + 1e-3 * away)) > 1e-9


@pytest.mark.parametrize("name", MESHES)
def test_its_gradient_is_that_of_differences(name: str) -> None:
    diffusion, k, f = posed(MESHES[name])
    energy = diffusion.energy(k, f, reaction=0.7)
    u = torch.from_numpy(np.random.default_rng(1).normal(size=MESHES[name].num_cells))
    assert torch.autograd.gradcheck(energy, u.requires_grad_())


def test_it_is_near_to_the_square_of_the_error_in_the_norm_of_energy_on_all_meshes() -> None:
    for edge_length in (0.2, 0.1, 0.05):
        mesh = shapes.square(edge_length, seed=3)
        diffusion, x = Diffusion(mesh, {"*": Dirichlet(0.0)}), cell_centroid(mesh)
        k = np.where(np.sin(7 * x[:, 0]) * np.cos(5 * x[:, 1]) > 0, 12.0, 3.0)
        equations, u = diffusion.equations(k, 1.0), diffusion.solve(k, 1.0).u
        matrix = torch.from_numpy(equations.two_point().toarray())
        energy = diffusion.energy(k, 1.0)
        for wave in (1, 4, 9):  # errors that are smooth, and others that are not
            error = torch.from_numpy(0.01 * np.sin(wave * np.pi * x[:, 0]) * np.sin(np.pi * x[:, 1]))
            square = float(error @ matrix @ error / (u @ matrix @ u))
            assert 0.5 < float(energy(u + error)) / square < 2


def test_a_field_that_only_fluxes_determine_is_refused() -> None:
    with pytest.raises(SolverError, match="only fluxes"):
        Diffusion(MESHES["triangles"], {"*": Neumann(0.0)}).energy(1.0, 0.0)
