"""The same sample told otherwise: cut finer, made coarser, meshed anew, renumbered, moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from gno.errors import ConfigError
from gno.mesh import Mesh, refine
from gno.mesh.coarsening import coarsen
from gno.mesh.interpolation import Interpolation
from gno.mesh.transfer import cell_means

RENUMBERED, SHIFTED, COARSER, REMESHED, FINER, FINEST = (
    "renumbered",
    "shifted",
    "coarser, edges twice as long",
    "meshed anew, edges as long",
    "finer, edges half as long",
    "finer, edges a quarter as long",
)
"""Names of the variations."""
EXACT = (RENUMBERED, SHIFTED)
"""Those under which nothing but rounding may change."""
_SHIFT = 3.0
"""Of the size of the mesh."""


@dataclass(frozen=True, eq=False)
class Variation:
    """Another mesh of the same domain, with the same inputs.

    Args:
        name: what was done.
        mesh: the other mesh.
        nodes: those of it where fields are compared.
        expected: from values at the nodes of the sample's own mesh to those that are expected there.
    """

    name: str
    mesh: Mesh
    nodes: Int[np.ndarray, " compared"]
    expected: Callable[[np.ndarray], np.ndarray]


def variations(mesh: Mesh, *, seed: int = 0) -> list[Variation]:
    """What can be done to a mesh without another solution.

    Inputs are functions of space: linear in the cells where they stand at the nodes, and means over the cells where
    they stand in those. Of a mesh in 3-D only what leaves its cells as they are; of one too small, nothing coarser.

    Args:
        mesh: with inputs; fields that it has beside go along.
        seed: of the order and of the meshes.

    Example:
        >>> from gno.mesh import shapes
        >>> [v.mesh.num_points for v in variations(shapes.square(0.1, kind="structured"))]
        [121, 121, 30, 121, 441, 1681]
    """
    found = [_renumbered(mesh, seed), _shifted(mesh)]
    if mesh.dim != 2:
        return found
    twice = refine(mesh, 2)
    for name, source, nodes in ((COARSER, mesh, mesh.num_points // 4), (REMESHED, twice, mesh.num_points)):
        try:
            found.append(_transferred(name, mesh, coarsen(source, nodes, seed=seed + 1)))
        except ConfigError:  # its boundary takes all these nodes
            continue
    own = np.arange(mesh.num_points)
    finer = [(FINER, twice), (FINEST, refine(twice, 2))]
    return found + [Variation(name, fine, own, lambda values: values) for name, fine in finer]


def _renumbered(mesh: Mesh, seed: int) -> Variation:
    rng = np.random.default_rng(seed)
    order = rng.permutation(mesh.num_points)
    place = np.argsort(order)
    rows = {kind: rng.permutation(len(cells)) for kind, cells in mesh.cells.items()}
    starts = np.cumsum([0, *(len(cells) for cells in mesh.cells.values())])
    cells = np.concatenate([start + row for start, row in zip(starts, rows.values())])
    moved = Mesh(
        mesh.points[order],
        {kind: place[mesh.cells[kind][row]] for kind, row in rows.items()},
        {name: place[facets] for name, facets in mesh.boundary.items()},
        {name: values[order] for name, values in mesh.point_data.items()},
        {name: values[cells] for name, values in mesh.cell_data.items()},
    )
    return Variation(RENUMBERED, moved, np.arange(mesh.num_points), lambda values: values[order])


def _shifted(mesh: Mesh) -> Variation:
    step = _SHIFT * np.ptp(mesh.points, axis=0).max() * np.linspace(1.0, 0.5, mesh.dim)
    moved = Mesh(mesh.points + step, mesh.cells, mesh.boundary, mesh.point_data, mesh.cell_data)
    return Variation(SHIFTED, moved, np.arange(mesh.num_points), lambda values: values)


def _transferred(name: str, mesh: Mesh, other: Mesh) -> Variation:
    """The fields of a mesh on another one of the same domain."""
    at = Interpolation.of(mesh, other.points)
    point = {key: at(values) for key, values in mesh.point_data.items()}
    cell = {key: cell_means(mesh, values, other) for key, values in mesh.cell_data.items()}
    return Variation(name, other.with_data(point, cell), np.arange(other.num_points), at)
