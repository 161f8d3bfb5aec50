"""Orders of the flow of a gas."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gno.fv import Compressible, FarField
from gno.fv.compressible.gas import Gas
from gno.mesh import Mesh, shapes
from gno.testing import observed_order

INNER, OUTER, MACH = 1.0, 1.384, 2.25


def vortex(x: Tensor) -> Gas:
    """Gas that goes around in circles faster than sound: an exact solution, of Aftosmis and others 1994."""
    r2 = (x**2).sum(1)
    density = (1 + 0.2 * MACH**2 * (1 - INNER**2 / r2)) ** 2.5
    turn = torch.stack([x[:, 1], -x[:, 0]], 1)
    return Gas(density, MACH * INNER * turn / r2[:, None], density**1.4 / 1.4)


def quarter(n: int, kind: str) -> Mesh:
    """A quarter of a ring."""
    flat = shapes.square(1 / n, kind=kind, seed=0)
    r, angle = INNER + (OUTER - INNER) * flat.points[:, 0], torch.pi / 2 * flat.points[:, 1]
    x = torch.from_numpy(r)[:, None] * torch.stack([torch.from_numpy(angle).cos(), torch.from_numpy(angle).sin()], 1)
    return Mesh(x.numpy(), flat.cells, flat.boundary)


def error(n: int, scheme: str, kind: str) -> float:
    solver = Compressible(quarter(n, kind), {"*": FarField()}, scheme=scheme)
    theta = solver.parameters(solver.free_stream(mach=1.0))
    geometry = solver.mesh.geometry()
    far = vortex(geometry.center[solver.mesh.num_inner :]).packed()
    theta = theta._replace(outside=theta.outside._replace(far=far))
    exact = vortex(geometry.centroid)
    start = exact.conserved(1.4)
    scale = torch.linalg.vector_norm(solver.residual(start, theta)).reshape(1)
    state, _ = solver.steady(theta, start, scale=scale)
    missed = Gas.of(state, 1.4).density - exact.density
    return float(((geometry.volume * missed**2).sum() / geometry.volume.sum()).sqrt())


CASES = [
    ("roe", "quad", (8, 16)),
    ("jst", "quad", (8, 16)),
    pytest.param("roe", "quad", (8, 16, 32), marks=pytest.mark.long),
    pytest.param("roe", "perturbed", (8, 16, 32), marks=pytest.mark.long),
    pytest.param("hllc", "quad", (8, 16, 32), marks=pytest.mark.long),
    pytest.param("hllc", "perturbed", (8, 16, 32), marks=pytest.mark.long),
    pytest.param("jst", "quad", (8, 16, 32), marks=pytest.mark.long),
]


@pytest.mark.parametrize(("scheme", "kind", "sizes"), CASES)
def test_second_order_for_gas_in_circles(scheme: str, kind: str, sizes: tuple[int, ...]) -> None:
    errors = [error(n, scheme, kind) for n in sizes]
    order = observed_order([1 / n for n in sizes], errors)
    print(f"{scheme} {kind} {order:.2f}", [f"{e:.2e}" for e in errors])
    assert order > 1.8
    assert errors[-1] < 2.5 / sizes[-1] ** 2
