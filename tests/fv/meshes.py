"""Small meshes of every kind with names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from gno.mesh import Mesh, shapes
from tests.mesh.conftest import UNIT_CELL, box_of_hexahedra, box_of_many_kinds, one_cell


def plate(noise: float = 0.04) -> Mesh:
    """Two quads and four triangles in the plane, two of them in no patch."""
    points = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1], [0.5, 1.75], [1.5, 1.75]])
    points = points + noise * np.random.default_rng(0).standard_normal(points.shape)
    quads, triangles = np.array([[0, 1, 4, 3], [1, 2, 5, 4]]), np.array([[3, 4, 6], [4, 5, 7], [4, 7, 6]])
    return Mesh(points, {"quad": quads, "triangle": triangles}, {"bottom": np.array([[1, 2], [0, 1]])})


MESHES = {
    "triangles": shapes.square(0.3, seed=3),
    "perturbed": shapes.square(0.25, kind="perturbed", seed=3),
    "quads": shapes.square(0.34, kind="quad"),
    "mixed": plate(),
    "tets": shapes.cube(0.5),
    "hexes": shapes.cube(0.5, kind="hexahedron"),
    "warped": box_of_hexahedra(2, noise=0.2),
    "many kinds": box_of_many_kinds(noise=0.03),
}
TINY = {kind: one_cell(kind, noise=0.04, seed=2) for kind in UNIT_CELL} | {
    "mixed": plate(),
    "many kinds": box_of_many_kinds(noise=0.03),
}


def renumbered(mesh: Mesh, seed: int) -> tuple[Mesh, Tensor, Tensor]:
    """The mesh with nodes and cells in another order, and which node and cell of the first each of them was."""
    rng = np.random.default_rng(seed)
    old_node = rng.permutation(mesh.num_points)
    number = np.append(np.argsort(old_node), -1)  # the last one is for -1, a corner that is not there
    cells, old_cell, first = {}, [], 0
    for kind, nodes in mesh.cells.items():
        order = rng.permutation(len(nodes))
        cells[kind] = number[nodes[order]]
        old_cell.append(first + order)
        first += len(nodes)
    boundary = {name: number[facets] for name, facets in mesh.boundary.items()}
    return Mesh(mesh.points[old_node], cells, boundary), torch.tensor(old_node), torch.tensor(np.concatenate(old_cell))


def linear(dim: int) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """A linear field, and its slope."""
    slope = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)[:dim]
    return lambda x: 3 + x @ slope, slope
