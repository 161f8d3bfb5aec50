"""The boundary of a mesh in 2-D as arcs: smooth, of one patch, from corner to corner."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from gno.errors import MeshError
from gno.mesh.faces import faces, patch_faces
from gno.mesh.mesh import Mesh

SHARP = np.radians(40)
"""A corner turns by more than this."""
_WIDEST = np.radians(60)
_CURVED = 0.5
"""Edges that follow the turns of an arc, for one that follows its own."""


@dataclass(frozen=True, eq=False)
class Arc:
    """Edges of a mesh's boundary one after another, the mesh on their left.

    Args:
        patch: name of the patch; empty where the edges belong to none.
        nodes: node numbers; the last one is the first where the arc closes in itself.
        points: their coordinates.
    """

    patch: str
    nodes: Int[np.ndarray, " nodes"]
    points: Float[np.ndarray, "nodes 2"]

    @property
    def num_edges(self) -> int:
        """Number of edges."""
        return len(self.nodes) - 1

    @cached_property
    def turns(self) -> Float[np.ndarray, " inner"]:
        """Angle by which the arc turns at each node between its ends."""
        return abs(_turns(np.diff(self.points, axis=0))[:-1])

    @property
    def fewest(self) -> int:
        """Edges that it takes to look like the arc: none turns by more than 60 degrees."""
        least = 3 if self.nodes[0] == self.nodes[-1] else 1
        return min(self.num_edges, max(least, int(np.ceil(self.turns.sum() / _WIDEST - 1e-9))))

    def thinned(self, count: int) -> Int[np.ndarray, " kept"]:
        """Places of the nodes that ``count`` edges join: more of them where the arc has more, and where it turns."""
        dense = np.full(self.num_edges, 1 / self.num_edges)
        turn = np.concatenate([[0.0], self.turns, [0.0]])
        if turn.sum() > SHARP:
            dense += _CURVED * (turn[1:] + turn[:-1]) / 2 / turn.sum()
        along, step = np.concatenate([[0.0], np.cumsum(_shared_out(dense, count))]), np.arange(count + 1)
        place = np.interp(step, along, np.arange(len(along))).round().astype(np.int64)
        place = np.maximum.accumulate(place - step) + step  # two halves may have been rounded to the same node
        return np.minimum(place, self.num_edges - count + step)


def arcs(mesh: Mesh) -> list[list[Arc]]:
    """Loops of arcs along the whole boundary of a mesh, the mesh on their left.

    Args:
        mesh: a mesh in 2-D.

    Raises:
        MeshError: a boundary that touches itself in a node.

    Example:
        >>> points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
        >>> [[len(arc.nodes) for arc in loop] for loop in arcs(Mesh(points, {"quad": np.array([[0, 1, 2, 3]])}))]
        [[2, 2, 2, 2]]
    """
    every = faces(mesh)
    outer = np.flatnonzero(every.neighbor < 0)
    begin, end = every.nodes[outer].T
    if len(np.unique(begin)) < len(begin):
        node = int(np.bincount(begin).argmax())
        raise MeshError(f"the boundary touches itself in node {node}", why="a boundary is simple loops")
    name = np.full(len(every), "", dtype=object)
    for patch, numbers in patch_faces(mesh).items():
        name[numbers] = patch
    after = dict(zip(begin.tolist(), zip(end.tolist(), name[outer].tolist())))
    loops = []
    while after:
        first = next(iter(after))
        nodes, names = [first], []
        while nodes[-1] in after:
            node, patch = after.pop(nodes[-1])
            nodes.append(node)
            names.append(patch)
        loops.append(_split(mesh, np.array(nodes[:-1]), np.array(names, dtype=object)))
    return loops


def _split(mesh: Mesh, nodes: Int[np.ndarray, " n"], names: np.ndarray) -> list[Arc]:
    """A loop cut at its corners: sharp turns and ends of patches."""
    points = mesh.points[nodes]
    turns = np.roll(_turns(np.roll(points, -1, axis=0) - points), 1)
    corners = np.flatnonzero((abs(turns) > SHARP) | (names != np.roll(names, 1)))
    if len(corners) == 0:
        corners = np.array([np.argmin(nodes)])
    ends = np.append(corners[1:], corners[0] + len(nodes))
    places = [np.arange(a, b + 1) % len(nodes) for a, b in zip(corners, ends)]
    return [Arc(str(names[place[0]]), nodes[place], points[place]) for place in places]


def _shared_out(dense: Float[np.ndarray, " edges"], count: int) -> Float[np.ndarray, " edges"]:
    """Parts of ``count`` in proportion to a density; none is larger than 1, and what it leaves goes to the others."""
    whole = np.zeros(len(dense), dtype=bool)
    while True:
        part = np.where(whole, 1.0, dense * ((count - whole.sum()) / dense[~whole].sum()))
        if not (part > 1 + 1e-9).any():
            return part
        whole |= part > 1 + 1e-9


def _turns(steps: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
    """Angle from each step to the next; from the last one to the first."""
    direction = steps @ [1, 1j]
    return np.angle(np.roll(direction, -1) * direction.conj())
