"""Squares and rectangles, by triangles or quads, structured or not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from gno.errors import ConfigError
from gno.mesh.mesh import Mesh
from gno.mesh.shapes.block import edges_along
from gno.mesh.shapes.delaunay import triangulate
from gno.mesh.shapes.outline import Points, straight_loop
from gno.mesh.shapes.target import Size, check_edge_length

KINDS = ("delaunay", "structured", "perturbed", "quad")
"""Kinds of meshes of a rectangle."""
SIDES = ("bottom", "right", "top", "left")
"""Sides of a rectangle, counter-clockwise from the origin."""


def square(
    edge_length: float, *, side: float = 1.0, kind: str = "delaunay", seed: int = 0, size: Size | None = None
) -> Mesh:
    """Square ``(0, side)^2`` with the patches ``left``, ``right``, ``bottom`` and ``top``.

    Args:
        edge_length: target edge length; between the grid lines, for kinds other than ``delaunay``.
        side: length of a side.
        kind: ``delaunay`` (unstructured triangles), ``structured`` (grid squares cut in two), ``perturbed`` (the same
            with inner nodes moved at random by up to a quarter of the edge length), ``quad`` (grid squares).
        seed: another seed, another mesh, for ``delaunay`` and ``perturbed``.
        size: target edge lengths ``(n,)`` at points ``(n, 2)``, bounded by ``edge_length``; for ``delaunay``.

    Raises:
        ConfigError: an edge length, side or kind that cannot be.

    Example:
        >>> square(0.25, kind="quad")
        Mesh(2-D, 25 points, 16 quad; boundary: left (4), right (4), bottom (4), top (4))
    """
    check_length("side", side)
    return rectangle(edge_length, side, side, kind=kind, seed=seed, size=size)


def rectangle(
    edge_length: float,
    width: float,
    height: float,
    *,
    kind: str = "delaunay",
    seed: int = 0,
    size: Size | None = None,
) -> Mesh:
    """Rectangle ``(0, width) x (0, height)`` with the patches ``left``, ``right``, ``bottom`` and ``top``.

    Args:
        edge_length: target edge length.
        width: length along x.
        height: length along y.
        kind: as for ``square``.
        seed: as for ``square``.
        size: as for ``square``.

    Raises:
        ConfigError: an edge length, width, height or kind that cannot be.

    Example:
        >>> rectangle(0.5, 2.0, 1.0, kind="structured")
        Mesh(2-D, 15 points, 16 triangle; boundary: left (2), right (2), bottom (4), top (4))
    """
    if kind not in KINDS:
        raise ConfigError(f"kind is {kind!r}", why=f"known kinds: {', '.join(KINDS)}")
    check_length("width", width)
    check_length("height", height)
    if kind == "delaunay":
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
        mesh = triangulate([straight_loop(corners, SIDES)], edge_length, size=size, seed=seed)
        return Mesh(mesh.points, mesh.cells, {name: mesh.boundary[name] for name in ("left", "right", "bottom", "top")})
    check_edge_length(edge_length, min(width, height))
    if size is not None:
        raise ConfigError(f"size is given for kind {kind!r}", why="a grid is not graded", fix='take kind="delaunay"')
    return _grid(edge_length, (width, height), kind, seed)


def check_length(name: str, length: float) -> None:
    """Refuse a length that is not finite and positive."""
    if not (math.isfinite(length) and length > 0):
        raise ConfigError(f"{name} is {length}", why="it must be finite and larger than 0")


def _grid(edge_length: float, lengths: Sequence[float], kind: str, seed: int) -> Mesh:
    nx, ny = (max(1, round(length / edge_length)) for length in lengths)
    x, y = np.meshgrid(np.linspace(0, lengths[0], nx + 1), np.linspace(0, lengths[1], ny + 1))
    points = np.column_stack([x.ravel(), y.ravel()])
    node = np.arange(len(points)).reshape(ny + 1, nx + 1)
    quads = np.stack([node[:-1, :-1], node[:-1, 1:], node[1:, 1:], node[1:, :-1]], -1).reshape(-1, 4)
    sides = {"left": node[::-1, 0], "right": node[:, -1], "bottom": node[0], "top": node[-1, ::-1]}
    boundary = edges_along(sides)
    if kind == "quad":
        return Mesh(points, {"quad": quads}, boundary)
    if kind == "perturbed":
        points = _moved(points, node[1:-1, 1:-1].ravel(), 0.25 * min(lengths[0] / nx, lengths[1] / ny), seed)
    return Mesh(points, {"triangle": _halves(points, quads)}, boundary)


def _moved(points: Points, inner: Int[np.ndarray, " inner"], reach: float, seed: int) -> Points:
    rng = np.random.default_rng(seed)
    radius, angle = reach * np.sqrt(rng.random(len(inner))), 2 * np.pi * rng.random(len(inner))
    points = points.copy()
    points[inner] += radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points


def _halves(points: Points, quads: Int[np.ndarray, "quads 4"]) -> Int[np.ndarray, "triangles 3"]:
    """Two triangles for each quad, cut along the shorter diagonal; along the rising one where they are equal."""
    a, b, c, d = points[quads].transpose(1, 0, 2)
    rising = np.hypot(*(c - a).T) <= np.hypot(*(d - b).T) * (1 + 1e-9)
    first = np.where(rising[:, None], quads[:, [0, 1, 2]], quads[:, [0, 1, 3]])
    second = np.where(rising[:, None], quads[:, [0, 2, 3]], quads[:, [1, 2, 3]])
    return np.stack([first, second], 1).reshape(-1, 3)
