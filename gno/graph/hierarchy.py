"""The hierarchy: nested levels of a point set, with the edges inside and between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.graph.sampling import SLACK, Limit, cover_subsets, farthest_subsets, spatial_order
from gno.ops.index import sort_edges
from gno.ops.neighbors import nearest_pairs, radius_pairs
from gno.ops.period import minimum_image
from gno.typing import Points

INTRA_FACTOR = 2.5
"""Default radius inside a level over its spacing: about ten neighbors in the plane."""
INTER_FACTOR = 1.5
"""Radius between two levels over the spacing of the coarser: a fine node has three or four coarse ones in the plane."""
_SAMPLERS = {"farthest": farthest_subsets, "aggregation": cover_subsets}


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Nested levels of a point set. Level 0 holds all points; each level is a subset of the one before.

    No node is left out: between two levels every node, fine or coarse, both sends and receives, in both directions.
    Levels are made with ``Hierarchy.build``. All edges are ``[source; target]``, sorted by target, in the numbering
    of their own level.

    Args:
        nodes: of each level, the numbers ``(n_l,)`` of its nodes among all points, ascending.
        intra: of each level, edges ``(2, edges)`` inside it, self-loops included.
        restrict: of each level but the last, edges ``(2, edges)`` from it to the next coarser one.
        prolong: of each level but the last, edges ``(2, edges)`` to it from the next coarser one.
        parent: of each level but the last, the nearest node ``(n_l,)`` of the next coarser one.
        spacing: of each level, the distance within which it covers the points; of level 0, the median distance to
            the nearest point.
        radius: of each level, the radius of its ``intra`` edges.

    Example:
        >>> x = torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        >>> levels = Hierarchy.build(x, spacing=(0.2, 0.4))
        >>> levels.num_levels, levels.num_nodes[0]
        (3, 200)
    """

    nodes: tuple[Tensor, ...]
    intra: tuple[Tensor, ...]
    restrict: tuple[Tensor, ...]
    prolong: tuple[Tensor, ...]
    parent: tuple[Tensor, ...]
    spacing: tuple[float, ...]
    radius: tuple[float, ...]

    @classmethod
    def build(
        cls,
        points: Points | Float[Tensor, "nodes dim"],
        *,
        spacing: Sequence[float | int] | None = None,
        ratio: float | int | None = None,
        num_levels: int | None = None,
        method: str = "farthest",
        radius: Sequence[float | int] | None = None,
        seed: int = 0,
        period: Sequence[float | int] | None = None,
    ) -> Hierarchy:
        """Choose the nodes of every level and connect them.

        With ``spacing`` the coarse levels depend on the shape of the domain and not on how finely it is sampled. They
        never depend on how the points are numbered, nor on where the set stands as a whole.

        Args:
            points: coordinates ``(nodes, dim)``.
            spacing: physical spacing of each coarser level, ascending: points of a level are at least that far
                apart and cover all points within it.
            ratio: instead of ``spacing``: nodes of a level over nodes of the next.
            num_levels: with ``ratio``: number of levels, level 0 included (default 3).
            method: ``"farthest"`` (farthest-point sampling) or ``"aggregation"`` (greedy cover; for many points).
            radius: physical radius of the edges inside each level, level 0 included; default 2.5 spacings.
            seed: of the choice; the same seed gives the same levels.
            period: length of the periodic box along each axis, 0 where it is not periodic.

        Raises:
            ConfigError: options that contradict each other or cannot be.
            DataError: points that are not finite.

        Example:
            >>> x = np.random.default_rng(0).random((64, 2))
            >>> [len(n) for n in Hierarchy.build(x, ratio=4, num_levels=3).nodes]
            [64, 16, 4]
        """
        x = torch.as_tensor(points).detach().to("cpu", torch.float64)
        limits = _limits(len(x), spacing, ratio, num_levels)
        if method not in _SAMPLERS:
            raise ConfigError(f"method {method!r} is unknown", why=f"methods: {', '.join(_SAMPLERS)}")
        if radius is not None and len(radius) != len(limits) + 1:
            raise ConfigError(
                f"{len(radius)} radii for {len(limits) + 1} levels", why="each level, 0 included, needs a radius"
            )
        own = _median_spacing(x, period)
        subsets = _SAMPLERS[method](x.numpy(), limits, seed=seed, period=period)
        nodes = [torch.arange(len(x)), *map(torch.from_numpy, subsets)]
        rank = torch.from_numpy(spatial_order(x.numpy())).argsort()
        parent = [_parents(x, rank, fine, coarse, period) for fine, coarse in pairwise(nodes)]
        spaces = [own]
        for limit, level in zip(limits, nodes[1:]):
            spaces.append(limit.spacing or max(spaces[-1], _cover(x, level, period)))
        radii = [float(r) for r in radius] if radius is not None else [INTRA_FACTOR * s for s in spaces]
        intra = [radius_pairs(x[level], x[level], r, period=period) for level, r in zip(nodes, radii)]
        restrict = [
            _between(x[fine], x[coarse], up, INTER_FACTOR * s, period)
            for fine, coarse, up, s in zip(nodes, nodes[1:], parent, spaces[1:])
        ]
        prolong = [sort_edges(edges[1], edges[0]) for edges in restrict]
        edges = (tuple(intra), tuple(restrict), tuple(prolong))
        return cls(tuple(nodes), *edges, tuple(parent), tuple(spaces), tuple(radii))

    @property
    def num_levels(self) -> int:
        """Number of levels, level 0 included."""
        return len(self.nodes)

    @property
    def num_nodes(self) -> tuple[int, ...]:
        """Number of nodes of each level."""
        return tuple(len(level) for level in self.nodes)

    def volumes(self, node_volume: Float[Tensor, " nodes"] | Float[np.ndarray, " nodes"]) -> list[Tensor]:
        """Quadrature weights of each level: a node gives its volume to the nearest node of the next level.

        Args:
            node_volume: volumes ``(nodes,)`` of all points.

        Returns:
            Of each level ``(n_l,)``; every level sums to the same total.

        Raises:
            DataError: not one volume a point.

        Example:
            >>> levels = Hierarchy.build(torch.rand(50, 2), ratio=5, num_levels=2)
            >>> [round(float(v.sum()), 6) for v in levels.volumes(torch.full((50,), 0.02))]
            [1.0, 1.0]
        """
        volume = torch.as_tensor(node_volume)
        if len(volume) != len(self.nodes[0]):
            raise DataError(f"{len(volume)} volumes for {len(self.nodes[0])} points", why="each point needs one")
        levels = [volume.to(torch.float64)]
        for parent, coarse in zip(self.parent, self.nodes[1:]):
            levels.append(levels[-1].new_zeros(len(coarse)).index_add(0, parent, levels[-1]))
        return [level.to(volume.dtype) for level in levels]

    def __repr__(self) -> str:
        edges = ", ".join(str(e.shape[1]) for e in self.intra)
        return f"Hierarchy({', '.join(map(str, self.num_nodes))} nodes; {edges} edges)"


