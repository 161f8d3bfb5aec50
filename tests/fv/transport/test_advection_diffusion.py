"""A scalar in a flow: orders, bounds, balance, derivatives, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError, MeshError, SolverError
from gno.fv import Dirichlet, Neumann
from gno.fv.boundary.conditions import NoSlip, Periodic, Robin
from gno.fv.nonlinear.newton import Newton
from gno.fv.nonlinear.report import ConvergenceError
from gno.fv.transport.advected import check_scheme
from gno.fv.transport.advection_diffusion import AdvectionDiffusion
from gno.fv.volumes.mesh import FVMesh
from gno.mesh import Mesh, shapes
from gno.testing import observed_order
from tests.fv.meshes import TINY, linear, plate

pytestmark = pytest.mark.usefixtures("double")
SCHEMES = ("upwind", "linear-upwind", "limited", "central")


def bent(mesh: Mesh) -> Mesh:
    """The same cells with the nodes inside moved smoothly, so that no quad stays a rectangle."""
    x, y = mesh.points.T
    shift = 0.05 * np.sin(2 * np.pi * x) * np.sin(2 * np.pi * y)
    return Mesh(mesh.points + np.stack([shift, -shift], 1), mesh.cells, mesh.boundary)


FAMILIES: dict[str, tuple[Callable[[int], Mesh], tuple[int, ...], float]] = {
    "triangles": (lambda n: shapes.square(1 / n, kind="perturbed", seed=1), (8, 16, 32), 2.5e-4),
    "quads": (lambda n: bent(shapes.square(1 / n, kind="quad")), (16, 32, 64), 1.5e-4),
    "tets": (lambda n: shapes.cube(1 / n), (3, 5, 8), 3e-3),
}


def exact(x: Tensor) -> Tensor:
    return torch.sin(2 * x[:, 0] + 0.3) * torch.cos(3 * x[:, 1]) + x[:, 0] * x[:, -1] ** 2


def flow(x: Tensor) -> Tensor:
    return torch.stack([1 + x[:, 1], x[:, 0] - 0.5, 0.7 + 0 * x[:, 0]][: x.shape[1]], 1)


def diffusivity(x: Tensor) -> Tensor:
    return 0.1 + 0.02 * torch.sin(x[:, 0] + x[:, 1])


def source(x: Tensor) -> Tensor:
    """Of the exact field, with a reaction of 0.5."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        u = exact(x)
        (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        q = flow(x) * u[:, None] - diffusivity(x)[:, None] * slope
        divergence = sum(torch.autograd.grad(q[:, i].sum(), x, retain_graph=True)[0][:, i] for i in range(q.shape[1]))
        return (divergence + 0.5 * u).detach()


def outward(name: str, mesh: Mesh) -> Callable[[Tensor], Tensor]:
    """The diffusive flux of the exact field through a plane patch."""
    fv = FVMesh.of(mesh)
    normal = fv.geometry().normal[fv.patches[name]][0]

    def flux(x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            (slope,) = torch.autograd.grad(exact(x).sum(), x)
        return diffusivity(x.detach()) * (slope @ normal)

    return flux


def error(solver: AdvectionDiffusion, u: Tensor) -> float:
    g = solver.mesh.geometry()
    return float((g.volume * (u - exact(g.centroid)) ** 2).sum().sqrt())


@pytest.mark.parametrize("scheme", ["linear-upwind", "limited", "central"])
@pytest.mark.parametrize("family", FAMILIES)
def test_second_order_on_distorted_meshes(family: str, scheme: Any) -> None:
    make, sizes, bound = FAMILIES[family]
    h, errors = [], []
    for n in sizes:
        solver = AdvectionDiffusion(make(n), {"*": Dirichlet(exact)}, scheme=scheme)
        errors.append(error(solver, solver.solve(flow, diffusivity, source=source, reaction=0.5).u))
        h.append(solver.mesh.num_cells ** (-1 / solver.mesh.dim))
    assert observed_order(h, errors) > 1.9
    assert errors[-1] < bound


@pytest.mark.parametrize("scheme", ["linear-upwind", "limited"])
def test_second_order_with_every_condition(scheme: Any) -> None:
    h, errors = [], []
    for n in (8, 16, 32):
        mesh = shapes.square(1 / n, kind="perturbed", seed=1)
        top = outward("top", mesh)
        robin = Robin(2.0, lambda x, q=top: exact(x) + q(x) / 2.0)
        boundary = {"left": Dirichlet(exact), "top": robin, "*": Neumann()}
        for name in ("right", "bottom"):
            boundary[name] = Neumann(outward(name, mesh))
        solver = AdvectionDiffusion(mesh, boundary, scheme=scheme)
        errors.append(error(solver, solver.solve(flow, diffusivity, source=source, reaction=0.5).u))
        h.append(1 / n)
    assert observed_order(h, errors) > 1.9
    assert errors[-1] < 4e-4


def test_upwind_is_of_first_order() -> None:
    errors = []
    for n in (16, 32):
        solver = AdvectionDiffusion(shapes.square(1 / n, kind="quad"), {"*": Dirichlet(exact)}, scheme="upwind")
        errors.append(error(solver, solver.solve(flow, diffusivity, source=source, reaction=0.5).u))
    assert 0.8 < math.log2(errors[0] / errors[1]) < 1.2


@pytest.mark.parametrize("scheme", SCHEMES[1:])
@pytest.mark.parametrize("name", ["mixed", "tetra"])
def test_linear_fields_are_exact(name: str, scheme: Any) -> None:
    field, slope = linear(TINY[name].dim)
    a = torch.tensor([1.0, 0.4, -0.3])[: len(slope)]
    solver = AdvectionDiffusion(TINY[name], {"*": Dirichlet(field)}, scheme=scheme)
    result = solver.solve(a, 0.3, source=float(a @ slope))
    g = solver.mesh.geometry()
    assert torch.allclose(result.u, field(g.centroid), atol=1e-8)
    assert torch.allclose(result.gradient, slope.expand_as(g.centroid), atol=1e-7)


def test_boundary_layer_stays_within_bounds_with_the_limiter_alone() -> None:
    n, low, high = 11, {}, {}
    mesh = shapes.rectangle(1 / n, 1.0, 1 / n, kind="quad")
    for scheme in SCHEMES:
        solver = AdvectionDiffusion(
            mesh, {"left": Dirichlet(0.0), "right": Dirichlet(1.0), "*": Neumann()}, scheme=scheme
        )
        u = solver.solve((1.0, 0.0), 1 / n / 20).u  # cell Peclet number 20
        low[scheme], high[scheme] = float(u.min()), float(u.max())
    assert low["upwind"] > -1e-10
    assert low["limited"] > -1e-4
    assert max(high["upwind"], high["limited"]) <= 1
    assert low["central"] < -0.1
    assert low["linear-upwind"] < -5e-3


def test_all_that_is_made_leaves() -> None:
    solver = AdvectionDiffusion(plate(), {"bottom": Dirichlet(1.0), "*": Robin(2.0, 0.5)})
    g = solver.mesh.geometry()
    result = solver.solve(lambda x: 0.3 * x.flip(1), 0.2, source=lambda x: x[:, 0], reaction=0.7)
    made = (g.volume * (g.centroid[:, 0] - 0.7 * result.u)).sum()
    assert float(sum(result.flux.values()) - made) == pytest.approx(0, abs=1e-9)


def test_every_form_of_a_velocity_is_the_same_flow() -> None:
    solver = AdvectionDiffusion(plate(), {"*": Dirichlet(lambda x: x[:, 0] ** 2)})
    a, g = torch.tensor([1.0, -0.5]), solver.mesh.geometry()
    forms = [a, (1.0, -0.5), lambda x: a.expand_as(x), a.expand_as(g.centroid), g.area @ a]
    fields = [solver.solve(form, 0.1).u for form in forms]
    for field in fields[1:]:
        assert torch.allclose(field, fields[0], atol=1e-9)


def test_without_diffusion_a_flow_carries_what_comes_in() -> None:
    solver = AdvectionDiffusion(shapes.square(0.2, seed=1), {"left": Dirichlet(2.0), "*": Neumann()})
    result = solver.solve((1.0, 0.0), 0.0)
    assert torch.allclose(result.u, torch.tensor(2.0), atol=1e-8)
    assert float(result.flux["right"]) == pytest.approx(2)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_derivatives_by_everything(scheme: Any) -> None:
    mesh = plate()
    cells, nodes = mesh.num_cells, torch.tensor(mesh.points)

    def solve(mass: Tensor, d: Tensor, f: Tensor, c: Tensor, g: Tensor, h: Tensor, points: Tensor) -> Tensor:
        boundary = {"bottom": Dirichlet(g), "*": Robin(h, g[0])}
        solver = AdvectionDiffusion(mesh, boundary, scheme=scheme, flat=0.1)
        method = Newton(tolerance=1e-13)
        return solver.solve(mass, d, source=f, reaction=c, points=points, method=method).u

    fv = FVMesh.of(mesh)
    values = (
        torch.randn(fv.num_faces), 0.1 + torch.rand(cells), torch.randn(cells), 2 + torch.rand(cells),
        torch.randn(2), torch.tensor(0.8), nodes,
    )  # fmt: skip
    inputs = [v.clone().requires_grad_() for v in values]
    assert torch.autograd.gradcheck(solve, inputs, fast_mode=True, atol=1e-6)


def test_derivatives_by_a_velocity_in_any_form() -> None:
    solver = AdvectionDiffusion(plate(), {"bottom": Dirichlet(1.0), "*": Neumann()}, flat=0.1)
    a, grid = torch.tensor([0.3, 0.9], requires_grad=True), torch.randn(solver.mesh.num_cells, 2, requires_grad=True)
    method = Newton(tolerance=1e-13)
    assert torch.autograd.gradcheck(lambda a: solver.solve(a, 0.2, reaction=1.0, method=method).u, (a,), fast_mode=True)
    assert torch.autograd.gradcheck(
        lambda a: solver.solve(a, 0.2, reaction=3.0, method=method).u, (grid,), fast_mode=True
    )


def test_jacobian_is_the_derivative_of_the_residual() -> None:
    for scheme in SCHEMES:
        solver = AdvectionDiffusion(plate(), {"bottom": Dirichlet(1.0), "*": Robin(1.0)}, scheme=scheme)
        theta, u = solver.transport((1.0, 0.3), 0.1), torch.randn(solver.mesh.num_cells, 1)
        values, pattern = solver.balance.jacobian(u, theta)
        dense = torch.zeros(len(u), len(u)).index_put((pattern.row, pattern.col), values)
        by_autograd = torch.autograd.functional.jacobian(lambda u, t=theta, s=solver: s.balance.residual(u, t), u)
        assert torch.allclose(dense, by_autograd.reshape(len(u), len(u)), atol=1e-12)


def wall(**options: Any) -> AdvectionDiffusion:
    return AdvectionDiffusion(shapes.square(0.5, kind="quad"), {"left": Dirichlet(1.0), "*": Neumann()}, **options)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: check_scheme("quick"), "upwind, linear-upwind, limited, central"),
        (lambda: wall(flat=0.0), "flat is 0"),
        (lambda: wall().solve((1.0, 0.0), -1.0), "diffusivity is -1 in cell 0"),
        (lambda: wall().solve((1.0, float("nan")), 1.0), "velocity .*not finite"),
        (lambda: wall().solve(torch.zeros(3), 1.0), r"velocity has values of shape \(3,\)"),
        (lambda: wall().solve((-1.0, 0.0), 0.0), "nothing diffuses"),
        (lambda: AdvectionDiffusion(plate(), {"bottom": Dirichlet()}), "outer faces are in no patch"),
        (lambda: AdvectionDiffusion(plate(), {"lid": Dirichlet(), "*": Neumann()}), "it has: bottom"),
        (lambda: AdvectionDiffusion(FVMesh.of(plate(), kind="dual"), {"*": Dirichlet()}), "kind 'cell'"),
        (lambda: AdvectionDiffusion(plate(), {"*": NoSlip()}).solve((0.0, 0.0), 1.0), "NoSlip"),
        (lambda: AdvectionDiffusion(plate(), {"*": Robin(-1.0)}).solve((0.0, 0.0), 1.0), "transfer .* is -1"),
    ],
)
def test_what_cannot_be_is_refused(act: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        act()


def test_points_that_turn_a_cell_inside_out_are_refused() -> None:
    solver = wall()
    points = solver.mesh.points.clone()
    points[:, 0] *= -1
    with pytest.raises(MeshError, match="inverted"):
        solver.solve((1.0, 0.0), 1.0, points=points)


def test_a_field_without_a_hold_is_refused() -> None:
    box = {"left": Periodic("right"), "bottom": Periodic("top")}
    solver = AdvectionDiffusion(shapes.square(0.25, kind="quad"), box)
    with pytest.raises(SolverError, match="not unique"):
        solver.solve((1.0, 0.0), 1.0, source=1.0)
    assert torch.allclose(solver.solve((1.0, 0.0), 1.0, source=1.0, reaction=2.0).u, torch.tensor(0.5))


def test_no_convergence_comes_with_its_report() -> None:
    solver = AdvectionDiffusion(shapes.square(0.25, seed=1), {"*": Dirichlet(exact)})
    with pytest.raises(ConvergenceError, match="no convergence") as caught:
        solver.solve(flow, 1e-3, method=Newton(max_iterations=1))
    assert caught.value.report.iterations == 1
