"""The vortex of the lift on a far field."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gno.errors import ConfigError
from gno.fv import Compressible, FarField, PseudoTime, Slip, Symmetry, UnsteadyCompressible
from gno.fv.compressible.free_stream import FreeStream
from gno.fv.compressible.gas import Gas, dot
from gno.fv.compressible.vortex import Vortex
from gno.fv.linear.lagged import LaggedFactor
from gno.mesh import Mesh, shapes

SWIRLED = {"airfoil": Slip(), "farfield": FarField(vortex=True)}
AIRFOIL = shapes.airfoil_o(shapes.naca("0012"), around=16, outward=6)
TIGHT = PseudoTime(tolerance=1e-12)
HEAT = 1.4


def ring(num: int, radius: float) -> tuple[Tensor, Tensor]:
    """Centers of faces around a circle, and their normals as long as the faces."""
    angle = 2 * torch.pi * (torch.arange(num, dtype=torch.float64) + 0.5) / num
    out = torch.stack([angle.cos(), angle.sin()], 1)
    return radius * out, 2 * torch.pi * radius / num * out


def vortex(mach: float, alpha: float, num: int = 400, radius: float = 20.0) -> tuple[Vortex, Gas, Tensor]:
    """One about a small wall in the middle, seen from a circle; the stream, and the faces of the circle."""
    wall, push = ring(4, 0.1)
    far, area = ring(num, radius)
    stream = FreeStream.of(mach, alpha, 1.0, None, dim=2, heat_ratio=HEAT).gas
    of = Vortex.of(
        torch.cat([wall, far]),
        torch.cat([-push, area]),
        walls=torch.arange(4),
        far=torch.arange(4, 4 + num),
        stream=stream,
        heat_ratio=HEAT,
    )
    return of, stream, area


def inner_rings(mesh: Mesh, around: int, outward: int) -> Mesh:
    """What an O-mesh has within a ring, which is its far field then."""
    num = around * (outward + 1)
    ring = np.arange(num - around, num)
    cells = mesh.cells["quad"]
    boundary = {"airfoil": mesh.boundary["airfoil"], "farfield": np.stack([ring, np.roll(ring, -1)], 1)}
    return Mesh(mesh.points[:num], {"quad": cells[(cells < num).all(1)]}, boundary)


@pytest.mark.parametrize("mach", [0.1, 0.8])
def test_velocity_goes_around_clockwise_with_the_circulation(mach: float) -> None:
    of, _, area = vortex(mach, 20.0)
    along = torch.stack([area[:, 1], -area[:, 0]], 1)
    assert float(dot(of.swirl[4:], along).sum()) == pytest.approx(1.0, abs=1e-12)
    assert not of.swirl[:4].any()


@pytest.mark.parametrize("mach", [0.1, 0.8])
def test_what_the_vortex_carries_out_comes_in_elsewhere(mach: float) -> None:
    of, stream, area = vortex(mach, 20.0)
    far = stream.packed().expand(len(of.swirl), 4)
    flow = []
    for circulation in (1e-3, -1e-3):  # the formula is that of small disturbances
        gas = Gas.unpacked(of.around(far, torch.full((1,), circulation, dtype=torch.float64))[4:])
        flow.append(float((gas.density * dot(gas.velocity, area)).sum()))
    assert abs(flow[0] - flow[1]) < 1e-12


def test_entropy_and_total_enthalpy_are_those_of_the_stream() -> None:
    of, stream, _ = vortex(0.6, 3.0)
    gas = Gas.unpacked(of.around(stream.packed().expand(len(of.swirl), 4), torch.tensor([2.0], dtype=torch.float64)))
    assert float((gas.velocity - stream.velocity).abs().max()) > 0.01
    assert torch.allclose(gas.enthalpy(HEAT), stream.enthalpy(HEAT), rtol=1e-14)
    assert torch.allclose(gas.pressure / gas.density**HEAT, stream.pressure, rtol=1e-14)


def test_circulation_is_that_of_kutta_and_joukowski() -> None:
    solver = Compressible(AIRFOIL, SWIRLED)
    flow = solver.solve(mach=0.5, alpha=2.0)
    free = solver.free_stream(mach=0.5, alpha=2.0)
    theta = solver.parameters(free)
    assert theta.vortex is not None
    at_border = flow.pressure[solver.mesh.owner[solver.mesh.num_inner :]]
    circulation = theta.vortex.circulation(at_border, theta.outside.far)
    assert float(circulation) == pytest.approx(0.5 * float(flow.cl) / 2, rel=1e-12)


@pytest.mark.parametrize("mach", [0.5, 0.8])
def test_lift_hardly_depends_on_the_distance(mach: float) -> None:
    whole = shapes.airfoil_o(shapes.naca("0012"), around=24, outward=18, far_field=100.0)
    meshes = [inner_rings(whole, 24, 12), whole]
    assert 10 < float(np.linalg.norm(meshes[0].points, axis=1).max()) < 15

    def spread(vortex: bool) -> float:
        held = {"airfoil": Slip(), "farfield": FarField(vortex=vortex)}
        near, far = (float(Compressible(mesh, held).solve(mach=mach, alpha=1.25).cl) for mesh in meshes)
        return abs(near - far) / far

    assert spread(False) > 0.02
    assert spread(True) < 0.005


@pytest.mark.parametrize("scheme", ["jst", "roe"])
def test_linearization_is_the_derivative_of_the_residual(scheme: str) -> None:
    solver = Compressible(AIRFOIL, SWIRLED, scheme=scheme)
    theta = solver.parameters(solver.free_stream(mach=torch.tensor([0.5, 0.7]), alpha=torch.tensor([1.0, -3.0])))
    state = solver.solve(mach=0.6, alpha=2.0).state.detach().expand(2, -1, -1)
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((2, *state.shape)))
    linear = LaggedFactor()
    linear.update(*solver.balance.linearized(state, theta))
    h = 1e-6
    numeric = (solver.residual(state + h * noise[0], theta) - solver.residual(state - h * noise[0], theta)) / (2 * h)
    solved = linear.apply_inverse(numeric.reshape(-1), transposed=False).reshape(noise[0].shape)
    assert float((solved - noise[0]).norm() / noise[0].norm()) < 1e-7
    along = linear.apply_inverse(noise[1].reshape(-1), transposed=True)  # the transpose of the same matrix
    assert float(along @ numeric.reshape(-1)) == pytest.approx(float((noise[0] * noise[1]).sum()), abs=1e-4)


@pytest.mark.parametrize("scheme", ["jst", "roe"])
def test_derivatives_equal_central_differences(scheme: str) -> None:
    solver = Compressible(AIRFOIL, SWIRLED, scheme=scheme)
    way = torch.from_numpy(1e-2 * np.random.default_rng(0).standard_normal(AIRFOIL.points.shape))
    start = solver.solve(mach=0.7, alpha=2.0)

    def forces(at: Tensor) -> Tensor:
        moved = solver.mesh.points + at[2] * way  # those of the far field, too
        flow = solver.solve(mach=at[0], alpha=at[1], points=moved, initial=start, method=TIGHT)
        return torch.stack([flow.cl, flow.cd])

    at = torch.tensor([0.7, 2.0, 0.0], dtype=torch.float64)
    exact = torch.autograd.functional.jacobian(forces, at)
    for k, h in enumerate([1e-5, 1e-4, 1e-5]):
        step = h * torch.eye(3, dtype=torch.float64)[k]
        difference = (forces(at + step) - forces(at - step)) / (2 * h)
        assert float((difference - exact[:, k]).abs().max()) < 1e-6 * float(exact[:, k].abs().max())


def test_samples_equal_flows_one_by_one() -> None:
    solver = Compressible(AIRFOIL, SWIRLED)
    machs = torch.tensor([0.4, 0.8], dtype=torch.float64, requires_grad=True)
    both = solver.solve(mach=machs, alpha=torch.tensor([1.0, 2.0]), method=TIGHT)
    slope = torch.autograd.grad(both.cl.sum(), machs)[0]
    for sample, alpha in enumerate((1.0, 2.0)):
        mach = machs[sample].detach().requires_grad_()
        alone = solver.solve(mach=mach, alpha=alpha, method=TIGHT)
        assert float(alone.cl.detach()) == pytest.approx(float(both.cl[sample].detach()), abs=1e-9)
        assert float(torch.autograd.grad(alone.cl, mach)[0]) == pytest.approx(float(slope[sample]), abs=1e-7)


def test_a_turned_mesh_in_a_turned_stream_has_the_same_lift() -> None:
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = Mesh(AIRFOIL.points @ turn + 7.0, AIRFOIL.cells, AIRFOIL.boundary)
    first = Compressible(AIRFOIL, SWIRLED).solve(mach=0.6, alpha=2.0, method=TIGHT)
    second = Compressible(turned, SWIRLED).solve(mach=0.6, alpha=32.0, density=1.2, pressure=1e5, method=TIGHT)
    assert float(second.cl) == pytest.approx(float(first.cl), abs=1e-9)


def test_where_there_is_no_such_vortex_it_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"mach is 1.2, with the vortex of the lift"):
        Compressible(AIRFOIL, SWIRLED).solve(mach=1.2)
    with pytest.raises(ConfigError, match=r"'farfield' has a vortex, but patch 'airfoil' is neither"):
        Compressible(AIRFOIL, {"airfoil": Symmetry(), "farfield": FarField(vortex=True)})
    with pytest.raises(ConfigError, match=r"has a vortex, but there is no wall"):
        Compressible(shapes.square(0.5), {"*": FarField(vortex=True)})
    with pytest.raises(ConfigError, match=r"'top' has a vortex, but the mesh has 3 dimensions"):
        Compressible(shapes.cube(0.5), {"top": FarField(vortex=True), "*": Slip()})
    with pytest.raises(ConfigError, match=r"'farfield' has a vortex; it is that of a steady lift"):
        UnsteadyCompressible(Compressible(AIRFOIL, SWIRLED))
