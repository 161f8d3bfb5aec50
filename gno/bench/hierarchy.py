"""``gno bench hierarchy``: nested levels and their edges against the same edges from all distances."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from torch import Tensor

from gno.bench.benchmark import Benchmark, Measurement
from gno.bench.cloud import cloud
from gno.bench.row import Row
from gno.bench.search import dense_radius, refuse_unequal
from gno.bench.setting import Setting
from gno.bench.timing import race
from gno.graph import Hierarchy
from gno.graph.hierarchy import INTER_FACTOR

METHODS = ("farthest", "aggregation")
RATIO, LEVELS = 4, 4


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of hierarchies.

    Args:
        setting: sizes.
    """
    return [*_growth(setting), *_against_all_distances(setting)]


def _growth(setting: Setting) -> Iterator[Measurement]:
    for method in METHODS:
        for number in setting.sizes((10_000, 100_000, 1_000_000), quick=(1_000, 3_000)):
            yield Measurement(partial(_alone, setting, method, number), setting.patience + 6e-5 * number)


def _against_all_distances(setting: Setting) -> Iterator[Measurement]:
    """At sizes whose squares fit: ten thousand points take 0.8 GB."""
    for number in setting.sizes((1_000, 3_000, 10_000), quick=(500, 1_000)):
        yield Measurement(partial(_beside, setting, number), setting.patience + 2e-3 * number)


def _alone(setting: Setting, method: str, number: int) -> Row:
    x = cloud(number, seed=setting.seed)
    numbers = _numbers(_build(x, method))
    costs = race(partial(_build, x, method), patience=setting.patience)
    return Row.timed(method, number, costs, numbers=numbers)


def _beside(setting: Setting, number: int) -> Row:
    """The peer is given the nodes of every level and the radii for nothing, and finds the edges."""
    x = cloud(number, seed=setting.seed)
    levels = _build(x, METHODS[0])
    intra, _ = _dense(x, levels)
    for own, other in zip(levels.intra, intra):
        refuse_unequal("edges of a level", own, other)
    costs = race(partial(_build, x, METHODS[0]), partial(_dense, x, levels), patience=setting.patience)
    name = f"{METHODS[0]}, all distances"
    return Row.timed(name, number, costs, peer="all distances", numbers=_numbers(levels))


def _build(x: Tensor, method: str) -> Hierarchy:
    return Hierarchy.build(x, ratio=RATIO, num_levels=LEVELS, method=method)


def _dense(x: Tensor, levels: Hierarchy) -> tuple[list[Tensor], list[Tensor]]:
    """Edges inside and between levels from all distances."""
    points = [x[nodes] for nodes in levels.nodes]
    intra = [dense_radius(level, level, radius * (1 + 1e-9)) for level, radius in zip(points, levels.radius)]
    reaches = (INTER_FACTOR * spacing for spacing in levels.spacing[1:])
    inter = [dense_radius(coarse, fine, reach) for (fine, coarse), reach in zip(pairwise(points), reaches)]
    return intra, inter


def _numbers(levels: Hierarchy) -> dict[str, float | int | str]:
    edges = sum(e.shape[1] for part in (levels.intra, levels.restrict, levels.prolong) for e in part)
    return {"edges": edges, "nodes": " ".join(f"{n:,}" for n in levels.num_nodes)}


BENCHMARK = Benchmark("hierarchy", "Hierarchy of levels", "points", "n log n", measurements)
