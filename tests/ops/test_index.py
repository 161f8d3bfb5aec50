"""Indices: refused before a kernel sees them, and sorted by target."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gno.errors import DataError
from gno.ops import check_index, radius_pairs, row_pointer, sort_edges


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (torch.tensor([[0, 7], [1, 2]]), "refers to node 7"),
        (torch.tensor([[0, -3], [1, 2]]), "refers to node -3"),
        (torch.tensor([0, 50_000_000]), "50000000"),
        (torch.tensor([0, 1], dtype=torch.int32), "torch.int32"),
        (torch.tensor([0.0, 1.0]), "torch.float32"),
    ],
)
def test_an_index_that_would_read_out_of_bounds_is_refused(index: torch.Tensor, says: str) -> None:
    with pytest.raises(DataError, match=says):
        check_index(index, 5, "edge_index")


def test_the_message_names_the_index_and_the_nodes_there_are() -> None:
    with pytest.raises(DataError, match="edge_index refers to node 5; there are 5 nodes"):
        check_index(torch.tensor([5]), 5, "edge_index")


@pytest.mark.parametrize("num", [0, 3])
def test_an_empty_index_is_fine(num: int) -> None:
    check_index(torch.zeros(2, 0, dtype=torch.int64), num)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=40))
def test_sorting_gives_each_edge_once_in_order_of_target_then_source(pairs: list[tuple[int, int]]) -> None:
    index = torch.tensor(pairs, dtype=torch.int64).view(-1, 2)
    found = sort_edges(index[:, 0], index[:, 1])
    assert [(t, s) for s, t in found.T.tolist()] == sorted({(t, s) for s, t in pairs})


def test_the_row_pointer_finds_the_sources_of_each_target() -> None:
    points = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
    edges = radius_pairs(torch.cat([points, points[:3] + 9]), points, 0.3)  # the last targets have no source
    pointer = row_pointer(edges, 43)
    assert pointer[0] == 0
    assert pointer[-1] == edges.shape[1]
    for i in range(43):
        assert torch.equal(edges[0, pointer[i] : pointer[i + 1]], edges[0, edges[1] == i])
    assert row_pointer(edges[:, :0], 2).tolist() == [0, 0, 0]


def test_a_row_pointer_of_unsorted_or_missing_targets_is_refused() -> None:
    with pytest.raises(DataError, match="not sorted by target"):
        row_pointer(torch.tensor([[0, 0], [1, 0]]), 2)
    with pytest.raises(DataError, match="refers to node 2"):
        row_pointer(torch.tensor([[0, 0], [1, 2]]), 2)
