"""The graph of a mesh as an operator's network takes it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gno.errors import ConfigError, DataError, MeshError
from gno.graph.edges import mesh_edges
from gno.graph.hierarchy import Hierarchy
from gno.graph.multilevel import MultilevelData, multilevel_graph
from gno.mesh.faces import outer_nodes
from gno.mesh.geometry import cell_volume, node_volume
from gno.mesh.mesh import Mesh
from gno.models.features.boundary_distance import boundary_distance
from gno.models.features.patch_distance import patch_distance
from gno.models.hybrids.cfd_gcn import CFDGCN
from gno.models.hybrids.solver_corrector import SolverCorrector
from gno.models.operator.coarse_cells import cells_graph, has_cells
from gno.models.operator.coarse_graph import coarse_fields

if TYPE_CHECKING:
    from gno.models.operator.operator import Operator


def graph_of(operator: Operator, mesh: Mesh, like: MultilevelData | None = None) -> MultilevelData:
    """The graph of a mesh, as of ``Operator.graph``.

    Args:
        operator: whose network is to take it.
        mesh: with the input fields in its point or cell data.
        like: a graph of the same mesh, whose levels and edges are taken.

    Raises:
        DataError: a mesh of another dimension or without cells, or without an input field or a patch that the network
            asks for, or of another shape than the coarse mesh of ``CFDGCN``; ``like`` of other nodes.
        MeshError: a cell that is inverted.
    """
    if has_cells(operator):
        return cells_graph(operator, mesh, like)
    if like is None:
        graph, features = _levels(operator, mesh)
    elif like.num_nodes == mesh.num_points:
        graph, features = copy.copy(like), like.x[:, operator.num_inputs :]
        if "y" in graph:
            del graph.y
    else:
        raise DataError(f"like has {like.num_nodes} nodes", why=f"the mesh has {mesh.num_points}", fix="leave it out")
    graph.update(_fields(operator, mesh, graph, features))
    return graph


def _fields(operator: Operator, mesh: Mesh, graph: MultilevelData, features: Tensor) -> dict[str, Tensor]:
    """What does depend on the fields, beside the geometric features of the nodes."""
    values = [channel.values(mesh) for channel in operator.inputs]
    x = [channel.encode(v).to(features.dtype) for channel, v in zip(operator.inputs, values)]
    fields = {"x": torch.cat([*x, features], dim=1)}
    if all(channel.spec.name in {*mesh.point_data, *mesh.cell_data} for channel in operator.targets):
        fields["y"] = torch.cat([channel.encode(channel.values(mesh)) for channel in operator.targets], dim=1)
    if isinstance(operator.network, SolverCorrector):
        factor = operator.factor(graph.boundary_distance, graph.is_boundary)
        fields |= coarse_fields(operator, mesh, factor.double())
    params = [v[:1] for channel, v in zip(operator.inputs, values) if channel.per_sample]
    if params:
        fields["params"] = torch.cat(params, dim=1)
    return {name: value if name == "params" else value.to(features.dtype) for name, value in fields.items()}


def _levels(operator: Operator, mesh: Mesh) -> tuple[MultilevelData, Tensor]:
    """What does not depend on the fields: the graph without them, and the geometric features of its nodes."""
    geometry, kind = operator.geometry, next(operator.network.parameters()).dtype
    _check(mesh, geometry.dim)
    if isinstance(operator.network, CFDGCN):
        operator.network.coarse.check(mesh)
    away = torch.tensor(boundary_distance(mesh))  # a copy: the distances are kept with the mesh
    edge = torch.zeros(mesh.num_points, dtype=away.dtype)
    edge[torch.from_numpy(outer_nodes(mesh))] = 1.0
    known = {"boundary_distance": away / geometry.scale, "is_boundary": edge}
    if geometry.patches:
        to_patches = torch.from_numpy(patch_distance(mesh, geometry.patches, geometry.period))
        known["patch_distance"] = to_patches / geometry.scale
    features = [known[name][:, None] for name in geometry.features if name in known]
    has_radius = getattr(operator.network, "edges", "radius") == "radius"
    if not has_radius and any(geometry.period):
        raise ConfigError(
            "a network on the edges of the mesh in a periodic box",
            why="the edges end at the faces of the box",
            fix='train it with edges = "radius", or another network',
        )
    graph = multilevel_graph(
        mesh.points,
        geometry.hierarchy(mesh.points) if has_radius else Hierarchy.build(mesh.points, spacing=(), radius=(0.0,)),
        dtype=kind,
        node_volume=node_volume(mesh),
        boundary_distance=away,
        is_boundary=edge,
    )
    graph.pos = torch.from_numpy(mesh.points)
    if not has_radius:
        graph.edge_index = mesh_edges(mesh)
    return graph, torch.cat([away.new_zeros(mesh.num_points, 0), *features], dim=1).to(kind)


def _check(mesh: Mesh, dim: int) -> None:
    if mesh.dim != dim:
        raise DataError(
            f"the mesh is {mesh.dim}-D", why=f"the model was trained on {dim}-D meshes", fix=f"give a {dim}-D mesh"
        )
    if mesh.num_cells == 0:
        raise DataError("the mesh has no cells", why="boundary and volumes come from them")
    inverted = cell_volume(mesh) < 0
    if inverted.any():
        raise MeshError(
            f"{int(inverted.sum())} of {mesh.num_cells} cells are inverted, the first: {int(np.argmax(inverted))}",
            why="volumes weigh the nodes, and theirs are negative",
            fix="put their nodes in order; gno.mesh.load does so for a mesh file",
        )
