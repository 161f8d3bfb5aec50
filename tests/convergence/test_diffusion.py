"""Orders of convergence of the diffusion solver, and its error itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import spsolve
from torch import Tensor

from gno.fv import Diffusion, Dirichlet, Neumann, cells_to_nodes
from gno.mesh import Mesh, cell_centroid, cell_volume, node_volume, shapes
from gno.testing import observed_order

PI = np.pi


def exact(x: Tensor) -> Tensor:
    """u = sin(pi x) sin(pi y) + x + y^2 / 2; the same for all z."""
    return torch.sin(PI * x[:, 0]) * torch.sin(PI * x[:, 1]) + x[:, 0] + x[:, 1] ** 2 / 2


def slope(x: Tensor) -> tuple[Tensor, Tensor]:
    along_x = PI * torch.cos(PI * x[:, 0]) * torch.sin(PI * x[:, 1]) + 1
    return along_x, PI * torch.sin(PI * x[:, 0]) * torch.cos(PI * x[:, 1]) + x[:, 1]


def permeability(x: Tensor) -> Tensor:
    return 1.5 + torch.sin(2 * x[:, 0] + x[:, 1])


def source(x: Tensor) -> Tensor:
    laplacian = -2 * PI**2 * torch.sin(PI * x[:, 0]) * torch.sin(PI * x[:, 1]) + 1
    change = torch.cos(2 * x[:, 0] + x[:, 1])
    return -permeability(x) * laplacian - change * (2 * slope(x)[0] + slope(x)[1])


FIXED = {"*": Dirichlet(exact)}
MIXED = {
    "left": Neumann(lambda x: -permeability(x) * slope(x)[0]),
    "top": Neumann(lambda x: permeability(x) * slope(x)[1]),
    "*": Dirichlet(exact),
}
SIDES = {"back": Neumann(0.0), "front": Neumann(0.0)}


def errors(mesh: Mesh, boundary: dict) -> tuple[float, float]:
    """L2 error in the cells and at the nodes."""
    solution = Diffusion(mesh, boundary).solve(permeability, source)
    at_nodes = cells_to_nodes(mesh, solution.u, solution.gradient, boundary)
    in_cells = (solution.u - exact(torch.tensor(cell_centroid(mesh)))).numpy()
    return (
        float(np.sqrt(cell_volume(mesh) @ in_cells**2)),
        float(np.sqrt(node_volume(mesh) @ (at_nodes - exact(torch.tensor(mesh.points))).numpy() ** 2)),
    )


def perturbed_quads(h: float) -> Mesh:
    mesh = shapes.square(h, kind="quad")
    points, rng = mesh.points.copy(), np.random.default_rng(3)
    inner = np.setdiff1d(np.arange(len(points)), mesh.boundary_nodes)
    points[inner] += rng.uniform(-0.2, 0.2, (len(inner), 2)) * h
    return Mesh(points, mesh.cells, mesh.boundary)


MESHES = {
    "delaunay": lambda h: shapes.square(h, seed=1),
    "perturbed": lambda h: shapes.square(h, kind="perturbed", seed=1),
    "quad": lambda h: shapes.square(h, kind="quad"),
    "perturbed quad": perturbed_quads,
}


@pytest.mark.parametrize("boundary", [FIXED, MIXED], ids=["fixed", "mixed"])
@pytest.mark.parametrize("kind", MESHES)
def test_second_order_in_two_dimensions(kind: str, boundary: dict) -> None:
    h = np.array([1 / 12, 1 / 24, 1 / 48])
    error = np.array([errors(MESHES[kind](step), boundary) for step in h])
    orders = np.polyfit(np.log(h), np.log(error), 1)[0]
    print(f"\n{kind}: order {orders[0]:.2f} in the cells, {orders[1]:.2f} at the nodes")
    assert orders.min() >= 1.9
    assert error[-1, 0] < 0.8 * h[-1] ** 2  # the constant, not only the rate
    assert error[-1, 1] < 1.8 * h[-1] ** 2


@pytest.mark.parametrize("kind", ["tetra", "hexahedron"])
def test_second_order_in_three_dimensions(kind: str) -> None:
    h = np.array([1 / 12, 1 / 16])
    error = np.array([errors(shapes.cube(step, kind=kind), MIXED | SIDES) for step in h])
    orders = np.log(error[0] / error[1]) / np.log(h[0] / h[1])
    print(f"\n{kind}: order {orders[0]:.2f} in the cells, {orders[1]:.2f} at the nodes")
    # Tetrahedra approach two from below: the error times n^2 is 0.21, 0.24, 0.25 for n = 6, 12, 16.
    assert orders.min() >= (1.85 if kind == "tetra" else 1.9)
    assert error[-1, 0] < 0.7 * h[-1] ** 2


def test_two_point_flux_alone_would_not_converge() -> None:
    h, error = (1 / 12, 1 / 24, 1 / 48), []
    for step in h:
        system = Diffusion(MESHES["perturbed"](step), FIXED).equations(permeability, source)
        flux, g = system.flux, system.flux.geometry
        given = (g.size * flux.conductance)[g.num_inner :] * flux.outer_value
        right = (g.volume * system.source).index_add(0, g.owner[g.num_inner :], given)
        u = torch.tensor(spsolve(flux.two_point().tocsc(), right.numpy()))
        error.append(float(torch.sqrt(g.volume @ (u - exact(g.centroid)) ** 2)))
    assert observed_order(h, error) < 1
    assert error[-1] > 50 * errors(MESHES["perturbed"](h[-1]), FIXED)[0]


def test_exact_flux_through_the_boundary_is_approached() -> None:
    # What leaves through the whole boundary of a domain is the integral of the source: here through one side only.
    y = (np.arange(4000) + 0.5) / 4000
    side = torch.tensor(np.stack([np.ones_like(y), y], axis=1))
    wanted = -float((permeability(side) * slope(side)[0]).mean())
    found = [
        float(Diffusion(shapes.square(h), FIXED).solve(permeability, source).flux["right"]) for h in (1 / 12, 1 / 48)
    ]
    assert abs(found[1] - wanted) < 0.3 * abs(found[0] - wanted)
    assert abs(found[1] - wanted) < 5e-3 * abs(wanted)