def _limits(
    num_points: int, spacing: Sequence[float | int] | None, ratio: float | int | None, num_levels: int | None
) -> list[Limit]:
    if (spacing is None) == (ratio is None):
        raise ConfigError("spacing and ratio are both given or both missing", why="one of them sets the levels")
    if spacing is not None:
        if num_levels is not None and num_levels != len(spacing) + 1:
            raise ConfigError(f"num_levels is {num_levels}", why=f"{len(spacing)} spacings make {len(spacing) + 1}")
        ascending = all(a <= b for a, b in pairwise(spacing))
        if not ascending or not all(math.isfinite(s) and s > 0 for s in spacing):
            raise ConfigError(f"spacing is {tuple(spacing)}", why="it must be positive and ascend, finest level first")
        return [Limit(float(s), num_points) for s in spacing]
    levels = 3 if num_levels is None else num_levels
    if ratio is None or not (math.isfinite(ratio) and ratio >= 1) or levels < 1:
        raise ConfigError(f"ratio is {ratio}, num_levels {levels}", why="neither can be below 1")
    counts = [num_points]
    for _ in range(levels - 1):
        counts.append(math.ceil(counts[-1] / ratio))
    return [Limit(0.0, count) for count in counts[1:]]


def _median_spacing(x: Tensor, period: Sequence[float | int] | None) -> float:
    if len(x) < 2:
        return 0.0
    source, target = nearest_pairs(x, x, 2, period=period)
    away = _distance(x[source] - x[target], period).view(-1, 2).amax(1)
    return float(away.median())


def _cover(x: Tensor, level: Tensor, period: Sequence[float | int] | None) -> float:
    if not len(level):
        return 0.0
    source, target = nearest_pairs(x, x[level], 1, period=period)
    return float(_distance(x[level][source] - x[target], period).max())


def _parents(
    x: Tensor, rank: Tensor, fine: Tensor, coarse: Tensor, period: Sequence[float | int] | None
) -> Int[Tensor, " fine"]:
    """The nearest coarse node of each fine one; of equally near ones the first in space, as everywhere."""
    k = min(2 ** x.shape[1], len(coarse))  # as many as are equally near on a lattice
    if not len(fine):
        return fine
    near = nearest_pairs(x[fine], x[coarse], k, period=period)[0].view(-1, k)
    away = _distance((x[coarse][near] - x[fine][:, None]).flatten(0, 1), period).view(-1, k)
    ties = away <= away.amin(1, keepdim=True) * (1 + SLACK)
    order = torch.where(ties, rank[coarse][near], len(x))
    parent = near.gather(1, order.argmin(1, keepdim=True))[:, 0]
    # A coarse node is its own parent, even where another one coincides with it.
    parent[torch.searchsorted(fine, coarse)] = torch.arange(len(coarse))
    return parent


def _between(
    fine: Tensor, coarse: Tensor, parent: Tensor, reach: float, period: Sequence[float | int] | None
) -> Tensor:
    """Edges from fine to coarse nodes within reach, and to the nearest one however far it is."""
    near = radius_pairs(coarse, fine, reach, period=period)
    return sort_edges(torch.cat([near[0], torch.arange(len(fine))]), torch.cat([near[1], parent]))


def _distance(offset: Tensor, period: Sequence[float | int] | None) -> Tensor:
    return minimum_image(offset, period).norm(dim=1)
