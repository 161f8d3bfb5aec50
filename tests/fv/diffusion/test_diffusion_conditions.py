"""Laws of diffusion with tensors, conditions of Robin's kind, periodic patches, and many samples at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, MeshError, SolverError
from gno.fv import Condition, Diffusion, Dirichlet, Neumann, Periodic, Robin, Symmetry
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes
from tests.fv.meshes import MESHES, linear

pytestmark = pytest.mark.usefixtures("double")
SQUARE = MESHES["perturbed"]


def tensors(n: int, dim: int) -> Tensor:
    """Symmetric positive definite, up to ten times larger along one direction than across it."""
    way = torch.randn(n, dim)
    return torch.eye(dim) + way[:, :, None] * way[:, None, :]


@pytest.mark.parametrize("name", MESHES)
def test_linear_fields_are_exact_for_a_tensor_and_every_condition(name: str) -> None:
    fv = FVMesh.of(MESHES[name])
    field, slope = linear(fv.dim)
    k = tensors(1, fv.dim)
    normal = fv.geometry().normal
    fluxes = {patch: normal[rows] @ k[0] @ slope for patch, rows in fv.patches.items()}
    boundary: dict[str, Condition] = dict.fromkeys(fv.patches, Dirichlet(field))
    if len(fv.patches) > 2:
        left, right = list(fv.patches)[:2]
        boundary[left] = Neumann(fluxes[left])
        boundary[right] = Robin(2.0, field(fv.geometry().center[fv.patches[right]]) + fluxes[right] / 2.0)
    solution = Diffusion(fv, boundary).solve(k.expand(fv.num_cells, -1, -1), 0.0)
    assert torch.allclose(solution.u, field(fv.geometry().centroid), atol=1e-10)
    assert torch.allclose(solution.gradient, slope, atol=1e-9)
    for patch, rows in fv.patches.items():
        assert float(solution.flux[patch]) == pytest.approx(-float(fluxes[patch] @ fv.geometry().size[rows]), abs=1e-9)


@pytest.mark.parametrize("ratio", [1e-3, 4.0, 1e3])
def test_piecewise_linear_field_across_a_jump_of_tensors_is_exact(ratio: float) -> None:
    fv = FVMesh.of(shapes.square(0.125, kind="structured"))
    left = fv.geometry().centroid[:, 0] < 0.5
    k = torch.tensor([[[2.0, 0.5], [0.5, 1.0]], [[5.0, -1.0], [-1.0, 3.0]]]) * torch.tensor([1.0, ratio])[:, None, None]
    # One derivative along the interface x = 1/2, and one flux through it.
    on_left = torch.tensor([1.0, 0.7])
    across = ((k[0] @ on_left)[0] - k[1, 0, 1] * on_left[1]) / k[1, 0, 0]
    on_right = torch.stack([across, on_left[1]])

    def exact(x: Tensor) -> Tensor:
        return torch.where(x[:, 0] < 0.5, (x[:, 0] - 0.5) * on_left[0], (x[:, 0] - 0.5) * across) + 0.7 * x[:, 1]

    solution = Diffusion(fv, {"*": Dirichlet(exact)}).solve(torch.where(left[:, None, None], k[0], k[1]), 0.0)
    size = 1e-10 * float(on_right.abs().max().clamp(min=1.0))
    assert (solution.u - exact(fv.geometry().centroid)).abs().max() < size
    assert (solution.gradient - torch.where(left[:, None], on_left, on_right)).abs().max() < 100 * size


def test_a_multiple_of_the_unit_tensor_is_a_number() -> None:
    problem = Diffusion(MESHES["tets"], {"left": Robin(1.0), "*": Dirichlet(0.0)})
    a = torch.rand(problem.mesh.num_cells) + 0.1
    assert torch.allclose(problem.solve(a, 1.0).u, problem.solve(a[:, None, None] * torch.eye(3), 1.0).u, atol=1e-13)


@pytest.mark.parametrize("name", ["perturbed", "many kinds"])
def test_what_flows_out_is_what_sources_give_less_what_reacts(name: str) -> None:
    problem = Diffusion(MESHES[name], {"*": Robin(2.0, lambda x: x[:, 0])})
    volume = problem.mesh.geometry().volume
    k, f = tensors(len(volume), problem.mesh.dim), torch.randn(len(volume))
    solution = problem.solve(k, f, reaction=0.7)
    given = volume @ (f - 0.7 * solution.u)
    assert abs(float(sum(solution.flux.values()) - given)) < 1e-10 * float(volume @ f.abs())


def test_robin_lies_between_a_given_value_and_a_wall() -> None:
    k = tensors(1, 2).expand(SQUARE.num_cells, 2, 2)

    def field(condition: Condition) -> Tensor:
        return Diffusion(SQUARE, {"left": condition, "*": Dirichlet(0.0)}).solve(k, 1.0).u

    wall, given = field(Neumann(0.0)), field(Dirichlet(3.0))
    assert torch.allclose(field(Robin(0.0, 3.0)), wall, atol=1e-12)
    assert torch.allclose(field(Symmetry()), wall, atol=1e-14)
    gaps = [float((field(Robin(h, 3.0)) - given).abs().max()) for h in (1e4, 1e6, 1e8)]
    assert gaps[2] < 1e-6
    assert gaps[0] == pytest.approx(100 * gaps[1], rel=0.02)
    assert gaps[1] == pytest.approx(100 * gaps[2], rel=0.02)


def test_robin_gives_the_drop_of_two_resistances_in_series() -> None:
    # From 1 at x = 0 through a slab of conductance 2 and a film of conductance 3 to 0: the flux is 1 / (1/2 + 1/3).
    boundary = {"left": Dirichlet(1.0), "right": Robin(3.0, 0.0), "*": Symmetry()}
    solution = Diffusion(SQUARE, boundary).solve(2.0, 0.0)
    assert float(solution.flux["left"]) == pytest.approx(-1.2, abs=1e-10)
    assert float(solution.flux["right"]) == pytest.approx(1.2, abs=1e-10)


def wave(x: Tensor) -> Tensor:
    return torch.sin(2 * math.pi * x[:, 0]) * torch.cos(math.pi * x[:, 1])


def test_periodic_patches_are_of_second_order() -> None:
    boundary = {"left": Periodic("right"), "*": Neumann(0.0)}
    errors = []
    for n in (8, 16, 32):
        problem = Diffusion(shapes.square(1 / n, kind="perturbed", seed=3), boundary)
        g = problem.mesh.geometry()
        u = problem.solve(1.0, lambda x: (5 * math.pi**2 + 1) * wave(x), reaction=1.0).u
        errors.append(float(torch.sqrt(g.volume @ (u - wave(g.centroid)) ** 2)))
    assert np.polyfit(np.log([8, 16, 32]), np.log(errors), 1)[0] <= -1.9


def test_a_shift_along_a_periodic_direction_changes_nothing() -> None:
    boundary = {"left": Periodic("right"), "bottom": Dirichlet(0.0), "top": Robin(1.0, 2.0)}
    problem = Diffusion(shapes.square(0.25, kind="quad"), boundary)
    x = problem.mesh.geometry().centroid
    order = np.lexsort(x.numpy().round(6).T)  # by y, then by x
    a, f = (1 + torch.rand(4, 4)), torch.randn(4, 4)
    k, source = torch.zeros(16), torch.zeros(16)

    def solve(shift: int) -> Tensor:
        k[order], source[order] = a.roll(shift, 1).reshape(-1), f.roll(shift, 1).reshape(-1)
        return problem.solve(k, source).u[order].reshape(4, 4)

    assert torch.allclose(solve(1), solve(0).roll(1, 1), atol=1e-12)


def test_a_periodic_box_needs_a_reaction() -> None:
    problem = Diffusion(shapes.square(0.25), {"left": Periodic("right"), "bottom": Periodic("top")})
    with pytest.raises(SolverError, match="not unique: any constant can be added"):
        problem.solve(1.0, 0.0)
    assert torch.allclose(problem.solve(1.0, 3.0, reaction=2.0).u, torch.tensor(1.5))


def test_a_film_without_transfer_holds_nothing() -> None:
    with pytest.raises(SolverError, match="not unique"):
        Diffusion(SQUARE, {"*": Robin(0.0)}).solve(1.0, 0.0)


@pytest.mark.parametrize("make", [lambda n: torch.rand(3, n) + 0.1, lambda n: tensors(3 * n, 2).reshape(3, n, 2, 2)])
def test_samples_are_solved_as_each_alone(make: Callable[[int], Tensor]) -> None:
    problem = Diffusion(SQUARE, {"left": Robin(1.0), "*": Dirichlet(0.5)})
    k, f = make(SQUARE.num_cells), torch.randn(3, SQUARE.num_cells)
    k.requires_grad_()
    many = problem.solve(k, f)
    each = [problem.solve(k[i], f[i]) for i in range(3)]
    assert torch.equal(many.u, torch.stack([s.u for s in each]))
    assert torch.equal(many.gradient, torch.stack([s.gradient for s in each]))
    assert torch.equal(many.flux["left"], torch.stack([s.flux["left"] for s in each]))
    assert many.report.factorizations == 3
    (together,) = torch.autograd.grad((many.u**2).sum(), k)
    (apart,) = torch.autograd.grad(sum((s.u**2).sum() for s in each), k)
    assert torch.allclose(together, apart, atol=1e-14)


def test_one_source_serves_all_samples_and_numbers_of_samples_agree() -> None:
    problem = Diffusion(SQUARE, {"*": Dirichlet(0.0)})
    a = torch.rand(2, SQUARE.num_cells) + 0.1
    assert torch.equal(problem.solve(a, 1.0).u[1], problem.solve(a[1], 1.0).u)
    with pytest.raises(ConfigError, match="coefficients of 2 and 3 samples"):
        problem.solve(a, torch.ones(3, SQUARE.num_cells))


def test_several_meshes_are_solved_as_each_alone() -> None:
    meshes = [FVMesh.of(MESHES[name]) for name in ("perturbed", "quads", "triangles")]
    boundary = {"left": Robin(1.0), "*": Dirichlet(lambda x: x[:, 0])}
    a = [torch.rand(m.num_cells) + 0.1 for m in meshes]
    together = Diffusion(FVMesh.batch(meshes), boundary).solve(torch.cat(a), 1.0).u
    apart = [Diffusion(m, boundary).solve(k, 1.0).u for m, k in zip(meshes, a)]
    assert torch.allclose(together, torch.cat(apart), atol=1e-11)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "not positive definite in cell 3: 1 2; 2 1; its smallest eigenvalue is -1"),
        ([[1.0, 0.5], [0.0, 1.0]], "not symmetric in cell 3: 1 0.5; 0 1"),
        ([[0.0, 0.0], [0.0, 0.0]], "not positive definite in cell 3"),
        ([[math.nan, 0.0], [0.0, 1.0]], "permeability has values that are not finite"),
    ],
)
def test_tensors_that_cannot_be_are_refused(entry: list[list[float]], what: str) -> None:
    k = tensors(SQUARE.num_cells, 2)
    k[3] = torch.tensor(entry)
    with pytest.raises(ConfigError, match=what):
        Diffusion(SQUARE, {"*": Dirichlet(0.0)}).solve(k, 1.0)


def test_points_that_turn_a_cell_inside_out_are_refused() -> None:
    problem = Diffusion(SQUARE, {"*": Dirichlet(0.0)})
    points = problem.mesh.points.clone()
    points[SQUARE.cells["triangle"][5, 0]] += 5.0
    with pytest.raises(MeshError, match="cells cannot be used: the first is cell"):
        problem.solve(1.0, 1.0, points=points)


def test_moved_points_are_another_mesh() -> None:
    problem = Diffusion(SQUARE, {"*": Dirichlet(lambda x: x[:, 1])})
    points = problem.mesh.points * torch.tensor([1.3, 0.8]) + 0.1
    moved = Diffusion(Mesh(points.numpy(), SQUARE.cells, SQUARE.boundary), {"*": Dirichlet(lambda x: x[:, 1])})
    assert torch.equal(problem.solve(2.0, 1.0, points=points).u, moved.solve(2.0, 1.0).u)


def test_a_median_dual_is_refused() -> None:
    with pytest.raises(ConfigError, match="median dual"):
        Diffusion(FVMesh.of(SQUARE, kind="dual"), {"*": Dirichlet(0.0)})
