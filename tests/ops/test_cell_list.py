"""The cell list finds what the k-d tree finds, in the same order, however the points lie."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gno.ops import cell_list, neighbors, radius_pairs
from gno.ops.cell_list import CellList
from tests.ops.clouds import cloud

PERIODS = [None, (1.0, 1.0, 1.0), (1.0, 0.0, 0.7), (0.3, 0.3, 0.0), (0.0, 1.5, 0.0)]
NEVER = 10**9


def both_ways(
    targets: Tensor, sources: Tensor, radius: float, period: tuple[float, ...] | None
) -> tuple[Tensor, Tensor]:
    found = []
    for cells_from, counted_from in ((0, 0), (NEVER, NEVER)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(neighbors, "_CELLS_FROM", cells_from)
            patch.setattr(neighbors, "_COUNTED_FROM", counted_from)
            found.append(radius_pairs(targets, sources, radius, period=period))
    return found[0], found[1]


@pytest.mark.parametrize("period", PERIODS)
@given(
    kinds=st.tuples(*[st.sampled_from(["random", "lattice", "line", "clusters", "far", "place"])] * 2),
    dim=st.integers(1, 4),
    num=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    radius=st.sampled_from([0.0, 0.1, 0.1 * 2**0.5, 0.2, 0.34, 0.45, 0.8, 5.0]),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_cell_list_and_tree_find_the_same_in_the_same_order(
    period: tuple[float, ...] | None,
    kinds: tuple[str, str],
    dim: int,
    num: tuple[int, int],
    radius: float,
    seed: int,
) -> None:
    box = None if period is None else (*period, 0.5)[:dim]
    sources, targets = (cloud(kind, n, dim, seed + i) for i, (kind, n) in enumerate(zip(kinds, num, strict=True)))
    for into in (sources, targets):
        cells, tree = both_ways(into, sources, radius, box)
        assert torch.equal(cells, tree)


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("period", [None, (1.0, 1.0, 1.0), (0.0, 1.0, 0.0)])
@pytest.mark.parametrize("limits", [(2**15, 2**20), (400, 100)])
def test_large_sets_give_the_same(
    dim: int, period: tuple[float, ...] | None, limits: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cell_list._BLOCK, "cpu", limits[0])
    monkeypatch.setitem(cell_list._CHUNK, "cpu", limits[1])
    rng = np.random.default_rng(dim)
    points, others = (torch.from_numpy(rng.random((num, dim))) for num in (1500, 400))
    radius, box = {1: 0.008, 2: 0.06, 3: 0.15}[dim], None if period is None else period[:dim]
    for targets, sources in ((points, points), (others, points), (points, others)):
        cells, tree = both_ways(targets, sources, radius, box)
        assert tree.shape[1] > len(targets)
        assert torch.equal(cells, tree)


@pytest.mark.parametrize("shift", [0.0, 0.1, 1e6])
@pytest.mark.parametrize("cells", [2.0, 3.0, 5.0, 10.0])
def test_points_on_the_borders_of_cells_are_found(shift: float, cells: float) -> None:
    line = torch.arange(20, dtype=torch.float64) / cells  # the radius is a whole number of steps
    points = torch.cartesian_prod(line, line) + shift
    assert torch.equal(*both_ways(points, points, 1.0, None))
    assert torch.equal(*both_ways(points, points, 1.0, (20 / cells, 20 / cells)))


@pytest.mark.parametrize("period", [None, (1.0, 0.0)])
def test_the_way_of_an_accelerator_finds_the_same(period: tuple[float, ...] | None) -> None:
    points = torch.rand(500, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    cells = CellList(points, 0.1, period)
    assert cells.halves
    assert torch.equal(neighbors._sorted_pairs(cells, None), neighbors._tree_pairs(points, points, 0.1, period))
    some = points[::7] + 0.001
    assert torch.equal(neighbors._sorted_pairs(cells, some), neighbors._tree_pairs(some, points, 0.1, period))


def test_each_pair_stands_once_and_half_is_half() -> None:
    points = cloud("random", 500, 2, 0)
    cells = CellList(points, 0.3)
    assert cells.halves
    half = [pair for chunk in cells.own_pairs() for pair in zip(*(part.tolist() for part in chunk), strict=True)]
    full = [pair for chunk in cells.pairs(points) for pair in zip(*(part.tolist() for part in chunk), strict=True)]
    assert len(set(half)) == len(half)
    assert len(set(full)) == len(full) == 2 * len(half) + len(points)
    assert {*half, *(pair[::-1] for pair in half), *((i, i) for i in range(500))} == set(full)
    assert not CellList(points.remainder(1.0), 0.6, (1.0, 1.0)).halves


def test_memory_is_that_of_the_result_and_not_of_the_candidates() -> None:
    points = cloud("random", 20_000, 2, 0)
    sizes = [len(one) for one, _ in CellList(points, 0.5).pairs(points[:300])]
    assert len(sizes) > 1
    assert max(sizes) <= cell_list._CHUNK["cpu"] + len(points)


@pytest.mark.gpu
@pytest.mark.parametrize("period", PERIODS)
def test_a_gpu_finds_the_same(period: tuple[float, ...] | None) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    for dim, radius in ((2, 0.1), (3, 0.2)):
        points, box = cloud("random", 3000, dim, 0), None if period is None else period[:dim]
        for targets in (points, cloud("lattice", 500, dim, 1)):
            there, sources = targets.cuda(), points.cuda()
            found = radius_pairs(sources if targets is points else there, sources, radius, period=box)
            assert found.device.type == "cuda"
            assert torch.equal(found.cpu(), radius_pairs(targets, points, radius, period=box))
