"""The cost model: where one order of the contraction takes over from another."""

from __future__ import annotations

import pytest

from gno.ops.cost import cheaper_end, contraction_cost, matrices_pay


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


@pytest.mark.parametrize(
    ("width", "h", "edges", "nodes", "times", "untrained", "trained"),  # how much quicker matrices were, measured
    [
        (32, 64, 8000, (1142, 1142), 2, 0.37, 0.58),
        (32, 64, 8000, (1142, 1142), 12, 1.47, 1.95),
        (32, 256, 8000, (1142, 1142), 2, 0.53, 0.74),
        (32, 256, 8000, (1142, 1142), 8, 1.96, 2.59),
        (32, 64, 8000, (400, 400), 6, 0.55, 0.70),
        (32, 256, 8000, (400, 400), 12, 1.25, 1.81),
        (64, 128, 8000, (1142, 1142), 4, 0.42, 0.68),
        (64, 256, 8000, (1142, 1142), 3, 0.43, 0.70),
        (64, 256, 8000, (1142, 1142), 12, 1.37, 2.22),
        (64, 64, 8000, (400, 400), 12, 0.30, 0.51),
        (64, 256, 8000, (400, 400), 8, 0.45, 0.75),
        (32, 256, 8000, (4568, 1142), 8, 1.86, 2.03),
        (32, 256, 8000, (1000, 4000), 8, 1.53, 2.23),
        (32, 64, 8000, (285, 1142), 12, 0.51, 0.67),
        (64, 256, 8000, (4568, 1142), 2, 0.34, 0.49),
    ],
)
def test_matrices_are_kept_where_that_was_measured_to_be_quicker(
    width: int, h: int, edges: int, nodes: tuple[int, int], times: int, untrained: float, trained: float
) -> None:
    for ratio, with_gradient in ((untrained, False), (trained, True)):
        assert matrices_pay(edges, nodes, (h, width, width), times, trained=with_gradient) == (ratio > 1)


def test_matrices_never_pay_for_one_application() -> None:
    for degree in (2, 7, 50):
        for with_gradient in (False, True):
            assert not matrices_pay(100 * degree, (100, 100), (256, 32, 32), 1, trained=with_gradient)
