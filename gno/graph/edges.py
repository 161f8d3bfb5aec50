"""Edges of meshes and point sets: ``[source; target]`` in both directions, sorted by target."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.mesh.faces import edges, faces
from gno.mesh.mesh import Mesh
from gno.ops.index import sort_edges
from gno.ops.neighbors import nearest_pairs, radius_pairs


def mesh_edges(mesh: Mesh) -> Int[Tensor, "2 edges"]:
    """Sides of the cells: nodes are joined as they are in the mesh.

    Args:
        mesh: any mesh; a node without cells gets no edge.

    Example:
        >>> import numpy as np
        >>> from gno.mesh import Mesh
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> mesh_edges(mesh)
        tensor([[1, 2, 0, 2, 0, 1],
                [0, 0, 1, 1, 2, 2]])
    """
    return _both(torch.from_numpy(edges(mesh)))


def cell_dual(mesh: Mesh) -> Int[Tensor, "2 edges"]:
    """Cells that share a face, numbered as in the mesh.

    Args:
        mesh: any mesh; a cell without neighbors gets no edge.

    Example:
        >>> import numpy as np
        >>> from gno.mesh import Mesh
        >>> corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> cell_dual(Mesh(corners, {"triangle": np.array([[0, 1, 2], [0, 2, 3]])}))
        tensor([[1, 0],
                [0, 1]])
    """
    shared = faces(mesh)
    inner = shared.neighbor >= 0
    pairs = torch.stack([torch.from_numpy(end[inner]) for end in (shared.owner, shared.neighbor)], dim=1)
    return _both(pairs)


def radius_edges(
    points: Float[Tensor, "nodes dim"],
    radius: float | int,
    *,
    period: Sequence[float | int] | None = None,
    self_loops: bool = False,
) -> Int[Tensor, "2 edges"]:
    r"""All pairs of points within a radius, however many.

    .. math::
        \{(j, i) : |x_j - x_i| \le r\}

    Args:
        points: coordinates ``(nodes, dim)``.
        radius: largest distance, inclusive.
        period: length of the periodic box along each axis, 0 where it is not periodic; distances are to the nearest
            image.
        self_loops: keep the edge of each node to itself.

    Raises:
        ConfigError: a radius or period that cannot be.
        DataError: points that are not finite.

    Example:
        >>> radius_edges(torch.tensor([[0.0, 0.0], [0.9, 0.0], [0.5, 0.5]]), 0.2, period=(1.0, 1.0))
        tensor([[1, 0],
                [0, 1]])
    """
    pairs = radius_pairs(points, points, radius, period=period)
    return pairs if self_loops else pairs[:, pairs[0] != pairs[1]]


def nearest_edges(
    points: Float[Tensor, "nodes dim"], k: int, *, period: Sequence[float | int] | None = None, symmetric: bool = True
) -> Int[Tensor, "2 edges"]:
    """The ``k`` nearest other points of each point.

    Args:
        points: coordinates ``(nodes, dim)``.
        k: neighbors of each node.
        period: length of the periodic box along each axis, 0 where it is not periodic.
        symmetric: join two nodes in both directions if either is among the nearest of the other; without it each
            node has exactly ``k`` incoming edges.

    Raises:
        ConfigError: ``k`` below 1, or a period that cannot be.
        DataError: fewer than ``k + 1`` points, or points that are not finite.

    Example:
        >>> nearest_edges(torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]), 1)
        tensor([[1, 0, 2, 1],
                [0, 1, 1, 2]])
    """
    if k < 1:
        raise ConfigError(f"k is {k}", why="a node needs at least one neighbor")
    if not len(points):
        return torch.zeros(2, 0, dtype=torch.int64, device=points.device)
    if len(points) <= k:
        raise DataError(f"{k} neighbors asked of {len(points)} points", fix=f"take k <= {len(points) - 1}")
    pairs = nearest_pairs(points, points, k + 1, period=period)
    source, target = pairs.view(2, len(points), k + 1)
    drop = source == target
    # Among more than k coincident points a node can miss itself: it leaves out one of the others instead.
    drop[:, -1] |= ~drop.any(1)
    found = torch.stack([source[~drop], target[~drop]])
    return _both(found.T) if symmetric else found


def _both(pairs: Int[Tensor, "pairs 2"]) -> Int[Tensor, "2 edges"]:
    one, other = pairs.to(torch.int64).unbind(1)
    return sort_edges(torch.cat([one, other]), torch.cat([other, one]))
