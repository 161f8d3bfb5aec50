"""Neighbors equal the brute force over all pairs, in two and three dimensions and in periodic boxes."""

import jaxtyping
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.ops import minimum_image, nearest_pairs, radius_pairs

PERIODS = [None, (1.0, 1.0, 1.0), (1.0, 0.0, 0.7), (0.3, 0.3, 0.0)]


def cloud(num: int, dim: int, seed: int) -> Tensor:
    return 3 * torch.rand(num, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) - 1


def distances(targets: Tensor, sources: Tensor, period: tuple[float, ...] | None) -> Tensor:
    offset = (sources[None] - targets[:, None]).reshape(-1, targets.shape[1])
    return minimum_image(offset, period).norm(dim=1).view(len(targets), len(sources))


def cut(period: tuple[float, ...] | None, dim: int) -> tuple[float, ...] | None:
    return None if period is None else period[:dim]


@pytest.mark.parametrize("period", PERIODS)
@given(
    dim=st.integers(2, 3),
    num=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    radius=st.sampled_from([0.0, 0.1, 0.2, 0.45, 0.8, 5.0]),  # the box is smaller than twice most of them
    seed=st.integers(0, 999),
)
def test_radius_pairs_are_those_of_the_brute_force(
    period: tuple[float, ...] | None, dim: int, num: tuple[int, int], radius: float, seed: int
) -> None:
    targets, sources = cloud(num[0], dim, seed), cloud(num[1], dim, seed + 1)
    away = distances(targets, sources, cut(period, dim))
    target, source = torch.nonzero(away <= radius, as_tuple=True)
    found = radius_pairs(targets, sources, radius, period=cut(period, dim))
    assert torch.equal(found, torch.stack([source, target]))  # the same pairs, sorted by target, then by source


@pytest.mark.parametrize("period", PERIODS)
@given(dim=st.integers(2, 3), num=st.integers(5, 30), k=st.integers(1, 5), seed=st.integers(0, 999))
def test_nearest_pairs_are_those_of_the_brute_force(
    period: tuple[float, ...] | None, dim: int, num: int, k: int, seed: int
) -> None:
    targets, sources = cloud(7, dim, seed), cloud(num, dim, seed + 1)
    nearest = distances(targets, sources, cut(period, dim)).topk(k, largest=False).indices.sort().values
    found = nearest_pairs(targets, sources, k, period=cut(period, dim))
    assert torch.equal(found[0].view(7, k), nearest)
    assert torch.equal(found[1], torch.arange(7).repeat_interleave(k))


def test_five_hundred_neighbors_are_all_kept() -> None:
    points = 0.01 * cloud(501, 2, 0)
    assert radius_pairs(points[:1], points, 1.0).shape == (2, 501)
    assert radius_pairs(points, points, 1.0).shape == (2, 501**2)
    assert nearest_pairs(points[:1], points, 500).shape == (2, 500)


@pytest.mark.parametrize("shift", [0.0, 1 / 3, 1e3])
def test_all_inner_nodes_of_a_lattice_have_the_same_stencil(shift: float) -> None:
    line = 0.1 * torch.arange(12, dtype=torch.float64)
    points = torch.cartesian_prod(line, line) + shift
    inner = ((points > shift + 0.25) & (points < shift + 0.85)).all(1)
    for radius, size in ((0.1, 5), (0.2, 13), (0.1 * 2**0.5, 9)):
        degree = torch.bincount(radius_pairs(points, points, radius * (1 + 1e-12 * shift))[1])
        assert set(degree[inner].tolist()) == {size}


def test_coincident_points_are_neighbors_at_radius_zero() -> None:
    points = torch.tensor([[0.5, 0.5], [0.5, 0.5], [0.6, 0.5]])
    assert radius_pairs(points, points, 0.0).T.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1], [2, 2]]


def test_no_points_have_no_pairs() -> None:
    none, some = torch.zeros(0, 2), torch.zeros(3, 2)
    for targets, sources in ((none, some), (some, none), (none, none)):
        assert radius_pairs(targets, sources, 1.0, period=(2.0, 2.0)).shape == (2, 0)
    assert nearest_pairs(none, some, 2).shape == (2, 0)


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    points = torch.tensor([[0.0, 0.0], [float("nan"), 1.0]])
    with pytest.raises(DataError, match="source point 1 is"):
        radius_pairs(points[:1], points, 1.0)
    with pytest.raises(DataError, match="target point 1 is"):
        nearest_pairs(points, points, 1)
    with pytest.raises(DataError, match="3 neighbors asked of 1 points"):
        nearest_pairs(points[:1], points[:1], 3)
    with pytest.raises(DataError, match="sources are 3-D"):
        radius_pairs(points, torch.zeros(1, 3), 1.0)
    for radius in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="radius is"):
            radius_pairs(points[:1], points[:1], radius)
    with pytest.raises(ConfigError, match="k is 0"):
        nearest_pairs(points[:1], points[:1], 0)
