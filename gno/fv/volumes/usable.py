"""Whether cells can be used: refused are those that are inverted, flat or bent."""

from __future__ import annotations

import torch
from torch import Tensor

from gno.errors import MeshError
from gno.fv.volumes.geometry import Geometry

_FLAT = 1e-12
"""A centroid nearer to a plane of a face than this times its distance from the face's center lies in it."""


def check_cells(geometry: Geometry) -> None:
    """Refuse cells whose centroid does not lie on the inner side of each of their faces.

    Args:
        geometry: of cells.

    Raises:
        MeshError: the number of the first such cell, and what is wrong with it.
    """
    g = geometry
    bad = ~(g.volume > 0)
    bad[g.owner[_outside(g.depth, g.to_owner)]] = True
    bad[g.neighbor[_outside(g.depth_neighbor, g.to_neighbor)]] = True
    _refuse(bad, g.volume)


def check_dual(geometry: Geometry, cell_volume: Tensor) -> None:
    """Refuse cells and dual cells without volume.

    Args:
        geometry: of the dual.
        cell_volume: volume of the cells of the mesh itself.

    Raises:
        MeshError: the number of the first such cell or node, and what is wrong with it.
    """
    _refuse(~(cell_volume > 0), cell_volume)
    bad = ~(geometry.volume > 0)
    if bad.any():
        node = int(bad.int().argmax())
        volume = float(geometry.volume[node])
        raise MeshError(
            f"the dual cell of node {node} has volume {volume:.3g}",
            why="no cell uses the node" if volume == 0 else "the cells at it are bent",
            fix="leave the node out" if volume == 0 else "run gno check on the mesh, and mesh that place anew",
        )


def _outside(depth: Tensor, away: Tensor) -> Tensor:
    return ~(depth > _FLAT * torch.linalg.vector_norm(away, dim=1))


def _refuse(bad: Tensor, volume: Tensor) -> None:
    if not bad.any():
        return
    cell = int(bad.int().argmax())
    v = float(volume[cell])
    if v != v:
        why = "a coordinate of its corners is not finite"
    elif v < 0:
        why = f"it is inverted: its volume is {v:.3g}"
    else:
        why = "it is flat" if v == 0 else "it is flat, or so bent that its centroid lies outside"
    raise MeshError(
        f"{int(bad.sum())} cells cannot be used: the first is cell {cell}",
        why=why,
        fix="run gno check on the mesh, and mesh that place anew",
    )
