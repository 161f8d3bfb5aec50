"""Operations on indices and values: neighbors, segment reductions, contractions."""

from __future__ import annotations

from gno.ops.contraction import kernel_contraction
from gno.ops.edge_plan import EdgePlan
from gno.ops.index import check_index, row_pointer, sort_edges
from gno.ops.neighbors import nearest_pairs, radius_pairs
from gno.ops.period import minimum_image
from gno.ops.plans import edge_plan
from gno.ops.scatter import segment_backend
from gno.ops.segment import segment_max, segment_mean, segment_sum

__all__ = [
    "EdgePlan",
    "check_index",
    "edge_plan",
    "kernel_contraction",
    "minimum_image",
    "nearest_pairs",
    "radius_pairs",
    "row_pointer",
    "segment_backend",
    "segment_max",
    "segment_mean",
    "segment_sum",
    "sort_edges",
]
