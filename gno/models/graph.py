"""The graph of a mesh as an operator's network takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gno.errors import ConfigError, DataError, MeshError
from gno.graph.edges import mesh_edges
from gno.graph.hierarchy import Hierarchy
from gno.graph.multilevel import MultilevelData, multilevel_graph
from gno.mesh.faces import outer_nodes
from gno.mesh.geometry import cell_volume, node_volume
from gno.mesh.mesh import Mesh
from gno.models.boundary_distance import boundary_distance
from gno.models.coarse_graph import coarse_fields
from gno.models.solver_corrector import SolverCorrector

if TYPE_CHECKING:
    from gno.models.operator import Operator


def graph_of(operator: Operator, mesh: Mesh) -> MultilevelData:
    """The graph of a mesh, as of ``Operator.graph``.

    Args:
        operator: whose network is to take it.
        mesh: with the input fields in its point or cell data.

    Raises:
        DataError: a mesh of another dimension or without cells, or without an input field.
        MeshError: a cell that is inverted.
    """
    geometry = operator.geometry
    _check(mesh, geometry.dim)
    away = torch.from_numpy(boundary_distance(mesh))
    edge = torch.zeros(mesh.num_points, dtype=away.dtype)
    edge[torch.from_numpy(outer_nodes(mesh))] = 1.0
    features = {"boundary_distance": away / geometry.scale, "is_boundary": edge}
    values = [channel.values(mesh) for channel in operator.inputs]
    x = [channel.encode(v) for channel, v in zip(operator.inputs, values)]
    x += [features[name][:, None] for name in geometry.features if name in features]
    fields: dict[str, Any] = {"x": torch.cat(x, dim=1) if x else away.new_zeros(mesh.num_points, 0)}
    if all(channel.spec.name in {*mesh.point_data, *mesh.cell_data} for channel in operator.targets):
        fields["y"] = torch.cat([channel.encode(channel.values(mesh)) for channel in operator.targets], dim=1)
    if isinstance(operator.network, SolverCorrector):
        fields |= coarse_fields(operator, mesh, operator.factor(away, edge))
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
        dtype=next(operator.network.parameters()).dtype,
        node_volume=node_volume(mesh),
        boundary_distance=away,
        is_boundary=edge,
        **fields,
    )
    graph.pos = torch.from_numpy(mesh.points)
    if not has_radius:
        graph.edge_index = mesh_edges(mesh)
    params = [v[:1] for channel, v in zip(operator.inputs, values) if channel.per_sample]
    if params:
        graph.params = torch.cat(params, dim=1)
    return graph


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
