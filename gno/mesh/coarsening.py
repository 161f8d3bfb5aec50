"""A coarser mesh of the same domain: some nodes of the boundary are kept, and those inside are spread anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve
from scipy.spatial import cKDTree

from gno.errors import ConfigError, MeshError
from gno.mesh.arcs import Arc, arcs
from gno.mesh.faces import edges, outer_nodes
from gno.mesh.geometry import cell_volume, node_volume
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.delaunay import conform, to_mesh
from gno.mesh.shapes.front import clear_of
from gno.mesh.shapes.outline import Curve, Outline, Points
from gno.mesh.shapes.relax import relax
from gno.mesh.shapes.target import Size
from gno.mesh.used import used_part

_ROUNDS = 16
_JITTER = 0.05
_GROWTH = 0.5


def coarsen(mesh: Mesh, num_nodes: int, *, keep: Mapping[str, int] | None = None, seed: int = 0) -> Mesh:
    r"""Triangles on about ``num_nodes`` nodes that fill the same domain, graded like the mesh.

    Nodes of the boundary are a choice of those of the mesh, more of them where it has more and where it turns, its
    corners (more than 40 degrees) and the ends of patches among them; patches keep their names. Nodes inside are
    picked from those of the mesh, each time the one farthest from all before in local edge lengths, and relaxed. Fields
    are left out.

    Args:
        mesh: a mesh in 2-D of any cells.
        num_nodes: number of nodes; reached but for a few where the triangulation needs another one on the boundary.
        keep: edges of some patches, instead of a share that follows from ``num_nodes``.
        seed: another seed, another mesh.

    Raises:
        ConfigError: too few nodes for the boundary, no fewer than the mesh has, or a patch that it has not.
        MeshError: a mesh in 3-D, an inverted cell, or a boundary that cannot be coarsened so far.

    Example:
        >>> from gno.mesh import shapes
        >>> coarse = coarsen(shapes.square(0.05), 60)
        >>> coarse.num_points, list(coarse.boundary)
        (60, ['left', 'right', 'bottom', 'top'])
    """
    if mesh.dim != 2:
        raise MeshError("the mesh is 3-D", why="only 2-D meshes are coarsened", fix="make a coarser one with a mesher")
    mesh, _ = used_part(mesh)
    if (cell_volume(mesh) <= 0).any():
        raise MeshError(f"cell {int(cell_volume(mesh).argmin())} is inverted", why="its domain is not defined")
    if num_nodes < 1:
        raise ConfigError(f"num_nodes is {num_nodes}", why="it must be 1 or more")
    if num_nodes >= mesh.num_points:
        raise ConfigError(f"num_nodes is {num_nodes}", why=f"the mesh has {mesh.num_points} nodes already")
    rng = np.random.default_rng(seed)
    loops = arcs(mesh)
    outline = _outline(loops, _counts(mesh, [arc for loop in loops for arc in loop], num_nodes, keep or {}))
    size = _size(mesh, outline)
    points = _spread(mesh, outline, num_nodes - len(outline.points), size, rng)
    for number in range(_ROUNDS + 1):
        outline, points, triangles = conform(outline, points)
        if number < _ROUNDS and len(points):
            points = relax(outline, points, triangles, size, last=True)
    coarse = to_mesh(outline, points, triangles)
    return Mesh(coarse.points, coarse.cells, {name: coarse.boundary[name] for name in mesh.boundary})


def _counts(mesh: Mesh, every: Sequence[Arc], num_nodes: int, keep: Mapping[str, int]) -> list[int]:
    """Edges of each arc: as many times fewer as the lengths inside get longer, or as they are asked for."""
    for name in set(keep) - set(mesh.boundary):
        raise ConfigError(f"keep names {name!r}", why=f"the patches are {', '.join(mesh.boundary) or 'none'}")
    on_patch = {name: sum(arc.num_edges for arc in every if arc.patch == name) for name in {a.patch for a in every}}
    outer = sum(on_patch.values())
    inner = mesh.num_points - outer
    # inner * share^2 + outer * share = num_nodes, with share the ratio of edges
    share = 2 * num_nodes / (outer + np.sqrt(outer**2 + 4 * inner * num_nodes))
    shares = {name: keep[name] / edges_ if name in keep else share for name, edges_ in on_patch.items()}
    counts = [int(np.clip(round(arc.num_edges * shares[arc.patch]), arc.fewest, arc.num_edges)) for arc in every]
    if sum(counts) > num_nodes:
        raise ConfigError(
            f"num_nodes is {num_nodes}",
            why=f"the boundary alone takes {sum(counts)}",
            fix=f"take {2 * sum(counts)} or more" + (", or keep fewer edges" if keep else ""),
        )
    return counts


def _outline(loops: Sequence[Sequence[Arc]], counts: Sequence[int]) -> Outline:
    """The boundary of the coarse mesh, cut at the nodes that are kept; the loop with the largest area comes first."""
    count = iter(counts)
    cuts = [[arc.thinned(next(count))[:-1] / arc.num_edges for arc in loop] for loop in loops]
    parts = [Outline([[_curve(arc) for arc in loop]], cuts_) for loop, cuts_ in zip(loops, cuts)]
    parts.sort(key=lambda part: -part.area)
    return Outline([part.sides for part in parts], [cut for part in parts for cut in part.cuts])


def _curve(arc: Arc) -> Curve:
    knots = np.arange(arc.num_edges + 1) / arc.num_edges
    return Curve(arc.patch, lambda t: np.column_stack([np.interp(t, knots, x) for x in arc.points.T]), knots=knots)


def _size(mesh: Mesh, outline: Outline) -> Size:
    """Edge length in the coarse mesh, up to a constant factor.

    On the boundary it is that of the segments; inside, its ratio to the edge length of the mesh is as smooth as can be.
    """
    fine = np.sqrt(2 / np.sqrt(3) * node_volume(mesh))
    outer = outer_nodes(mesh)
    _, nearest = cKDTree(outline.middles).query(mesh.points[outer])
    log_ratio = _harmonic(mesh, outer, np.log(outline.lengths[nearest] / fine[outer]))
    h, tree = _graded(mesh, fine * np.exp(log_ratio)), cKDTree(mesh.points)

    def size(x: np.ndarray) -> np.ndarray:
        away, near = tree.query(x, k=3)
        weight = 1 / (away + 1e-9 * h[near])
        return np.asarray(np.exp((weight * np.log(h[near])).sum(1) / weight.sum(1)))

    return size


def _harmonic(mesh: Mesh, nodes: Int[np.ndarray, " outer"], values: Float[np.ndarray, " outer"]) -> np.ndarray:
    """Values at all nodes, each inside the mean of its neighbors', from those at some nodes."""
    i, j = edges(mesh).T
    around = coo_array((np.ones(2 * len(i)), (np.append(i, j), np.append(j, i))), shape=(mesh.num_points,) * 2).tocsr()
    inside = np.setdiff1d(np.arange(mesh.num_points), nodes)
    result = np.zeros(mesh.num_points)
    result[nodes] = values
    if len(inside):
        degree = around.sum(1)[inside]
        matrix = -around[inside][:, inside].tocsc()
        matrix.setdiag(degree)
        result[inside] = spsolve(matrix, around[inside][:, nodes] @ values)
    return result


