"""The mesher: triangles of a target edge length that fill an outline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError

from gno.errors import MeshError
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.front import clear_of, fill
from gno.mesh.shapes.outline import Loop, Outline, Points, Side
from gno.mesh.shapes.relax import Triangles, areas, relax
from gno.mesh.shapes.target import Size, Target

Nodes = Int[np.ndarray, " _"]
_ROUNDS = 12
_SPLITS = 30


def triangulate(loops: Sequence[Loop], edge_length: float, *, size: Size | None = None, seed: int = 0) -> Mesh:
    """Mesh of Delaunay triangles inside loops of sides, one patch for each name.

    Args:
        loops: the outer loop counter-clockwise, those of holes clockwise; they do not cross or touch.
        edge_length: target edge length, and its upper bound where ``size`` is given.
        size: target edge length at points ``(n, 2)``; its growth is limited.
        seed: another seed, another mesh; the same seed, the same mesh bit for bit.

    Raises:
        ConfigError: an edge length or size that cannot be.
        MeshError: an outline that cannot be meshed.
    """
    rng = np.random.default_rng(seed)
    target = Target(edge_length, size, loops)
    outline = Outline(loops, [cut(side, target) for loop in loops for side in loop])
    points = fill(outline, target, rng)
    for number in range(_ROUNDS + 1):
        outline, points, triangles = conform(outline, points)
        if number < _ROUNDS:
            points = relax(outline, points, triangles, target, last=number >= _ROUNDS - 4)
    return to_mesh(outline, points, triangles)


def cut(side: Side, target: Target) -> Float[np.ndarray, " n"]:
    """Fractions of a side's length at which segments begin: evenly spaced when measured in target edge lengths."""
    count = 64
    while True:
        t = np.linspace(0, 1, count + 1)
        h = target(side.at((t[1:] + t[:-1]) / 2))
        if side.length / count <= 0.5 * h.min() or count > 1_000_000:
            break
        count = max(2 * count, int(2 * side.length / h.min()) + 1)
    steps = np.concatenate([[0.0], np.cumsum(side.length / count / h)])
    num = max(side.fewest, round(steps[-1]))
    return np.interp(np.arange(num) * (steps[-1] / num), steps, t)


def clip(outline: Outline, points: Points) -> tuple[Triangles, Bool[np.ndarray, " segments"]]:
    """Delaunay triangles inside the outline, and which segments are edges of the triangulation.

    A triangle is inside when it can be reached, without crossing a segment, from the left of one.

    Args:
        outline: the sides, cut into segments.
        points: points inside; the outline's own come before them in the numbering.
    """
    every = np.concatenate([outline.points, points])
    triangles = Delaunay(every - every[0]).simplices.astype(np.int64)
    begin, end = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    keys = _Keys(begin, end)
    twin, inner = keys.find(end, begin)
    left, found = keys.find(*outline.segments.T)
    right, outer = keys.find(*outline.segments[:, ::-1].T)
    inner[left[found]] = False
    inner[right[outer]] = False
    owner = np.arange(len(begin)) // 3
    graph = coo_array((np.ones(inner.sum()), (owner[inner], owner[twin[inner]])), shape=(len(triangles),) * 2)
    count, part = connected_components(graph, directed=False)
    inside = np.zeros(count, dtype=bool)
    inside[part[owner[left[found]]]] = True
    return triangles[inside[part]], found


class _Keys:
    """Directed edges, looked up by their two ends."""

    def __init__(self, begin: Nodes, end: Nodes) -> None:
        self._base = int(begin.max()) + 1
        keys = begin * self._base + end
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    def find(self, begin: Nodes, end: Nodes) -> tuple[Nodes, Bool[np.ndarray, " _"]]:
        """Number of the edge between these ends, and whether there is one."""
        keys = begin * self._base + end
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return self._order[place], self._keys[place] == keys


def conform(outline: Outline, points: Points) -> tuple[Outline, Points, Triangles]:
    """Split segments until each is an edge of the triangulation.

    Args:
        outline: the sides, cut into segments.
        points: points inside; those too close to a new segment go.

    Raises:
        MeshError: an outline that cannot be meshed.
    """
    for _ in range(_SPLITS):
        try:
            triangles, found = clip(outline, points)
        except QhullError as error:
            raise MeshError("the shape cannot be triangulated", why=str(error).splitlines()[0]) from error
        if found.all():
            used = np.zeros(len(outline.points) + len(points), dtype=bool)
            used[triangles] = True
            if used.all():
                return outline, points, triangles
            points = points[used[len(outline.points) :]]
        else:
            outline = outline.split(~found)
            points = points[clear_of(outline, points)]
    raise MeshError(
        f"{int((~found).sum())} segments of the outline are not edges of the mesh",
        why="sides come too close to each other or meet at too sharp an angle",
        fix="widen the gap, or take a smaller edge_length",
    )


def to_mesh(outline: Outline, points: Points, triangles: Triangles) -> Mesh:
    """The mesh of an outline and the triangles that fill it.

    Args:
        outline: the sides, cut into segments.
        points: points inside.
        triangles: nodes of the triangles, those of the outline first.

    Raises:
        MeshError: triangles that do not fill the outline.
    """
    every = np.concatenate([outline.points, points])
    area = areas(every[triangles])
    if not (area > 0).all() or abs(area.sum() - outline.area) > 1e-9 * outline.area:
        raise MeshError(
            "the triangles do not fill the outline",
            why=f"they cover {area.sum():.6g} of {outline.area:.6g}",
            fix="look for sides that touch or nearly touch",
        )
    order = np.lexsort(triangles[:, ::-1].T)
    return Mesh(every, {"triangle": triangles[order]}, outline.patches())
