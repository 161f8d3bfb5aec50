"""Small meshes with names: one cell of each type, distorted, and unit cubes cut up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gno.mesh import Mesh

UNIT_CELL = {
    "triangle": [[0, 0], [1, 0], [0, 1]],
    "quad": [[0, 0], [1, 0], [1, 1], [0, 1]],
    "tetra": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "pyramid": [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]],
    "wedge": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]],
    "hexahedron": [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]],
}
UNIT_VOLUME = {"triangle": 1 / 2, "quad": 1, "tetra": 1 / 6, "pyramid": 1 / 3, "wedge": 1 / 2, "hexahedron": 1}


def one_cell(kind: str, noise: float = 0.0, seed: int = 0) -> Mesh:
    """A single cell of a type, its corners moved at random."""
    points = np.array(UNIT_CELL[kind], dtype=np.float64)
    points += noise * np.random.default_rng(seed).standard_normal(points.shape)
    return Mesh(points, {kind: np.arange(len(points))[None]})


def box_of_hexahedra(n: int, noise: float = 0.0) -> Mesh:
    """The unit cube in n * n * n hexahedra, its inner nodes moved at random."""
    axis = np.linspace(0, 1, n + 1)
    points = np.array(list(itertools.product(axis, axis, axis)))
    inner = ((points > 0) & (points < 1)).all(axis=1)
    points[inner] += noise / n * np.random.default_rng(0).uniform(-1, 1, (int(inner.sum()), 3))
    number = np.arange((n + 1) ** 3).reshape(n + 1, n + 1, n + 1)
    corners = np.array(UNIT_CELL["hexahedron"])
    cells = [[number[i + a, j + b, k + c] for a, b, c in corners] for i, j, k in itertools.product(range(n), repeat=3)]
    return Mesh(points, {"hexahedron": np.array(cells)})


def box_of_many_kinds(noise: float = 0.0) -> Mesh:
    """A 3 x 1 x 1 box: a cube of pyramids and two tetrahedra about its center, a hexahedron, two wedges."""
    points = np.array([[x, y, z] for z in (0.0, 1.0) for y in (0.0, 1.0) for x in (0.0, 1.0, 2.0, 3.0)])
    points = np.concatenate([points, [[0.5, 0.5, 0.5]]])
    points = points + noise * np.random.default_rng(1).standard_normal(points.shape)
    cells = {
        "pyramid": [[0, 1, 5, 4, 16], [8, 12, 13, 9, 16], [0, 8, 9, 1, 16], [4, 5, 13, 12, 16], [1, 9, 13, 5, 16]],
        "tetra": [[0, 4, 12, 16], [0, 12, 8, 16]],
        "hexahedron": [[1, 2, 6, 5, 9, 10, 14, 13]],
        "wedge": [[2, 3, 7, 10, 11, 15], [2, 7, 6, 10, 15, 14]],
    }
    return Mesh(points, {kind: np.array(rows) for kind, rows in cells.items()})


@pytest.fixture(params=sorted(UNIT_CELL))
def kind(request: pytest.FixtureRequest) -> str:
    """Each cell type in turn."""
    return request.param
