"""The median dual of a mesh: a finite volume about each node, cut at the middles of edges, faces and cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.fv.volumes.cells import Cells
from gno.fv.volumes.geometry import Geometry
from gno.fv.volumes.usable import check_dual
from gno.mesh import Mesh, faces

# How far, from the node to the middle of a facet, a linear field is taken for its flux out of the domain: with fluxes
# through inner faces taken at the middles of the edges, the balance of a linear field is then exact on simplices, and
# at the node itself it is on boxes.
_LEAN = {"triangle": 1 / 3, "tetra": 3 / 8}


@dataclass(frozen=True, eq=False)
class Sides:
    """Sides of faces, walked with the owner's normal towards the viewer; in 2-D a face is its only side.

    Args:
        face: the face ``(sides,)`` of each side.
        here: the node at which it begins.
        after: the node at which it ends.
        edge: the edge along it.
        sign: 1 where it runs from the edge's lower node to the upper, else -1.
    """

    face: Int[Tensor, " sides"]
    here: Int[Tensor, " sides"]
    after: Int[Tensor, " sides"]
    edge: Int[Tensor, " sides"]
    sign: Float[Tensor, " sides"]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Outer dual faces: each facet of the boundary is shared out among its corners.

    Args:
        node: the corner ``(pieces,)`` of each piece.
        facet: the face of the mesh that it is part of.
        lean: how far its center lies from the node to the middle of the facet.
        side: the sides ``(outer sides,)`` of all facets.
        at_ends: ``(2, outer sides)``: the pieces at the beginning and at the end of each side.
    """

    node: Int[Tensor, " pieces"]
    facet: Int[Tensor, " pieces"]
    lean: Float[Tensor, " pieces"]
    side: Int[Tensor, " outer"]
    at_ends: Int[Tensor, "2 outer"]

    def area(
        self, along: Float[Tensor, "sides dim"], inward: Float[Tensor, "sides dim"]
    ) -> Float[Tensor, "pieces dim"]:
        """Area vectors: the two nodes of a side share what lies at it."""
        along, inward = along[self.side], inward[self.side]
        part = _turn(along) / 2 if along.shape[1] == 2 else torch.linalg.cross(along, inward) / 4
        area = part.new_zeros(len(self.facet), part.shape[1])
        return area.index_add(0, self.at_ends[0], part).index_add(0, self.at_ends[1], part)


