"""Neighbor search against SciPy: CPU seconds and wall seconds of one run, in the plane, twenty neighbors a point.

``python training/bench/neighbors.py [points ...]`` prints a table. Both make the same graph: pairs in both directions,
sorted by target, with the places where each target begins. The edge sets are compared before anything is printed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.spatial import cKDTree
from torch import Tensor

from gno.ops import radius_pairs

_DEGREE = 20
_SIZES = (10_000, 100_000, 1_000_000)


class Timing(NamedTuple):
    """Seconds of the quickest run."""

    cpu: float
    wall: float


def peer(x: Tensor, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """``cKDTree.query_pairs``, mirrored, as CSR: where each target begins, and the sources."""
    half = cKDTree(x.numpy()).query_pairs(radius, output_type="ndarray")
    ends = np.concatenate([half, half[:, ::-1]]).T
    rows = coo_array((np.ones(ends.shape[1], dtype=np.bool_), (ends[0], ends[1])), shape=(len(x), len(x))).tocsr()
    return rows.indptr, rows.indices


def ours(x: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """``radius_pairs`` and where each target begins."""
    edges = radius_pairs(x, x, radius)
    return torch.bincount(edges[1], minlength=len(x)).cumsum(0), edges


def timed(make: Callable[[], object], repeats: int) -> Timing:
    """The quickest of some runs."""
    best = Timing(float("inf"), float("inf"))
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        make()
        best = min(best, Timing(time.process_time() - cpu, time.perf_counter() - wall))
    return best


def same(x: Tensor, radius: float) -> int:
    """Number of edges, loops left out; an error where the two graphs differ."""
    begins, sources = peer(x, radius)
    _, (source, target) = ours(x, radius)
    loops = source == target
    if int(loops.sum()) != len(x):
        raise SystemExit(f"{len(x)} points: loops are missing")
    counts = np.bincount(target[~loops].numpy(), minlength=len(x))
    if not (np.array_equal(counts, np.diff(begins)) and np.array_equal(source[~loops].numpy(), sources)):
        raise SystemExit(f"{len(x)} points: the graphs differ")
    return len(sources)


def main() -> None:
    """Print the table."""
    print(f"{'points':>9} {'edges':>10} {'SciPy s':>9} {'ours s':>9} {'CPU x':>6} {'wall x':>6} {'M edges/s':>9}")
    for num in [int(size) for size in sys.argv[1:]] or _SIZES:
        x = torch.from_numpy(np.random.default_rng(0).random((num, 2)))
        radius = (_DEGREE / (np.pi * num)) ** 0.5
        edges, repeats = same(x, radius), 7 if num < 300_000 else 3
        theirs, own = (timed(partial(make, x, radius), repeats) for make in (peer, ours))
        ratios = f"{theirs.cpu / own.cpu:>6.2f} {theirs.wall / own.wall:>6.2f} {edges / own.cpu / 1e6:>9.1f}"
        print(f"{num:>9} {edges:>10} {theirs.cpu:>9.4f} {own.cpu:>9.4f} {ratios}", flush=True)


if __name__ == "__main__":
    main()
