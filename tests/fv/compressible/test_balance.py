"""Balances of a gas about the nodes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.fv import Compressible, FarField, PressureOutlet, Slip, StagnationInlet
from gno.fv.compressible.gas import Gas
from gno.fv.linear.coloring import color, colored_jacobian
from gno.mesh import shapes
from tests.fv.meshes import MESHES

SCHEMES = ["roe", "hllc", "jst"]
AIRFOIL = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=6)
AROUND = {"airfoil": Slip(), "farfield": FarField()}


def uniform(solver: Compressible, mach: float, alpha: float) -> tuple[Tensor, object]:
    free = solver.free_stream(mach=mach, alpha=alpha)
    return free.gas.conserved(1.4).expand(solver.mesh.num_cells, -1), solver.parameters(free)


def disturbed(solver: Compressible) -> tuple[Tensor, object]:
    u, theta = uniform(solver, 0.7, 3.0)
    noise = torch.rand(u.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return u * (0.9 + 0.2 * noise), theta


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", MESHES)
def test_the_free_stream_is_preserved(name: str, scheme: str) -> None:
    solver = Compressible(MESHES[name], {"*": FarField()}, scheme=scheme)
    u, theta = uniform(solver, 0.8, 20.0)
    assert float(solver.residual(u, theta).abs().max()) < 1e-12


@pytest.mark.parametrize("scheme", SCHEMES)
def test_jacobian_equals_that_of_tangents(scheme: str) -> None:
    walls = {"airfoil": Slip(), "farfield": PressureOutlet(0.7)}
    solver = Compressible(shapes.airfoil_o(shapes.naca("0012"), around=8, outward=3), walls, scheme=scheme)
    u, theta = disturbed(solver)
    values, pattern = solver.balance.jacobian(u, theta)
    expected = colored_jacobian(lambda v: solver.residual(v, theta), u, pattern, color(pattern))
    assert float((values - expected).abs().max()) < 1e-11 * float(expected.abs().max())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_the_nodes_lose_leaves_through_the_boundary(scheme: str) -> None:
    solver = Compressible(AIRFOIL, AROUND, scheme=scheme)
    u, theta = disturbed(solver)
    outer = solver.balance.outer_flux(*solver.balance.border_side(u, u[..., None]), theta)
    lost, left = solver.residual(u, theta).sum(0), outer.sum(0)
    assert float((lost - left).abs().max()) < 1e-12 * float(outer.abs().sum())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_samples_do_not_know_of_each_other(scheme: str) -> None:
    solver = Compressible(AIRFOIL, AROUND, scheme=scheme)
    machs = torch.tensor([0.3, 0.8], dtype=torch.float64)
    free = solver.free_stream(mach=machs, alpha=torch.tensor([1.0, 4.0]))
    u = disturbed(solver)[0] * torch.tensor([1.0, 1.1], dtype=torch.float64)[:, None, None]
    both = solver.residual(u, solver.parameters(free))
    for sample, (mach, alpha) in enumerate([(0.3, 1.0), (0.8, 4.0)]):
        alone = solver.residual(u[sample], solver.parameters(solver.free_stream(mach=mach, alpha=alpha)))
        assert torch.allclose(both[sample], alone, atol=1e-13)


def test_upwind_residuals_of_linear_fields_fall_with_the_square_of_the_edges() -> None:
    rest = []
    for n in (8, 16):
        solver = Compressible(shapes.square(1 / n, kind="quad"), {"*": FarField()})
        x = solver.mesh.geometry().centroid
        gas = Gas(1 + 0.1 * x[:, 0], torch.stack([0.5 + 0.1 * x[:, 1], 0.2 * x[:, 0]], 1), 0.7 + 0.1 * x[:, 0])
        free = solver.free_stream(mach=0.5)
        volume = solver.mesh.geometry().volume
        inner = ((x > 0.2) & (x < 0.8)).all(1)
        residual = solver.residual(gas.conserved(1.4), solver.parameters(free)) / volume[:, None]

        def flux(at: Tensor) -> Tensor:
            gas = Gas(1 + 0.1 * at[0], torch.stack([0.5 + 0.1 * at[1], 0.2 * at[0]]), 0.7 + 0.1 * at[0])
            row = Gas(gas.density[None], gas.velocity[None], gas.pressure[None])
            return torch.stack([row.flux(way[None], 1.4)[0] for way in torch.eye(2, dtype=torch.float64)], 1)

        exact = torch.func.vmap(lambda at: torch.einsum("cdd->c", torch.func.jacrev(flux)(at)))(x)
        rest.append(float((residual - exact)[inner].abs().max()))
    assert rest[1] < 0.3 * rest[0]
    assert rest[1] < 1e-3


def test_a_still_gas_between_walls_and_vessels_stays_still() -> None:
    mesh = shapes.rectangle(0.25, 2.0, 1.0)
    p = 1 / 1.4
    solver = Compressible(mesh, {"left": StagnationInlet(p, 1.0), "right": PressureOutlet(p), "*": Slip()})
    one = torch.ones(mesh.num_points, dtype=torch.float64)
    u = Gas(one, torch.zeros(mesh.num_points, 2).double(), p * one).conserved(1.4)
    theta = solver.parameters(solver.free_stream(mach=0.1))
    assert float(solver.residual(u, theta).abs().max()) < 1e-14