@dataclass(frozen=True, eq=False)
class MedianDual:
    r"""Which nodes span the dual of a mesh; called with their coordinates it gives the geometry.

    Its cells are the nodes of the mesh; its inner faces the edges, with the pieces between the middles of the edge,
    of the faces at it and of the cells at it; its outer faces the parts of the facets of the boundary that are nearest
    to each corner.

    Args:
        primal: the cells of the mesh.
        corners: of the faces of the mesh ``(faces, corners)``.
        weight: of each corner in the middle of its face; 0 where there is none.
        sides: of those faces.
        pieces: the outer faces of the dual.
        owner: the node of each dual face: the lower one of each edge, then those of the pieces.
        neighbor: the upper node of each edge.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [3, 0], [0, 2]]), {"triangle": np.array([[0, 1, 2]])})
        >>> MedianDual.of(mesh)(torch.tensor(mesh.points)).volume.tolist()
        [1.0, 1.0, 1.0]
    """

    primal: Cells
    corners: Int[Tensor, "faces corners"]
    weight: Float[Tensor, "faces corners"]
    sides: Sides
    pieces: Pieces
    owner: Int[Tensor, " dual"]
    neighbor: Int[Tensor, " edges"]

    @classmethod
    def of(cls, mesh: Mesh) -> MedianDual:
        """The dual of a mesh; its cells are numbered as the nodes are."""
        nodes = faces(mesh).nodes
        there = nodes >= 0
        face, corner, next_corner = _sides(there, mesh.dim)
        here, after = nodes[face, corner], nodes[face, next_corner]
        low, high = np.minimum(here, after), np.maximum(here, after)
        key, edge = np.unique(low * mesh.num_points + high, return_inverse=True)
        sides = Sides(*(torch.tensor(t) for t in (face, here, after, edge, np.where(here < after, 1.0, -1.0))))
        pieces = _pieces(mesh, face, np.stack([corner, next_corner]))
        weight = torch.tensor(there / there.sum(axis=1, keepdims=True))
        owner = torch.cat([torch.tensor(key // mesh.num_points), pieces.node])
        neighbor = torch.tensor(key % mesh.num_points)
        return cls(Cells.of(mesh), torch.tensor(np.maximum(nodes, 0)), weight, sides, pieces, owner, neighbor)

    def __call__(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        r"""Volumes and areas.

        The pieces at the side of a face between the cells P and N, whose middles are :math:`c`, make

        .. math::
            S = \tfrac{1}{2} (m_\mathrm{face} - m_\mathrm{side}) \times (c_N - c_P), \qquad
            V_i = \frac{1}{2 d} \sum_{\mathrm{edges}\ ij} S_{ij} \cdot (x_j - x_i)

        Args:
            points: coordinates of the nodes ``(nodes, dim)``.
        """
        middle = (self.weight[..., None] * points[self.corners]).sum(1)
        along = points[self.sides.after] - points[self.sides.here]
        inward = middle[self.sides.face] - points[self.sides.here] - along / 2
        inner = self._inner_area(points, middle, inward)
        low, high, node = self.owner[: len(self.neighbor)], self.neighbor, self.pieces.node

        part = (inner * (points[high] - points[low])).sum(1) / (2 * points.shape[1])
        volume = torch.zeros_like(points[:, 0]).index_add(0, low, part).index_add(0, high, part)
        lean = points[node] + self.pieces.lean[:, None] * (middle[self.pieces.facet] - points[node])
        center = torch.cat([(points[low] + points[high]) / 2, lean])
        area = torch.cat([inner, self.pieces.area(along, inward)])
        return Geometry(self.owner, self.neighbor, volume, points, area, center, torch.zeros_like(inner))

    def _inner_area(self, points: Tensor, middle_of_face: Tensor, inward: Tensor) -> Tensor:
        """Area vectors of the walls at the edges, out of the lower node."""
        middle, p, n = self.primal.middle(points), self.primal.owner, self.primal.neighbor
        beyond = torch.cat([middle[n], middle_of_face[len(n) :]])  # the walls of an outer face end in it
        across = (beyond - middle[p])[self.sides.face]
        wall = -_turn(across) if points.shape[1] == 2 else torch.linalg.cross(inward, across) / 2
        area = points.new_zeros(len(self.neighbor), points.shape[1])
        return area.index_add(0, self.sides.edge, self.sides.sign[:, None] * wall)

    def check(self, points: Float[Tensor, "nodes dim"]) -> Geometry:
        """The geometry; coordinates that leave a cell or a dual cell without volume are refused, by its number."""
        geometry = self(points)
        check_dual(geometry, self.primal(points).volume)
        return geometry

    def pieces_of(self, facets: np.ndarray) -> np.ndarray:
        """Numbers of the outer dual faces that make up some outer faces of the mesh."""
        return len(self.neighbor) + np.flatnonzero(np.isin(self.pieces.facet.numpy(), facets))


def _sides(there: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Face of every side, and the corners where it begins and ends."""
    face, corner = np.nonzero(there) if dim == 3 else (np.arange(len(there)), np.zeros(len(there), dtype=np.int64))
    return face, corner, (corner + 1) % there.sum(axis=1)[face]


def _pieces(mesh: Mesh, face: np.ndarray, ends: np.ndarray) -> Pieces:
    """Outer dual faces, from the faces of all sides and the corners at their ends."""
    nodes, outer = faces(mesh).nodes, faces(mesh).neighbor < 0
    facet, corner = np.nonzero((nodes >= 0) & outer[:, None])
    number = np.full(nodes.shape, -1)
    number[facet, corner] = np.arange(len(facet))
    side = np.flatnonzero(outer[face])
    lean = np.repeat([_LEAN.get(kind, 0.0) for kind in mesh.cells], [len(c) for c in mesh.cells.values()])
    tables = nodes[facet, corner], facet, lean[faces(mesh).owner[facet]], side, number[face, ends][:, side]
    return Pieces(*(torch.tensor(t) for t in tables))


def _turn(v: Tensor) -> Tensor:
    """A plane vector turned by a right angle, clockwise."""
    return torch.stack([v[:, 1], -v[:, 0]], dim=1)
