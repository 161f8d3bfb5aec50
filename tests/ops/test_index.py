"""Indices: refused before a kernel sees them, and sorted by target."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gno.errors import DataError
from gno.ops import check_index, sort_edges


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
