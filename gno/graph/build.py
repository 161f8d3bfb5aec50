"""The graph of a mesh: positions, edges with their offsets, volumes and fields."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError
from gno.graph.data import GraphData, attributes
from gno.graph.edges import cell_dual, mesh_edges, nearest_edges, radius_edges
from gno.mesh.geometry import cell_centroid, cell_volume, node_volume
from gno.mesh.mesh import Mesh
from gno.ops.period import minimum_image

_KINDS = ("mesh", "dual", "radius", "nearest")
_TAKEN = re.compile("node_volume")


def mesh_graph(
    mesh: Mesh,
    *,
    edges: str = "mesh",
    radius: float | int | None = None,
    k: int | None = None,
    period: Sequence[float | int] | None = None,
    self_loops: bool = False,
) -> GraphData:
    """One graph of a mesh, as PyG's layers take it.

    Args:
        mesh: any mesh.
        edges: ``"mesh"`` (sides of the cells), ``"dual"`` (cells that share a face; nodes are the cells),
            ``"radius"`` (all pairs within ``radius``) or ``"nearest"`` (``k`` nearest, both directions).
        radius: with ``edges="radius"``.
        k: with ``edges="nearest"``.
        period: length of the periodic box along each axis, 0 where it is not periodic; for ``"radius"`` and
            ``"nearest"``.
        self_loops: with ``edges="radius"``: keep the edge of each node to itself.

    Returns:
        ``pos (nodes, dim)``, ``edge_index (2, edges)`` sorted by target, ``edge_attr (edges, dim + 1)`` as of
        ``edge_offset``, ``node_volume (nodes,)`` (volumes of the cells for ``"dual"``), and each field of the nodes
        (of the cells for ``"dual"``) by its name; floating-point numbers in torch's default type.

    Raises:
        ConfigError: an unknown kind of edges, or an option that is missing or does not belong to it.
        DataError: a field whose name is taken.

    Example:
        >>> import numpy as np
        >>> from gno.mesh import Mesh
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> graph = mesh_graph(mesh)
        >>> graph.num_nodes, graph.num_edges, graph.edge_attr.shape
        (3, 6, torch.Size([6, 3]))
    """
    _check_options(edges, radius=radius, k=k, period=period, self_loops=self_loops or None)
    dual = edges == "dual"
    points = torch.from_numpy(cell_centroid(mesh) if dual else mesh.points)
    if edges == "radius" and radius is not None:
        index = radius_edges(points, radius, period=period, self_loops=self_loops)
    elif edges == "nearest" and k is not None:
        index = nearest_edges(points, k, period=period)
    else:
        index = cell_dual(mesh) if dual else mesh_edges(mesh)
    own = {
        "pos": points,
        "edge_index": index,
        "edge_attr": edge_offset(points, index, period=period),
        "node_volume": torch.from_numpy(cell_volume(mesh) if dual else node_volume(mesh)),
    }
    fields = attributes(mesh.cell_data if dual else mesh.point_data, reserved=_TAKEN)
    return GraphData(**attributes(own), **fields)


def edge_offset(
    points: Float[Tensor, "nodes dim"],
    edge_index: Int[Tensor, "2 edges"],
    *,
    period: Sequence[float | int] | None = None,
) -> Float[Tensor, "edges features"]:
    r"""Where the source of each edge lies as seen from its target, and how far.

    .. math::
        e_{ij} = (x_j - x_i,\; |x_j - x_i|)

    Args:
        points: coordinates ``(nodes, dim)``.
        edge_index: ``[source; target]`` ``(2, edges)``.
        period: length of the periodic box along each axis, 0 where it is not periodic; offsets are the shortest.

    Returns:
        ``(edges, dim + 1)``.

    Example:
        >>> edge_offset(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[1], [0]]))
        tensor([[3., 4., 5.]])
    """
    offset = minimum_image(points[edge_index[0]] - points[edge_index[1]], period)
    return torch.cat([offset, offset.norm(dim=1, keepdim=True)], dim=1)


def _check_options(edges: str, **options: object) -> None:
    if edges not in _KINDS:
        raise ConfigError(f"edges {edges!r} is unknown", why=f"kinds of edges: {', '.join(_KINDS)}")
    needed = {"radius": "radius", "nearest": "k"}.get(edges)
    if needed and options[needed] is None:
        raise ConfigError(f"edges {edges!r} without {needed}", why=f"{needed} says which nodes are joined")
    allowed = {"radius": {"radius", "period", "self_loops"}, "nearest": {"k", "period"}}.get(edges, set())
    wrong = [name for name, value in options.items() if value is not None and name not in allowed]
    if wrong:
        raise ConfigError(f"edges {edges!r} does not take {', '.join(wrong)}", fix="leave it out")
