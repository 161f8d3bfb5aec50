"""Laws of the diffusion solver: exactness, conservation, symmetry of the problem, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gno.errors import ConfigError, MeshError, SolverError
from gno.fv import Diffusion, Dirichlet, FVMesh, Neumann, cells_to_nodes
from gno.mesh import Mesh, cell_centroid, cell_volume, refine, shapes


def two_layers(edge_length: float, seed: int = 0) -> Mesh:
    """The square (0, 1) x (0, 1) of triangles, with faces along x = 0.5."""
    left = shapes.rectangle(edge_length, 0.5, 1.0, seed=seed)
    mirror = left.points * [-1, 1] + [1, 0]
    on_middle = np.flatnonzero(np.isclose(left.points[:, 0], 0.5))
    number = np.arange(len(mirror)) + len(mirror)
    number[on_middle] = on_middle
    used, renumbered = np.unique(np.concatenate([np.arange(len(mirror)), number]), return_inverse=True)
    points = np.concatenate([left.points, mirror])[used]
    triangles = left.cells["triangle"]
    right = renumbered[len(mirror) :][triangles[:, [0, 2, 1]]]
    return Mesh(points, {"triangle": np.concatenate([triangles, right])})


MESHES = {
    "triangles": shapes.square(0.2, seed=3),
    "perturbed": shapes.square(0.2, kind="perturbed", seed=3),
    "holes": shapes.square_with_holes(0.12, [(0.5, 0.5, 0.2)]),
    "quads": shapes.square(0.25, kind="quad"),
    "tets": shapes.cube(0.34),
    "hexes": shapes.cube(0.34, kind="hexahedron"),
}


@pytest.mark.parametrize("name", MESHES)
def test_linear_fields_are_exact_on_any_mesh(name: str) -> None:
    mesh = MESHES[name]
    slope = np.array([1.0, -2.0, 0.5])[: mesh.dim]
    field = Dirichlet(lambda x: 3 + x @ torch.tensor(slope))
    patches = dict.fromkeys(mesh.boundary, field) | {"left": Neumann(-2.5 * slope[0])}  # the normal is -x there
    solution = Diffusion(mesh, patches).solve(2.5, 0.0)
    assert np.allclose(solution.u, 3 + cell_centroid(mesh) @ slope, atol=1e-10)
    assert np.allclose(solution.gradient, slope, atol=1e-9)
    at_nodes = cells_to_nodes(mesh, solution.u, solution.gradient, patches)
    assert np.allclose(at_nodes, 3 + mesh.points @ slope, atol=1e-9)


@pytest.mark.parametrize("ratio", [1e-3, 0.25, 4.0, 1e3])
def test_piecewise_linear_field_across_a_jump_is_exact(ratio: float) -> None:
    mesh = two_layers(0.15)
    center = cell_centroid(mesh)
    a = np.where(center[:, 0] < 0.5, ratio, 1.0)

    def exact(x: Tensor) -> Tensor:  # one flux ``ratio`` across, and the same slope along the interface
        return torch.where(x[:, 0] < 0.5, x[:, 0], 0.5 + ratio * (x[:, 0] - 0.5)) + 0.7 * x[:, 1]

    # The flux along y jumps with a, but nothing of it crosses a face of the interface.
    solution = Diffusion(mesh, {"*": Dirichlet(exact)}).solve(a, 0.0)
    assert (solution.u - exact(torch.tensor(center))).abs().max() < 1e-10 * max(1.0, ratio)
    at_nodes = cells_to_nodes(mesh, solution.u, solution.gradient)
    assert (at_nodes - exact(torch.tensor(mesh.points))).abs().max() < 1e-9 * max(1.0, ratio)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_what_flows_out_is_what_the_sources_give(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mesh = MESHES["holes"]
    a, f = rng.lognormal(size=mesh.num_cells), rng.normal(size=mesh.num_cells)
    boundary = {"left": Neumann(rng.normal()), "hole_0": Dirichlet(rng.normal()), "*": Dirichlet(0.0)}
    solution = Diffusion(mesh, boundary).solve(a, f)
    given_ = float(cell_volume(mesh) @ f)
    scale = float(cell_volume(mesh) @ np.abs(f)) + sum(abs(float(q)) for q in solution.flux.values())
    assert abs(sum(solution.flux.values()) - given_) < 1e-10 * scale
    assert float(solution.flux["left"]) == pytest.approx(-boundary["left"].flux)  # the side is 1 long


def test_reaction_enters_the_balance() -> None:
    mesh = MESHES["triangles"]
    solution = Diffusion(mesh, {"*": Neumann(0.0)}).solve(1.0, 3.0, reaction=1.5)
    assert np.allclose(solution.u, 2.0)


def test_residual_is_zero_at_the_solution_and_the_source_at_zero() -> None:
    mesh = MESHES["perturbed"]
    problem, given_ = Diffusion(mesh, {"*": Dirichlet(0.0)}), (1.0 + cell_centroid(mesh)[:, 0], 2.0)
    solution = problem.solve(*given_, reaction=0.5)
    assert problem.residual(solution.u, *given_, reaction=0.5).abs().max() < 1e-8
    assert np.allclose(problem.residual(np.zeros(mesh.num_cells), *given_, reaction=0.5), -2.0)


def test_numbering_of_the_cells_does_not_matter() -> None:
    mesh, rng = MESHES["triangles"], np.random.default_rng(0)
    order = rng.permutation(mesh.num_cells)
    shuffled = Mesh(mesh.points, {"triangle": mesh.cells["triangle"][order]}, mesh.boundary)
    a = rng.lognormal(size=mesh.num_cells)
    u = Diffusion(mesh, {"*": Dirichlet(0.0)}).solve(a, 1.0).u
    assert np.allclose(Diffusion(shuffled, {"*": Dirichlet(0.0)}).solve(a[order], 1.0).u, u[order], atol=1e-11)


def test_mixed_cells_work_together() -> None:
    points = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])
    mesh = Mesh(points, {"triangle": np.array([[0, 1, 4], [0, 4, 3]]), "quad": np.array([[1, 2, 5, 4]])})
    mesh = refine(mesh, 4)
    solution = Diffusion(mesh, {"*": Dirichlet(lambda x: x[:, 0] + 2 * x[:, 1])}).solve(1.0, 0.0)
    assert np.allclose(solution.u, cell_centroid(mesh) @ [1.0, 2.0])


def test_a_problem_without_sources_is_zero_at_once() -> None:
    solution = Diffusion(MESHES["triangles"], {"*": Dirichlet(0.0)}).solve(1.0, 0.0)
    assert solution.report.iterations == 0
    assert not solution.u.any()


def test_only_fluxes_is_refused_with_the_way_out() -> None:
    with pytest.raises(SolverError, match=r"not unique.*only fluxes.*Dirichlet.*mean"):
        Diffusion(MESHES["triangles"], {"*": Neumann(0.0)}).solve(1.0, 0.0)


def _made(x: Tensor) -> Tensor:
    return 2 * math.pi**2 * torch.cos(math.pi * x[:, 0]) * torch.cos(math.pi * x[:, 1])


def test_only_fluxes_have_the_solution_of_the_mean_that_is_given() -> None:
    """It differs from the one with values on the boundary by a constant."""
    mesh = shapes.square(0.1)
    volume = FVMesh.of(mesh).geometry().volume
    source = _made(FVMesh.of(mesh).geometry().centroid)
    source = (source - (volume * source).sum() / volume.sum()).requires_grad_()
    solution = Diffusion(mesh, {"*": Neumann(0.0)}).solve(1.0, source, mean=2.0)
    u = solution.u.detach()
    assert float((volume * u).sum()) == pytest.approx(2.0, abs=1e-12)
    x = FVMesh.of(mesh).geometry().centroid
    exact = 2 + torch.cos(math.pi * x[:, 0]) * torch.cos(math.pi * x[:, 1])
    assert float((u - exact).abs().max()) < 0.03
    rest = Diffusion(mesh, {"*": Neumann(0.0)}).residual(u, 1.0, source.detach())
    assert float(rest.abs().max()) < 1e-8
    direction = torch.zeros_like(x[:, 0]).index_put((torch.tensor([3, 40]),), torch.tensor([1.0, -1.0]).double())
    direction = direction / volume  # as much is made as is used up
    (slope,) = torch.autograd.grad((volume * solution.u**2).sum(), source)
    steps = [source.detach() + t * direction for t in (1e-3, -1e-3)]
    fields = [Diffusion(mesh, {"*": Neumann(0.0)}).solve(1.0, step, mean=2.0).u for step in steps]
    energy = [float((volume * u**2).sum()) for u in fields]
    assert float((slope * direction).sum()) == pytest.approx((energy[0] - energy[1]) / 2e-3, rel=1e-6)


def test_fluxes_that_do_not_balance_have_no_steady_solution() -> None:
    with pytest.raises(SolverError, match=r"no steady solution: 1 more is made or comes in than leaves.*balance"):
        Diffusion(shapes.square(0.5), {"*": Neumann(0.0)}).solve(1.0, 1.0, mean=0.0)
    with pytest.raises(SolverError, match=r"0\.5 more is used up or leaves"):
        Diffusion(shapes.square(0.5), {"top": Neumann(-0.5), "*": Neumann(0.0)}).solve(1.0, 0.0, mean=0.0)


def test_a_loose_part_of_the_mesh_is_found() -> None:
    points = np.array([[0.0, 0], [1, 0], [0, 1], [5, 0], [6, 0], [5, 1]])
    cells = np.array([[0, 1, 2], [3, 4, 5]])
    mesh = Mesh(points, {"triangle": cells}, {"held": np.array([[0, 1]])})
    with pytest.raises(SolverError, match=r"in a part of the mesh \(1 cells, the first is 1\)"):
        Diffusion(mesh, {"held": Dirichlet(0.0), "*": Neumann(0.0)}).solve(1.0, 0.0)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"permeability": -1.0}, "permeability is -1 in cell 0; it must be positive"),
        ({"permeability": np.nan}, "permeability has values that are not finite"),
        ({"permeability": np.ones(3)}, r"permeability has values of shape \(3,\)"),
        ({"reaction": -1.0}, "reaction is -1"),
        ({"source": np.inf}, "source has values that are not finite"),
    ],
)
def test_coefficients_that_cannot_be_are_refused(options: dict, what: str) -> None:
    coefficients = {"permeability": 1.0, "source": 1.0} | options
    with pytest.raises(ConfigError, match=what):
        Diffusion(MESHES["triangles"], {"*": Dirichlet(0.0)}).solve(**coefficients)


def test_numbers_that_overflow_are_an_error_and_no_warning() -> None:
    with pytest.raises(SolverError, match="relative residual of nan"):
        Diffusion(MESHES["triangles"], {"*": Dirichlet(0.0)}).solve(1e-10, 1e308)


def test_large_numbers_do_no_harm() -> None:
    problem = Diffusion(MESHES["triangles"], {"*": Dirichlet(0.0)})
    assert torch.allclose(problem.solve(1.0, 1e300).u, 1e300 * problem.solve(1.0, 1.0).u, rtol=1e-10)


def test_coefficients_of_many_decades_keep_the_solution_positive() -> None:
    mesh = shapes.square(0.08, seed=3)
    a = 10.0 ** np.random.default_rng(0).uniform(-3, 3, mesh.num_cells)
    solution = Diffusion(mesh, {"*": Dirichlet(0.0)}).solve(a, 1.0)
    assert solution.u.min() > 0
    assert solution.report.iterations < 40
    assert solution.report.residual < 1e-8


def test_a_field_that_would_oscillate_is_refused() -> None:
    mesh = shapes.square(0.05, kind="perturbed", seed=3)
    stretched = Mesh(mesh.points * [1, 0.02], mesh.cells, mesh.boundary)
    a = np.random.default_rng(0).lognormal(sigma=2, size=mesh.num_cells)
    with pytest.raises(SolverError, match="too skewed"):
        Diffusion(stretched, {"*": Dirichlet(0.0)}).solve(a, 1.0)


def test_inverted_cells_are_refused() -> None:
    mesh = MESHES["triangles"]
    cells = mesh.cells["triangle"].copy()
    cells[4] = cells[4, [0, 2, 1]]
    with pytest.raises(MeshError, match="cell"):
        Diffusion(Mesh(mesh.points, {"triangle": cells}), {"*": Dirichlet(0.0)})


def test_an_empty_mesh_is_refused() -> None:
    with pytest.raises(MeshError, match="no cells"):
        Diffusion(Mesh(np.zeros((3, 2)), {}), {"*": Dirichlet(0.0)})
