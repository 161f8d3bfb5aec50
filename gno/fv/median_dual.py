"""The median dual of a mesh: a finite volume about each node, cut at the middles of edges, faces and cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.fv.cells import Cells
from gno.fv.geometry import Geometry
from gno.fv.usable import check_dual
from gno.mesh import Faces, Mesh, faces

# How far, from the node to the middle of a facet, a linear field is taken for its flux out of the domain: with fluxes
# through inner faces taken at the middles of the edges, the balance of a linear field is then exact on simplices, and
# at the node itself it is on boxes.
_LEAN = {"triangle": 1 / 3, "tetra": 3 / 8}


@dataclass(frozen=True, eq=False)
class Sides:
    """Sides of faces (in 2-D a face is its only side), walked with the owner's normal towards the viewer.

    Args:
        face: the face ``(sides,)`` of each side.
        here: the node at which it begins.
        after: the node at which it ends.
    """

    face: Int[Tensor, " sides"]
    here: Int[Tensor, " sides"]
    after: Int[Tensor, " sides"]


@dataclass(frozen=True, eq=False)
class MedianDual:
    r"""Which nodes span the dual of a mesh; called with their coordinates it gives the geometry.

    Its cells are the nodes of the mesh; its inner faces the edges, with the pieces between the middles of the edge,
    of the faces at it and of the cells at it; its outer faces the parts of the facets of the boundary that are nearest
    to each corner.

    Args:
        primal: the cells of the mesh.
        weight: of each corner in the middle of a face ``(faces, corners)``.
        nodes: those corners.
        sides: of all faces.
        edge: the edge ``(sides,)`` along each side.
        sign: 1 where the side runs from the edge's lower node to the upper, else -1.
        owner: the node of each dual face: the lower one of each edge, then those of the outer faces.
        neighbor: the upper node of each edge.
        outer: the sides of outer faces.
        piece: ``(2, outer sides)``: the outer dual face at the beginning of each of them, and at its end.
        facet: the face of each outer dual face.
        lean: how far its center lies from the node to the middle of the facet.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [3, 0], [0, 2]]), {"triangle": np.array([[0, 1, 2]])})
        >>> MedianDual.of(mesh)(torch.tensor(mesh.points)).volume.tolist()
        [1.0, 1.0, 1.0]
    """

    primal: Cells
    weight: Float[Tensor, "faces corners"]
    nodes: Int[Tensor, "faces corners"]
    sides: Sides
    edge: Int[Tensor, " sides"]
    sign: Float[Tensor, " sides"]
    owner: Int[Tensor, " dual"]
    neighbor: Int[Tensor, " edges"]
    outer: Int[Tensor, " outer"]
    piece: Int[Tensor, "2 outer"]
    facet: Int[Tensor, " pieces"]
    lean: Float[Tensor, " pieces"]

    @classmethod
    def of(cls, mesh: Mesh) -> MedianDual:
        """The dual of a mesh; its cells are numbered as the nodes are."""
        primal, all_faces = Cells.of(mesh), faces(mesh)
        side_face, corner, here, after, after_corner = _sides(all_faces, mesh.dim)
        ends = np.sort(np.stack([here, after]), axis=0)
        key, edge = np.unique(ends[0] * mesh.num_points + ends[1], return_inverse=True)

        there = all_faces.nodes >= 0
        facet, at = np.nonzero(there & (all_faces.neighbor < 0)[:, None])
        row = np.full(all_faces.nodes.shape, -1)
        row[facet, at] = np.arange(len(facet))
        outer = np.flatnonzero(all_faces.neighbor[side_face] < 0)
        piece = np.stack([row[side_face, corner], row[side_face, after_corner]])[:, outer]
        kinds = np.repeat([_LEAN.get(kind, 0.0) for kind in mesh.cells], [len(c) for c in mesh.cells.values()])

        tables = {
            "weight": there / there.sum(axis=1, keepdims=True),
            "nodes": np.maximum(all_faces.nodes, 0),
            "edge": edge,
            "sign": np.where(here < after, 1.0, -1.0),
            "owner": np.concatenate([key // mesh.num_points, all_faces.nodes[facet, at]]),
            "neighbor": key % mesh.num_points,
            "outer": outer,
            "piece": piece,
            "facet": facet,
            "lean": kinds[all_faces.owner[facet]],
        }
        sides = Sides(*(torch.tensor(t) for t in (side_face, here, after)))
        return cls(primal=primal, sides=sides, **{name: torch.tensor(t) for name, t in tables.items()})

    def __call__(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        r"""Volumes and areas.

        The pieces at the side of a face between the cells P and N, whose middles are :math:`c`, make

        .. math::
            S = \tfrac{1}{2} (m_\mathrm{face} - m_\mathrm{side}) \times (c_N - c_P), \qquad
            V_i = \frac{1}{2 d} \sum_{\mathrm{edges}\ ij} S_{ij} \cdot (x_j - x_i)

        Args:
            points: coordinates of the nodes ``(nodes, dim)``.
        """
        middle_of_face = (self.weight[..., None] * points[self.nodes]).sum(1)
        middle_of_cell = self.primal.middle(points)
        beyond = torch.cat([middle_of_cell[self.primal.neighbor], middle_of_face[len(self.primal.neighbor) :]])
        across = (beyond - middle_of_cell[self.primal.owner])[self.sides.face]
        along = points[self.sides.after] - points[self.sides.here]
        half = points[self.sides.here] + along / 2
        inward = middle_of_face[self.sides.face] - half

        wall = -_turn(across) if points.shape[1] == 2 else torch.linalg.cross(inward, across) / 2
        area = points.new_zeros(len(self.neighbor), points.shape[1])
        area = area.index_add(0, self.edge, self.sign[:, None] * wall)
        low, high = self.owner[: len(self.neighbor)], self.neighbor
        part = (area * (points[high] - points[low])).sum(1) / (2 * points.shape[1])
        volume = torch.zeros_like(points[:, 0]).index_add(0, low, part).index_add(0, high, part)

        node = self.owner[len(self.neighbor) :]
        lean = points[node] + self.lean[:, None] * (middle_of_face[self.facet] - points[node])
        center = torch.cat([(points[low] + points[high]) / 2, lean])
        area = torch.cat([area, self._outer_area(along, inward)])
        return Geometry(self.owner, self.neighbor, volume, points, area, center, torch.zeros_like(points[low]))

    def check(self, points: Float[Tensor, "nodes dim"]) -> None:
        """Refuse coordinates that leave a cell or a dual cell without volume, by its number."""
        check_dual(self(points), self.primal(points).volume)

    def pieces_of(self, facets: np.ndarray) -> np.ndarray:
        """Numbers of the outer dual faces that make up some outer faces of the mesh."""
        return len(self.neighbor) + np.flatnonzero(np.isin(self.facet.numpy(), facets))

    def _outer_area(self, along: Tensor, inward: Tensor) -> Tensor:
        """Area vectors of the outer dual faces: the two nodes of a side share what lies at it."""
        along, inward = along[self.outer], inward[self.outer]
        part = _turn(along) / 2 if along.shape[1] == 2 else torch.linalg.cross(along, inward) / 4
        area = part.new_zeros(len(self.facet), part.shape[1])
        return area.index_add(0, self.piece[0], part).index_add(0, self.piece[1], part)


def _sides(all_faces: Faces, dim: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Face, first corner, first node, second node and second corner of every side."""
    nodes = all_faces.nodes
    count = (nodes >= 0).sum(axis=1)
    face, corner = np.nonzero(nodes >= 0) if dim == 3 else (np.arange(len(nodes)), np.zeros(len(nodes), dtype=np.int64))
    after = (corner + 1) % count[face]
    return face, corner, nodes[face, corner], nodes[face, after], after


def _turn(v: Tensor) -> Tensor:
    """A plane vector turned by a right angle, clockwise."""
    return torch.stack([v[:, 1], -v[:, 0]], dim=1)
