"""Rows put together of tiles: the order of all pairs, whatever the tiles are."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gno.ops import pair_rows, sort_edges
from gno.ops.pair_rows import Tile, edges_of_tiles, tiles_of_halves, tiles_of_targets


@pytest.mark.parametrize("block", [3, 2**13])
@given(num=st.tuples(st.integers(0, 30), st.integers(1, 30)), size=st.integers(1, 12), seed=st.integers(0, 999))
def test_tiles_of_targets_give_all_pairs_in_order(block: int, num: tuple[int, int], size: int, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    near = torch.rand(num, generator=rng) < torch.rand(num[0], 1, generator=rng)
    near[::5] = False  # targets without a source
    number = torch.randperm(num[0], generator=rng)
    target, source = near[number].nonzero().int().T
    tile = target // size
    chunks = [(target[tile == t].flip(0), source[tile == t].flip(0)) for t in range(num[0])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_rows, "_BLOCK", block)
        found = edges_of_tiles(tiles_of_targets(chunks, number.int(), size), *num)
    assert torch.equal(found, near.nonzero().T.flip(0))


@given(num=st.integers(1, 30), size=st.integers(1, 12), seed=st.integers(0, 999))
def test_tiles_of_halves_add_the_other_half_and_the_loops(num: int, size: int, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    number = torch.randperm(num, generator=rng)
    near = (torch.rand(num, num, generator=rng) < 0.3).triu(1)
    one, other = near.nonzero().int().T
    turned = torch.rand(len(one), generator=rng) < 0.5  # either of the two may come first
    one, other = torch.where(turned, other, one), torch.where(turned, one, other)
    chunks = [(one[one // size == t], other[one // size == t]) for t in range(num)]
    found = edges_of_tiles(tiles_of_halves(chunks, number.int(), size), num, num)
    source, target = number[(near | near.T | torch.eye(num, dtype=torch.bool)).nonzero().T]
    assert torch.equal(found, sort_edges(source, target))


def test_rows_of_very_different_lengths() -> None:
    target = np.repeat(np.arange(4), [1, 700, 0, 2]).astype(np.int32)
    source = np.random.default_rng(0).permutation(len(target)).astype(np.int32)
    found = edges_of_tiles([Tile(np.array([3, 0, 1, 2]), target, source)], 4, len(target))
    assert found[1].tolist() == [0] * 700 + [2] * 2 + [3]
    assert torch.equal(found, sort_edges(*torch.from_numpy(np.stack([source, np.array([3, 0, 1, 2])[target]])).long()))
