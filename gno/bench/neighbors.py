"""``gno bench neighbors``: neighbor search against SciPy's k-d tree and against all distances."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from gno.bench.benchmark import Benchmark, Measurement
from gno.bench.cloud import cloud, radius_of_degree
from gno.bench.row import Row
from gno.bench.search import dense_radius, refuse_unequal, tree_nearest, tree_radius
from gno.bench.setting import Setting
from gno.bench.timing import Work, race
from gno.ops import nearest_pairs, radius_pairs

DEGREE, NEAREST = 20, 8
SIZES = (10_000, 100_000, 1_000_000)


def measurements(setting: Setting) -> list[Measurement]:
    """The rows of neighbors.

    Args:
        setting: sizes and device.
    """
    return [*_within_radius(setting), *_among_nearest(setting), *_against_all_distances(setting)]


def _within_radius(setting: Setting) -> Iterator[Measurement]:
    cases = (("radius, plane", 2, False), ("radius, space", 3, False), ("radius, periodic plane", 2, True))
    for name, dim, periodic in cases:
        for number in setting.sizes(SIZES, quick=(1_000, 3_000)):
            yield Measurement(partial(_radius, setting, name, number, dim, periodic), _cost(setting, number, dim))


def _among_nearest(setting: Setting) -> Iterator[Measurement]:
    for number in setting.sizes(SIZES, quick=(1_000, 3_000)):
        yield Measurement(partial(_nearest, setting, number), _cost(setting, number, 2))


def _against_all_distances(setting: Setting) -> Iterator[Measurement]:
    """At sizes whose squares fit: ten thousand points take 0.8 GB."""
    for number in setting.sizes((1_000, 3_000, 10_000), quick=(500, 1_000)):
        yield Measurement(partial(_dense, setting, number), _cost(setting, number, 2))


def _cost(setting: Setting, number: int, dim: int) -> float:
    return setting.patience + number * dim * 1e-5


def _radius(setting: Setting, name: str, number: int, dim: int, periodic: bool) -> Row:
    x, radius = cloud(number, dim, seed=setting.seed), radius_of_degree(DEGREE, number, dim)
    period, there = (1.0,) * dim if periodic else None, x.to(setting.device)
    source, target = radius_pairs(there, there, radius, period=period).cpu()
    begins, sources = tree_radius(x, radius, period)
    others = source != target  # the peer has no loops; ours needs one at every point
    refuse_unequal("numbers of neighbors", torch.bincount(target[others], minlength=number), _counts(begins))
    refuse_unequal("neighbors", source[others], torch.from_numpy(sources).long())
    refuse_unequal("loops", source[~others], torch.arange(number))
    ours = partial(_rows, there, radius, period)
    return _raced(setting, name, number, len(source), ours, partial(tree_radius, x, radius, period), "SciPy")


def _nearest(setting: Setting, number: int) -> Row:
    x = cloud(number, seed=setting.seed)
    there = x.to(setting.device)
    theirs = torch.from_numpy(tree_nearest(x, NEAREST)).long().sort(dim=1).values
    refuse_unequal("nearest", nearest_pairs(there, there, NEAREST)[0].cpu(), theirs.flatten())
    ours, peer = partial(nearest_pairs, there, there, NEAREST), partial(tree_nearest, x, NEAREST)
    return _raced(setting, f"{NEAREST} nearest, plane", number, number * NEAREST, ours, peer, "SciPy")


def _dense(setting: Setting, number: int) -> Row:
    x = cloud(number, seed=setting.seed).to(setting.device)
    radius = radius_of_degree(DEGREE, number)
    edges = radius_pairs(x, x, radius)
    refuse_unequal("edges", edges, dense_radius(x, x, radius))
    ours, peer = partial(radius_pairs, x, x, radius), partial(dense_radius, x, x, radius)
    return _raced(setting, "radius, all distances", number, edges.shape[1], ours, peer, "all distances")


def _rows(x: Tensor, radius: float, period: tuple[float, ...] | None) -> tuple[Tensor, Tensor]:
    """The edges, and where each target's end: what the peer makes, too."""
    edges = radius_pairs(x, x, radius, period=period)
    return torch.bincount(edges[1], minlength=len(x)).cumsum(0), edges


def _raced(setting: Setting, name: str, number: int, edges: int, ours: Work, peer: Work, who: str) -> Row:
    costs = race(ours, peer, device=setting.device, patience=setting.patience)
    numbers = {"edges": edges, "million edges/s": edges / costs[0].processor / 1e6}
    return Row.timed(name, number, costs, peer=who, numbers=numbers)


def _counts(begins: object) -> Tensor:
    return torch.as_tensor(begins).long().diff()


BENCHMARK = Benchmark("neighbors", "Neighbor search", "points", "n", measurements, on_device=True)
