"""The multilevel graph: a hierarchy as graph data, which PyG puts into batches level by level."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import DataError
from gno.graph.data import GraphData, attributes
from gno.graph.hierarchy import Hierarchy
from gno.mesh.geometry import node_volume
from gno.mesh.mesh import Mesh
from gno.typing import Points

_TAKEN = re.compile(r"node_volume|(nodes|intra|restrict|prolong|volume)_\d+")


class MultilevelData(GraphData):
    """A graph on nested levels.

    Each level ``l`` has ``nodes_l``, ``intra_l``, ``volume_l``, and all but the last ``restrict_l`` and ``prolong_l``.
    ``nodes_l`` holds numbers among all nodes; ``intra_l``, ``restrict_l`` (to level ``l + 1``) and ``prolong_l``
    (from level ``l + 1``) are edges in the numbering of the levels. In a batch every level is numbered through all
    graphs, so that a batch is one graph of more nodes.

    Example:
        >>> from gno.graph import Hierarchy, multilevel_graph
        >>> from torch_geometric.data import Batch
        >>> x = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(x, Hierarchy.build(x, ratio=3, num_levels=2))
        >>> Batch.from_data_list([graph, graph]).nodes_1.shape
        torch.Size([20])
    """

    @property
    def num_levels(self) -> int:
        """Number of levels, level 0 included; in a batch, of each graph."""
        return sum(f"nodes_{level}" in self for level in range(len(self.keys())))

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        """What is added to ``key`` for each graph before this one in a batch."""
        name, _, level = key.rpartition("_")
        if not level.isdecimal():
            return super().__inc__(key, value, *args, **kwargs)
        if name == "nodes":
            return self.num_nodes
        if name == "intra":
            return self._size(int(level))
        if name in ("restrict", "prolong"):
            ends = [self._size(int(level)), self._size(int(level) + 1)]
            return torch.tensor(ends if name == "restrict" else ends[::-1]).view(2, 1)
        return super().__inc__(key, value, *args, **kwargs)

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        """The axis along which ``key`` is put together in a batch."""
        name, _, level = key.rpartition("_")
        if level.isdecimal() and name in ("intra", "restrict", "prolong"):
            return -1
        return super().__cat_dim__(key, value, *args, **kwargs)

    def _size(self, level: int) -> int:
        return int(self[f"nodes_{level}"].numel())


def multilevel_graph(
    mesh_or_points: Mesh | Points | Float[Tensor, "nodes dim"],
    hierarchy: Hierarchy,
    *,
    dtype: torch.dtype | None = None,
    **attrs: Any,
) -> MultilevelData:
    """The graph of a hierarchy, with the weights of every level and the fields of the nodes.

    Args:
        mesh_or_points: mesh, or coordinates ``(nodes, dim)``; points without a mesh weigh ``1 / nodes`` each, unless
            ``node_volume`` is among ``attrs``. The point data of a mesh become attributes.
        hierarchy: built from the same points.
        dtype: of floating-point numbers; torch's default type without it.
        **attrs: further attributes; the first axis of a tensor counts what it belongs to.

    Returns:
        Attributes ``pos (nodes, dim)``, ``node_volume (nodes,)`` and those of ``MultilevelData``.

    Raises:
        DataError: a hierarchy of other points, or a field whose name is taken.

    Example:
        >>> x = torch.rand(30, 2, dtype=torch.float64)
        >>> graph = multilevel_graph(x, Hierarchy.build(x, spacing=(0.5,)), u=torch.zeros(30))
        >>> graph.num_levels, graph.pos.shape, graph.u.shape
        (2, torch.Size([30, 2]), torch.Size([30]))
    """
    mesh = mesh_or_points if isinstance(mesh_or_points, Mesh) else None
    points = torch.as_tensor(mesh_or_points if mesh is None else mesh.points)
    if len(points) != hierarchy.num_nodes[0]:
        raise DataError(f"the hierarchy has {hierarchy.num_nodes[0]} points", why=f"the graph has {len(points)}")
    given = attrs.pop("node_volume", None)
    fields = {**(mesh.point_data if mesh is not None else {}), **attrs}
    if given is None:
        given = node_volume(mesh) if mesh is not None else np.full(len(points), 1 / max(len(points), 1))
    volume = torch.as_tensor(given)
    levels: dict[str, Any] = {"pos": points, "node_volume": volume}
    for level, weights in enumerate(hierarchy.volumes(volume)):
        levels[f"nodes_{level}"] = hierarchy.nodes[level]
        levels[f"intra_{level}"] = hierarchy.intra[level]
        levels[f"volume_{level}"] = weights
    for level, (down, up) in enumerate(zip(hierarchy.restrict, hierarchy.prolong)):
        levels[f"restrict_{level}"], levels[f"prolong_{level}"] = down, up
    return MultilevelData(**attributes(levels, dtype=dtype), **attributes(fields, reserved=_TAKEN, dtype=dtype))
