"""The edge plan: edges grouped by one of their ends and padded to a few sizes, so that dense products apply."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.ops.index import check_edges, check_index

_GROWTH = 1.25  # ratio of two bucket sizes: at most a fifth of the slots of a bucket is padding, on average a tenth
_WORTH = 1000  # slots of padding that cost as much as one more bucket


@dataclass(frozen=True, eq=False)
class EdgePlan:
    """Where each edge goes in a padded layout.

    Nodes that have edges are the rows; rows of nearly the same degree make a bucket, in which each row has as many
    slots. A plan depends on the edges alone: made once, it serves every layer and iteration on them.

    Args:
        by: the end that the edges are grouped by, ``"target"`` or ``"source"``.
        num_sources: number of source nodes.
        num_targets: number of target nodes.
        num_edges: number of edges, padding left out.
        node: node ``(rows,)`` of each row.
        edge: edge ``(slots,)`` in each slot; padding repeats the last edge of its row.
        far: other end ``(slots,)`` of that edge.
        real: whether a slot ``(slots,)`` holds an edge or is padding.
        buckets: rows and slots per row of each bucket.
    """

    by: str
    num_sources: int
    num_targets: int
    num_edges: int
    node: Int[Tensor, " rows"]
    edge: Int[Tensor, " slots"]
    far: Int[Tensor, " slots"]
    real: Bool[Tensor, " slots"]
    buckets: tuple[tuple[int, int], ...]

    @classmethod
    def build(
        cls, edge_index: Int[Tensor, "2 edges"], num_sources: int, num_targets: int, *, by: str | None = None
    ) -> EdgePlan:
        """Group edges, which may come in any order.

        Args:
            edge_index: ``[source; target]`` ``(2, edges)``.
            num_sources: number of source nodes.
            num_targets: number of target nodes.
            by: ``"target"`` or ``"source"``; by default the end with fewer nodes, which makes the matrix product of
                the contraction the smaller one.

        Raises:
            DataError: an index that is out of range, or of another shape.
            ConfigError: an unknown end.

        Example:
            >>> plan = EdgePlan.build(torch.tensor([[0, 1, 2], [0, 0, 1]]), 3, 2)
            >>> plan.by, plan.buckets
            ('target', ((2, 2),))
        """
        check_edges(edge_index)
        check_index(edge_index[0], num_sources, "edge_index[0]")
        check_index(edge_index[1], num_targets, "edge_index[1]")
        if by is None:
            by = "source" if num_sources < num_targets else "target"
        if by not in ("source", "target"):
            raise ConfigError(f"by is {by!r}", why="edges are grouped by 'source' or 'target'")
        near, far = (edge_index[1], edge_index[0]) if by == "target" else (edge_index[0], edge_index[1])
        num = num_targets if by == "target" else num_sources
        order = None if bool((near[1:] >= near[:-1]).all()) else torch.argsort(near, stable=True)
        degree = torch.bincount(near, minlength=num)
        node, width, buckets = _buckets(degree)
        row = torch.repeat_interleave(torch.arange(len(node), device=near.device), width)
        place = torch.arange(len(row), device=near.device) - (width.cumsum(0) - width)[row]
        count, start = degree[node], (degree.cumsum(0) - degree)[node]
        edge = start[row] + torch.minimum(place, count[row] - 1)
        if order is not None:
            edge = order[edge]
        sizes = (num_sources, num_targets, edge_index.shape[1])
        return cls(by, *sizes, node, edge, far[edge], place < count[row], buckets)

    def weighted(self, hidden: Float[Tensor, "edges h"], share: Float[Tensor, "slots 1"]) -> Float[Tensor, "slots h"]:
        """Features of the edges, laid out in the slots, times the weight of the slot.

        Args:
            hidden: features of each edge.
            share: weight of each slot, from ``slot_weight``.
        """
        return hidden.index_select(0, self.edge) * share

    def slot_weight(
        self, weight: Float[Tensor, " edges"] | None, like: Float[Tensor, "..."]
    ) -> Float[Tensor, "slots 1"]:
        """Weight of each slot: that of its edge (1 without ``weight``), and 0 for padding.

        Args:
            weight: of each edge, or ``None``.
            like: a tensor of the wanted type.

        Raises:
            DataError: not one weight an edge.
        """
        real = self.real.to(like.dtype)
        if weight is None:
            return real[:, None]
        if weight.shape[0] != self.num_edges:
            raise DataError(f"{weight.shape[0]} weights for {self.num_edges} edges", why="each edge needs one")
        return (weight[self.edge] * real)[:, None]

    @property
    def num_near(self) -> int:
        """Number of nodes at the end that the edges are grouped by."""
        return self.num_targets if self.by == "target" else self.num_sources

    @property
    def num_far(self) -> int:
        """Number of nodes at the other end."""
        return self.num_sources if self.by == "target" else self.num_targets

    @property
    def ends(self) -> tuple[Int[Tensor, " slots"], Int[Tensor, " slots"]]:
        """Source and target of the edge in each slot."""
        rows = self.node.split([n for n, _ in self.buckets])
        near = torch.cat([self.node[:0], *(node.repeat_interleave(d) for node, (_, d) in zip(rows, self.buckets))])
        return (self.far, near) if self.by == "target" else (near, self.far)


def _buckets(degree: Int[Tensor, " nodes"]) -> tuple[Tensor, Tensor, tuple[tuple[int, int], ...]]:
    """Nodes with edges, sorted by bucket; slots of each of them; rows and slots per row of each bucket."""
    node = torch.nonzero(degree).flatten()
    if not len(node):
        return node, node, ()
    bounds = [1]
    while bounds[-1] < int(degree.max()):
        bounds.append(max(bounds[-1] + 1, int(bounds[-1] * _GROWTH)))
    bucket = torch.bucketize(degree[node], torch.tensor(bounds, device=degree.device))
    bucket, order = torch.sort(bucket, stable=True)
    node = node[order]
    most = torch.zeros(len(bounds), dtype=torch.int64, device=degree.device)
    most = most.scatter_reduce(0, bucket, degree[node], "amax")
    rows = torch.bincount(bucket, minlength=len(bounds))
    buckets = _merged([(n, d) for n, d in zip(rows.tolist(), most.tolist()) if n])
    count, width = torch.tensor(buckets, device=degree.device).T
    return node, torch.repeat_interleave(width, count), buckets


def _merged(buckets: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Neighboring buckets put together where the padding costs less than one more product does."""
    result, padding = buckets[:1], 0
    for n, d in buckets[1:]:
        before, shorter = result[-1]
        padding += before * (d - shorter)
        if padding <= _WORTH:
            result[-1] = (before + n, d)
        else:
            result.append((n, d))
            padding = 0
    return tuple(result)
