"""Order of the diffusion solver with tensors, mixed conditions, and distorted cells of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import grad, jacrev, vmap

from gno.fv import Condition, Diffusion, Dirichlet, Neumann, Robin
from gno.mesh import Mesh, shapes

TRANSFER = 3.0


def field(x: Tensor) -> Tensor:
    """Of one point: smooth, and nowhere symmetric."""
    waves = torch.sin(1.5 * x[0] + 0.3) * torch.cos(x[1])
    return waves + x[0] * x[1] + (0.5 * x[2:] ** 2 + x[2:] * x[0]).sum()


def tensor(x: Tensor) -> Tensor:
    """A permeability of one point that is up to five times larger along one direction than across it."""
    way = torch.stack([torch.cos(x[0] + x[1]), torch.sin(x[0] + x[1]), *(0.5 + 0 * x[2:])])
    return torch.eye(len(x), dtype=x.dtype) + (3 + x[0]) * way[:, None] * way


def through(x: Tensor) -> Tensor:
    """``K grad u`` of one point."""
    return tensor(x) @ grad(field)(x)


def source(x: Tensor) -> Tensor:
    return -jacrev(through)(x).diagonal().sum() + 0.5 * field(x)


def flux(axis: int, sign: float) -> Callable[[Tensor], Tensor]:
    return lambda x: sign * vmap(through)(x)[:, axis]


BOUNDARY: dict[str, Condition] = {
    "left": Neumann(flux(0, -1.0)),
    "top": Robin(TRANSFER, lambda x: vmap(field)(x) + flux(1, 1.0)(x) / TRANSFER),
    "*": Dirichlet(vmap(field)),
}


def error(mesh: Mesh) -> tuple[float, float]:
    """L2 error of the field and of its gradient."""
    problem = Diffusion(mesh, BOUNDARY if mesh.boundary else {"*": BOUNDARY["*"]})
    solution = problem.solve(vmap(tensor), vmap(source), reaction=0.5)
    g = problem.mesh.geometry()
    slope = ((solution.gradient - vmap(grad(field))(g.centroid)) ** 2).sum(1)
    return tuple(float(torch.sqrt(g.volume @ off)) for off in ((solution.u - vmap(field)(g.centroid)) ** 2, slope))


def distorted(mesh: Mesh, reach: float) -> Mesh:
    """Inner nodes moved at random, and all of them smoothly within the square or cube."""
    points, rng = mesh.points.copy(), np.random.default_rng(3)
    inner = ((points > 1e-9) & (points < 1 - 1e-9)).all(axis=1)
    points[inner] += rng.uniform(-reach, reach, (int(inner.sum()), mesh.dim))
    points[:, 0] += 0.06 * np.sin(2 * math.pi * points[:, 0]) * np.sin(math.pi * points[:, 1])
    return Mesh(points, mesh.cells, mesh.boundary)


def mixed(n: int) -> Mesh:
    """Quadrilaterals on the left, triangles on the right."""
    mesh = shapes.square(1 / n, kind="quad")
    quads = mesh.cells["quad"]
    right = mesh.points[quads, 0].mean(1) > 0.5
    halves = np.concatenate([quads[right][:, [0, 1, 2]], quads[right][:, [0, 2, 3]]])
    return Mesh(mesh.points, {"quad": quads[~right], "triangle": halves}, mesh.boundary)


def many_kinds(n: int) -> Mesh:
    """Cubes of six pyramids on the left, then hexahedra, then pairs of wedges."""
    mesh = shapes.cube(1 / n, kind="hexahedron")
    hexes = mesh.cells["hexahedron"]
    x = mesh.points[hexes, 0].mean(1)
    left, right = hexes[x < 1 / 3], hexes[x > 2 / 3]
    apex = len(mesh.points) + np.arange(len(left))[:, None]
    sides = ([0, 1, 2, 3], [4, 7, 6, 5], [0, 4, 5, 1], [3, 2, 6, 7], [1, 5, 6, 2], [0, 3, 7, 4])
    pyramids = np.concatenate([np.hstack([left[:, side], apex]) for side in sides])
    wedges = np.concatenate([right[:, [0, 1, 2, 4, 5, 6]], right[:, [0, 2, 3, 4, 6, 7]]])
    points = np.concatenate([mesh.points, mesh.points[left].mean(1)])
    cells = {"pyramid": pyramids, "hexahedron": hexes[(x > 1 / 3) & (x < 2 / 3)], "wedge": wedges}
    return Mesh(points, cells)


TRIANGLES, QUADS = (lambda n, kind=kind: shapes.square(1 / n, kind=kind) for kind in ("structured", "quad"))


@pytest.mark.parametrize("mesh", [TRIANGLES, QUADS, mixed], ids=["triangles", "quads", "mixed"])
def test_second_order_in_two_dimensions(mesh: Callable[[int], Mesh]) -> None:
    n = np.array([12, 24, 48])
    errors = np.array([error(distorted(mesh(k), 0.18 / k)) for k in n])
    order, of_gradient = -np.polyfit(np.log(n), np.log(errors), 1)[0]
    print(f"\norder {order:.2f}, of the gradient {of_gradient:.2f}")
    assert order >= 1.9
    assert of_gradient >= 0.95
    assert errors[-1, 0] < 0.6 / n[-1] ** 2


@pytest.mark.parametrize(
    ("mesh", "n"),
    [
        (lambda n: shapes.cube(1 / n), (12, 18)),
        (lambda n: shapes.cube(1 / n, kind="hexahedron"), (16, 24)),
        (many_kinds, (12, 18)),
    ],
    ids=["tets", "hexes", "many kinds"],
)
def test_second_order_in_three_dimensions(mesh: Callable[[int], Mesh], n: tuple[int, int]) -> None:
    # In space the order grows to two from below: on tetrahedra it is 1.8 from n = 6 to 12.
    errors = np.array([error(distorted(mesh(k), 0.12 / k)) for k in n])
    order, of_gradient = np.log(errors[0] / errors[1]) / np.log(n[1] / n[0])
    print(f"\norder {order:.2f}, of the gradient {of_gradient:.2f}")
    assert order >= 1.9
    assert of_gradient >= 0.95
    assert errors[-1, 0] < 0.8 / n[-1] ** 2
