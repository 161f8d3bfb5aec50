"""Blocks of quads: lines of nodes beside each other, level over level."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Complex, Int

from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part


def block(
    z: Complex[np.ndarray, "levels lines"], node: Int[np.ndarray, "levels _"], patches: Mapping[str, np.ndarray]
) -> Mesh:
    """The mesh of a block of quads; nodes that none of them uses are left out.

    Args:
        z: coordinates ``x + i y``.
        node: numbers of the corners, those of ``z`` by levels: levels outward, lines counter-clockwise; a line that
            stands twice closes a ring.
        patches: patch name to the nodes along it.
    """
    points = np.column_stack([z.real.ravel(), z.imag.ravel()])
    quads = np.stack([node[:-1, :-1], node[1:, :-1], node[1:, 1:], node[:-1, 1:]], axis=-1).reshape(-1, 4)
    return used_part(Mesh(points, {"quad": quads}, edges_along(patches)))[0]


def edges_along(patches: Mapping[str, np.ndarray]) -> dict[str, Int[np.ndarray, "edges 2"]]:
    """Edges of each patch, from one of its nodes to the next."""
    return {name: np.column_stack([line[:-1], line[1:]]) for name, line in patches.items()}