def _graded(mesh: Mesh, h: Float[np.ndarray, " nodes"]) -> Float[np.ndarray, " nodes"]:
    """The largest lengths below these that grow along edges by no more than ``_GROWTH`` per distance."""
    i, j = edges(mesh).T
    step = _GROWTH * np.hypot(*(mesh.points[i] - mesh.points[j]).T)
    while True:
        limited = h.copy()
        np.minimum.at(limited, i, h[j] + step)
        np.minimum.at(limited, j, h[i] + step)
        if np.array_equal(limited, h):
            return h
        h = limited


def _spread(mesh: Mesh, outline: Outline, count: int, size: Size, rng: np.random.Generator) -> Points:
    """Nodes of the mesh inside the outline, each one the farthest from all before in target edge lengths."""
    inner = np.setdiff1d(np.arange(mesh.num_points), outer_nodes(mesh))
    points = mesh.points[inner]
    points = points[outline.contains(points)]
    points = points[clear_of(outline, points)]
    chosen = np.zeros(min(count, len(points)), dtype=np.int64)
    if len(chosen) == 0:
        return points[:0]
    h = size(points) * (1 + _JITTER * rng.uniform(-1, 1, len(points)))
    away = np.asarray(cKDTree(outline.points).query(points)[0]) / h
    for number in range(len(chosen)):
        chosen[number] = np.argmax(away)
        away = np.minimum(away, np.hypot(*(points - points[chosen[number]]).T) / h)
    return points[chosen]
