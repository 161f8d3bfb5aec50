"""Graphs of meshes and point sets: edges, graph data, hierarchies; PyG is imported when graph data is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.graph.edges import cell_dual, mesh_edges, nearest_edges, radius_edges
from gno.graph.hierarchy import Hierarchy
from gno.lazy import lazily

if TYPE_CHECKING:
    from gno.graph.build import mesh_graph
    from gno.graph.data import GraphData
    from gno.graph.halo import part_of
    from gno.graph.multilevel import MultilevelData, multilevel_graph
    from gno.graph.parts import partition

_LAZY = {
    "GraphData": "gno.graph.data",
    "MultilevelData": "gno.graph.multilevel",
    "mesh_graph": "gno.graph.build",
    "multilevel_graph": "gno.graph.multilevel",
    "part_of": "gno.graph.halo",
    "partition": "gno.graph.parts",
}

__all__ = [
    "GraphData",
    "Hierarchy",
    "MultilevelData",
    "cell_dual",
    "mesh_edges",
    "mesh_graph",
    "multilevel_graph",
    "nearest_edges",
    "part_of",
    "partition",
    "radius_edges",
]

# Import graph data when it is first used.
__getattr__ = lazily(__name__, _LAZY)
