"""Levels: nested, covering, separated, connected both ways, the same for the same seed."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.graph import Hierarchy, radius_edges, sampling
from gno.graph.sampling import Limit, cover_subsets, spatial_order
from gno.ops import minimum_image

METHODS = pytest.mark.parametrize("method", ["farthest", "aggregation"])
PERIOD = (1.0, 1.0)


def cloud(num: int, seed: int = 0, dim: int = 2) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((num, dim)))


def away(x: Tensor, y: Tensor, period: tuple[float, ...] | None = None) -> Tensor:
    offset = (x[:, None] - y[None]).reshape(-1, x.shape[1])
    return minimum_image(offset, period).norm(dim=1).view(len(x), len(y))


def assert_same(a: Hierarchy, b: Hierarchy) -> None:
    for name in ("nodes", "intra", "restrict", "prolong", "parent"):
        for one, other in zip(getattr(a, name), getattr(b, name), strict=True):
            assert torch.equal(one, other)
    assert a.spacing == b.spacing


OPTIONS: list[dict[str, Any]] = [
    {"spacing": (0.1, 0.25, 0.5)},
    {"spacing": (0.3, 0.3)},
    {"ratio": 3, "num_levels": 4},
    {"ratio": 1.0, "num_levels": 2},
    {"ratio": 2.5},
]


@METHODS
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("period", [None, PERIOD])
@given(num=st.sampled_from([0, 1, 2, 3, 17, 120]), dim=st.just(2), seed=st.integers(0, 50))
@settings(max_examples=12, deadline=None)
def test_levels_are_nested_and_every_node_is_reached_both_ways(
    method: str, options: dict[str, Any], period: tuple[float, ...] | None, num: int, dim: int, seed: int
) -> None:
    x = cloud(num, seed, dim)
    levels = Hierarchy.build(x, method=method, seed=seed, period=period, **options)
    assert torch.equal(levels.nodes[0], torch.arange(num))
    for fine, coarse in pairwise(levels.nodes):
        assert set(coarse.tolist()) <= set(fine.tolist())
        assert (coarse.diff() > 0).all()
        assert min(num, 1) <= len(coarse) <= len(fine)
    for level, (down, up, parent) in enumerate(zip(levels.restrict, levels.prolong, levels.parent, strict=True)):
        sizes = levels.num_nodes[level], levels.num_nodes[level + 1]
        assert set(down[0].tolist()) == set(range(sizes[0]))  # no fine node is left out
        assert set(down[1].tolist()) == set(range(sizes[1]))  # and no coarse one
        assert {(s, t) for s, t in down.T.tolist()} == {(s, t) for t, s in up.T.tolist()}
        assert (down[1].diff() >= 0).all()
        assert (up[1].diff() >= 0).all()
        fine, coarse = x[levels.nodes[level]], x[levels.nodes[level + 1]]
        if num:
            nearest = away(fine, coarse, period).amin(1)
            torch.testing.assert_close(away(fine, coarse, period)[torch.arange(len(fine)), parent], nearest)
            assert (nearest <= levels.spacing[level + 1] * (1 + 1e-9)).all()


@METHODS
@pytest.mark.parametrize("period", [None, PERIOD])
def test_spacing_covers_and_separates(method: str, period: tuple[float, ...] | None) -> None:
    x, spacing = cloud(700, 3), (0.05, 0.11, 0.3)
    levels = Hierarchy.build(x, spacing=spacing, method=method, period=period)
    for nodes, space in zip(levels.nodes[1:], spacing, strict=True):
        assert away(x, x[nodes], period).amin(1).max() <= space
        between = away(x[nodes], x[nodes], period).fill_diagonal_(math.inf)
        assert between.min() > space
    assert levels.spacing[1:] == spacing


@METHODS
def test_ratio_gives_the_counts_asked_for(method: str) -> None:
    levels = Hierarchy.build(cloud(250), ratio=4, num_levels=4, method=method)
    assert levels.num_nodes == (250, 63, 16, 4)
    assert list(levels.spacing) == sorted(levels.spacing)


@METHODS
def test_the_seed_decides(method: str) -> None:
    x = cloud(300)
    one, again, other = (Hierarchy.build(x, ratio=4, method=method, seed=seed) for seed in (1, 1, 2))
    assert_same(one, again)
    assert not torch.equal(one.nodes[1], other.nodes[1])


def lattice(num: int) -> Tensor:
    return torch.cartesian_prod(*[torch.linspace(0, 1, num, dtype=torch.float64)] * 2)


def in_space(levels: Hierarchy, order: Tensor) -> list[Any]:
    """Nodes, edges and parents of all levels, by the numbers that ``order`` gives the points."""
    number = [order[nodes] for nodes in levels.nodes]
    last = levels.num_levels - 1
    edges = [*zip(levels.intra, range(last + 1), range(last + 1))]
    edges += [*zip(levels.restrict, range(last), range(1, last + 1))]
    edges += [(torch.stack([torch.arange(len(p)), p]), i, i + 1) for i, p in enumerate(levels.parent)]
    pairs = [set(zip(number[a][e[0]].tolist(), number[b][e[1]].tolist())) for e, a, b in edges]
    return [set(nodes.tolist()) for nodes in number] + pairs


@METHODS
@pytest.mark.parametrize("options", [{"spacing": (0.15, 0.4)}, {"spacing": (0.2, 0.4)}, {"ratio": 4}])
@pytest.mark.parametrize("points", [cloud(150), lattice(11), lattice(16)], ids=["cloud", "lattice", "fine lattice"])
def test_numbering_and_place_of_the_points_do_not_matter(points: Tensor, options: dict[str, Any], method: str) -> None:
    """On a lattice, too, where many points are equally far and only rounding tells their distances apart."""
    same = torch.arange(len(points))
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
    wanted = in_space(Hierarchy.build(points, method=method, **options), same)
    assert in_space(Hierarchy.build(points[order], method=method, **options), order) == wanted
    for offset in ((0.3, -0.7), (123.4, 567.8)):
        moved = points + torch.tensor(offset, dtype=torch.float64)
        assert in_space(Hierarchy.build(moved, method=method, **options), same) == wanted


def test_coarse_levels_do_not_depend_on_how_finely_the_domain_is_sampled() -> None:
    sizes = [Hierarchy.build(cloud(num, 5), spacing=(0.2, 0.4)).num_nodes[1:] for num in (400, 1600, 6400)]
    for level in range(2):
        counts = [size[level] for size in sizes]
        assert max(counts) <= 1.35 * min(counts)


def test_looking_only_at_what_changes_chooses_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = cloud(900, 2)
    for period in (None, PERIOD):
        plain = Hierarchy.build(x, spacing=(0.04, 0.2), period=period)
        with monkeypatch.context() as patch:
            patch.setattr(sampling, "_LOCAL_FROM", 10)
            assert_same(Hierarchy.build(x, spacing=(0.04, 0.2), period=period), plain)


def in_turn(points: np.ndarray, limits: list[Limit], seed: int, period: tuple[float, ...] | None) -> list[np.ndarray]:
    """The cover as it is said: one point after the other."""
    order = spatial_order(points)[np.random.default_rng(seed).permutation(len(points))]
    x = torch.from_numpy(points)[order]
    far, chosen, levels = away(x, x, period), list[int](), list[np.ndarray]()
    for limit in reversed(limits):
        for i in range(len(x)):
            if not chosen or far[i, chosen].min() > limit.spacing * (1 + 1e-9):
                chosen.append(i)
        levels.append(np.sort(order[chosen]))
    return levels[::-1]


@pytest.mark.parametrize("period", [None, PERIOD, (1.0, 0.0)])
@pytest.mark.parametrize("first", [2, 256])
def test_covering_in_batches_chooses_what_covering_in_turn_chooses(
    period: tuple[float, ...] | None, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "_BATCH", first)
    lattice = np.stack(np.meshgrid(*[np.arange(20) / 20] * 2), axis=-1).reshape(-1, 2)
    clusters = np.concatenate([0.01 * cloud(200).numpy(), 0.5 + 0.1 * cloud(200, 1).numpy()])
    for seed, points in enumerate((cloud(500).numpy(), lattice, clusters, np.full((30, 2), 0.5))):
        limits = [Limit(spacing, len(points)) for spacing in (0.03, 0.1, 0.1, 0.7)]
        found = cover_subsets(points, limits, seed=seed, period=period)
        wanted = in_turn(points, limits, seed, period)
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_the_order_in_space_is_that_of_the_coordinates(dim: int) -> None:
    points = np.random.default_rng(dim).integers(0, 4, (300, dim)) / 3.0
    points[::7] += 1e-9  # told apart by the last digits alone
    order = spatial_order(points)
    assert np.array_equal(np.sort(order), np.arange(300))
    place = [(*np.round(p * 3).tolist(), *p.tolist()) for p in points[order]]
    assert place == sorted(place)


@METHODS
def test_edges_inside_a_level_are_all_within_its_radius(method: str) -> None:
    x, radius = cloud(200), (0.08, 0.3, 0.7)
    levels = Hierarchy.build(x, spacing=(0.1, 0.3), radius=radius, method=method)
    assert levels.radius == radius
    for nodes, r, found in zip(levels.nodes, radius, levels.intra, strict=True):
        assert torch.equal(found, radius_edges(x[nodes], r, self_loops=True))
    fine, coarse = x[levels.nodes[0]], x[levels.nodes[1]]
    near = (away(coarse, fine) <= 0.15).nonzero().T.flip(0)
    wanted = {(s, t) for s, t in near.T.tolist()} | set(enumerate(levels.parent[0].tolist()))
    assert {(s, t) for s, t in levels.restrict[0].T.tolist()} == wanted


@METHODS
def test_volumes_are_conserved_on_every_level(method: str) -> None:
    x = cloud(300)
    volume = torch.rand(300, dtype=torch.float64)
    levels = Hierarchy.build(x, ratio=4, num_levels=4, method=method)
    found = levels.volumes(volume)
    for weights, nodes in zip(found, levels.nodes, strict=True):
        assert len(weights) == len(nodes)
        assert (weights > 0).all()
        torch.testing.assert_close(weights.sum(), volume.sum())
    assert levels.volumes(volume.float().numpy())[2].dtype == torch.float32
    with pytest.raises(DataError, match="299 volumes for 300 points"):
        levels.volumes(volume[:-1])


@METHODS
@pytest.mark.parametrize("options", OPTIONS)
def test_coincident_points(method: str, options: dict[str, Any]) -> None:
    for x in (torch.full((9, 2), 0.5), torch.cat([cloud(20)] * 3)):
        levels = Hierarchy.build(x, method=method, **options)
        for level, down in enumerate(levels.restrict):
            assert set(down[0].tolist()) == set(range(levels.num_nodes[level]))
            assert set(down[1].tolist()) == set(range(levels.num_nodes[level + 1]))
            own = torch.searchsorted(levels.nodes[level], levels.nodes[level + 1])
            assert torch.equal(levels.parent[level][own], torch.arange(len(own)))
        assert all(len(weights) and (weights > 0).all() for weights in levels.volumes(torch.ones(len(x))))


def test_three_dimensions_and_numpy() -> None:
    x = cloud(200, dim=3)
    assert_same(Hierarchy.build(x, ratio=5), Hierarchy.build(x.numpy(), ratio=5))
    assert Hierarchy.build(x, spacing=(0.3,)).num_levels == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "both given or both missing"),
        ({"spacing": (0.1,), "ratio": 4}, "both given or both missing"),
        ({"spacing": (0.2, 0.1)}, "ascend"),
        ({"spacing": (0.0,)}, "positive"),
        ({"spacing": (0.1, 0.2), "num_levels": 2}, "2 spacings make 3"),
        ({"ratio": 0.5}, "ratio is 0.5"),
        ({"ratio": 4, "num_levels": 0}, "num_levels 0"),
        ({"ratio": 4, "method": "voxel"}, "methods: farthest, aggregation"),
        ({"ratio": 4, "radius": (0.1,)}, "1 radii for 3 levels"),
        ({"ratio": 4, "period": (1.0,)}, "2 lengths"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Hierarchy.build(cloud(20), **options)


def test_points_that_are_not_finite_are_refused() -> None:
    x = cloud(20)
    x[7, 1] = torch.nan
    with pytest.raises(DataError, match="point 7"):
        Hierarchy.build(x, ratio=4)
