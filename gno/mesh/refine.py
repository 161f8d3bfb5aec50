"""A finer mesh of the same domain: every cell is cut into equal parts."""

from __future__ import annotations

import numpy as np

from gno.errors import ConfigError, MeshError
from gno.mesh.faces import edges
from gno.mesh.mesh import CORNERS, Mesh


def refine(mesh: Mesh, n: int) -> Mesh:
    """Each cell of a 2-D mesh cut into ``n * n`` of its kind, with edges ``n`` times shorter.

    The nodes of the mesh come first among those of the finer one, in the same order; cell ``c`` of a type becomes the
    cells ``c * n * n`` to ``(c + 1) * n * n - 1`` of that type. Patches are kept; point data are interpolated linearly,
    cell data repeated.

    Args:
        mesh: a mesh in 2-D.
        n: parts of each edge.

    Raises:
        ConfigError: ``n`` below 1.
        MeshError: a mesh in 3-D.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> refine(mesh, 3)
        Mesh(2-D, 10 points, 9 triangle; boundary: none)
    """
    if n < 1:
        raise ConfigError(f"n is {n}", why="an edge has at least one part")
    if mesh.dim != 2:
        raise MeshError("the mesh is 3-D", why="only 2-D cells are cut", fix="make a finer mesh with a mesher")
    numbering = _Numbering(mesh, n)
    cells, sources, fine_cells = {}, [], 0
    for kind, coarse in mesh.cells.items():
        lattice, weights = _LATTICE[kind](n)
        numbers = numbering.of_cells(coarse, weights)
        cells[kind] = numbers[:, lattice].reshape(-1, CORNERS[kind])
        sources.append(np.repeat(np.arange(fine_cells, fine_cells + len(coarse)), n * n))
        fine_cells += len(coarse)
    source = np.concatenate([np.zeros(0, dtype=np.int64), *sources])
    return Mesh(
        numbering.interpolated(mesh.points),
        cells,
        {name: numbering.of_facets(facets) for name, facets in mesh.boundary.items()},
        {name: numbering.interpolated(values) for name, values in mesh.point_data.items()},
        {name: values[source] for name, values in mesh.cell_data.items()},
    )


class _Numbering:
    """Numbers of fine nodes: those of the coarse mesh, then those on edges, then those inside cells."""

    def __init__(self, mesh: Mesh, n: int) -> None:
        self.n, self.num_points = n, mesh.num_points
        pairs = edges(mesh)
        self._key = pairs @ np.array([max(mesh.num_points, 1), 1])
        self.size = mesh.num_points + len(pairs) * (n - 1)
        part = np.arange(1, n) / n
        self._rows: list[tuple[np.ndarray, np.ndarray]] = [
            (np.repeat(pairs, n - 1, axis=0), np.tile(np.stack([1 - part, part], axis=1), (len(pairs), 1)))
        ]

    def of_cells(self, cells: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Numbers ``(cells, lattice)`` of the lattice points, given their weights ``(lattice, corners)``."""
        numbers = np.zeros((len(cells), len(weights)), dtype=np.int64)
        for column, weight in enumerate(weights):
            corners = np.flatnonzero(weight > 1e-12)
            if len(corners) == 1:
                numbers[:, column] = cells[:, corners[0]]
            elif len(corners) == 2:
                part = round(float(weight[corners[1]]) * self.n)
                numbers[:, column] = self.on_edge(cells[:, corners[0]], cells[:, corners[1]], part)
            else:
                numbers[:, column] = np.arange(self.size, self.size + len(cells))
                self._rows.append((cells, np.tile(weight, (len(cells), 1))))
                self.size += len(cells)
        return numbers

    def of_facets(self, facets: np.ndarray) -> np.ndarray:
        """The parts ``(n * facets, 2)`` of facets."""
        line = np.stack([self.on_edge(facets[:, 0], facets[:, 1], part) for part in range(self.n + 1)], axis=1)
        return np.stack([line[:, :-1], line[:, 1:]], axis=2).reshape(-1, 2)

    def on_edge(self, start: np.ndarray, end: np.ndarray, part: int) -> np.ndarray:
        """Numbers of the nodes ``part`` of ``n`` parts along edges from start to end."""
        if part in (0, self.n):
            return end if part else start
        low, high = np.minimum(start, end), np.maximum(start, end)
        edge = np.searchsorted(self._key, low * max(self.num_points, 1) + high)
        position = np.where(start == low, part, self.n - part)
        return self.num_points + edge * (self.n - 1) + position - 1

    def interpolated(self, values: np.ndarray) -> np.ndarray:
        """Values at all fine nodes from those at the coarse ones."""
        parts = [np.einsum("nk,nk...->n...", weights, values[nodes]) for nodes, weights in self._rows]
        return np.concatenate([values, *parts])


def _triangle_lattice(n: int) -> tuple[np.ndarray, np.ndarray]:
    index = {(i, j): k for k, (i, j) in enumerate((i, j) for j in range(n + 1) for i in range(n + 1 - j))}
    up = [(index[i, j], index[i + 1, j], index[i, j + 1]) for i, j in index if i + j < n]
    down = [(index[i + 1, j], index[i + 1, j + 1], index[i, j + 1]) for i, j in index if i + j < n - 1]
    weights = np.array([[n - i - j, i, j] for i, j in index]) / n
    return np.array(up + down), weights


def _quad_lattice(n: int) -> tuple[np.ndarray, np.ndarray]:
    index = {(i, j): k for k, (i, j) in enumerate((i, j) for j in range(n + 1) for i in range(n + 1))}
    inner = [(i, j) for i, j in index if i < n and j < n]
    cells = [(index[i, j], index[i + 1, j], index[i + 1, j + 1], index[i, j + 1]) for i, j in inner]
    weights = np.array([[(n - i) * (n - j), i * (n - j), i * j, (n - i) * j] for i, j in index]) / n**2
    return np.array(cells), weights


_LATTICE = {"triangle": _triangle_lattice, "quad": _quad_lattice}
