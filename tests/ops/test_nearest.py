"""The nearest points that cells find are as near as those that the k-d tree finds, however the points lie."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from torch import Tensor

from gno.ops import nearest_pairs
from gno.ops.nearest import nearest_in_cells
from gno.ops.period import inside, minimum_image
from tests.ops.clouds import cloud

PERIODS = [None, (1.0, 1.0, 1.0), (1.0, 0.0, 0.7), (0.0, 1.5, 0.0)]
KINDS = ["random", "lattice", "line", "clusters", "far", "place", "twice"]


def assert_as_near_as_the_tree(targets: Tensor, sources: Tensor, k: int, period: tuple[float, ...] | None) -> None:
    into, out_of = inside(targets, period), inside(sources, period)
    found = nearest_in_cells(into, out_of, k, period)
    assert all(len(set(row)) == k for row in found.tolist())
    away = minimum_image((into[:, None] - out_of[found]).flatten(0, 1), period).norm(dim=1).view(-1, k)
    wanted, _ = cKDTree(out_of.numpy(), boxsize=period).query(into.numpy(), k=[*range(1, k + 1)])
    torch.testing.assert_close(away, torch.from_numpy(wanted), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("period", PERIODS)
@given(
    kinds=st.tuples(*[st.sampled_from(KINDS)] * 2),
    dim=st.integers(1, 3),
    num=st.tuples(st.integers(1, 40), st.integers(5, 60)),
    k=st.integers(1, 5),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_cells_find_points_as_near_as_the_tree_finds(
    period: tuple[float, ...] | None, kinds: tuple[str, str], dim: int, num: tuple[int, int], k: int, seed: int
) -> None:
    box = None if period is None else period[:dim]
    sources, targets = (cloud(kind, n, dim, seed + i) for i, (kind, n) in enumerate(zip(kinds, num[::-1], strict=True)))
    for into in (targets, sources):
        assert_as_near_as_the_tree(into, sources, k, box)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("period", [None, (1.0, 1.0, 1.0)])
def test_many_points_in_clusters_and_between_them(dim: int, period: tuple[float, ...] | None) -> None:
    rng = np.random.default_rng(dim)
    points = torch.from_numpy(np.concatenate([rng.random((2000, dim)), 0.5 + 0.001 * rng.random((2000, dim))]))
    assert_as_near_as_the_tree(points, points, 9, None if period is None else period[:dim])


def test_of_equally_near_points_the_first_is_taken() -> None:
    line = torch.arange(5, dtype=torch.float64)
    points = torch.cartesian_prod(line, line)
    middle = points[12:13]
    assert nearest_in_cells(middle, points, 3).tolist() == [[12, 7, 11]]
    assert nearest_in_cells(middle, points.flip(0), 3).tolist() == [[12, 7, 11]]
    assert nearest_in_cells(points[:1].expand(3, 2), points[:1].expand(9, 2), 2).tolist() == [[0, 1]] * 3


@pytest.mark.gpu
@pytest.mark.parametrize("period", PERIODS)
def test_a_gpu_finds_the_same(period: tuple[float, ...] | None) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    for dim in (2, 3):
        points, box = cloud("random", 3000, dim, 0), None if period is None else period[:dim]
        found = nearest_pairs(points.cuda(), points.cuda(), 6, period=box)
        assert found.device.type == "cuda"
        assert torch.equal(found.cpu(), nearest_pairs(points, points, 6, period=box))
