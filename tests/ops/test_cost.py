"""The cost model: where one order of the contraction takes over from another."""

from __future__ import annotations

import pytest

from gno.ops.cost import cheaper_end, contraction_cost


@pytest.mark.parametrize(("h", "width"), [(16, 24), (256, 64), (1024, 32)])
def test_matrices_never_pay_from_two_edges_a_node_on(h: int, width: int) -> None:
    for degree in (2, 7, 50, 400):
        cost = contraction_cost(100 * degree, (100, 100), (h, width, width))
        assert min(cost.aggregate, cost.project) < cost.materialize


def test_equal_numbers_of_nodes_sum_first() -> None:
    assert cheaper_end(7000, (1000, 1000), (256, 64, 64)) == "target"


def test_few_sources_project_first_unless_their_edges_are_many() -> None:
    shape, nodes = (64, 32, 32), (100, 400)
    crossover = 64 * 32 * (400 - 100) / 10  # what the smaller product saves, over the price of the scatter
    assert cheaper_end(int(0.99 * crossover), nodes, shape) == "source"
    assert cheaper_end(int(1.01 * crossover), nodes, shape) == "target"
    assert cheaper_end(1000, nodes[::-1], shape) == "target"


def test_a_wide_end_is_the_dear_one() -> None:
    edges, nodes = 20_000, (1000, 1000)
    assert cheaper_end(edges, nodes, (256, 64, 8)) == "source"
    assert cheaper_end(edges, nodes, (256, 8, 64)) == "target"
