import numpy as np
import pytest
import torch

from gno.bench.cloud import cloud, radius_of_degree
from gno.bench.search import dense_radius, refuse_unequal, tree_nearest, tree_radius
from gno.errors import GnoError


@pytest.mark.parametrize("period", [None, (1.0, 1.0)])
def test_the_tree_makes_the_rows_of_all_pairs(period: tuple[float, float] | None) -> None:
    x, radius = cloud(60, seed=1), 0.2
    offset = x[:, None] - x[None]
    offset = offset if period is None else offset - offset.round()
    near = (offset.norm(dim=2) <= radius).fill_diagonal_(False)
    begins, sources = tree_radius(x, radius, period)
    assert np.array_equal(np.diff(begins), near.sum(1).numpy())
    assert np.array_equal(sources, near.nonzero()[:, 1].numpy())


def test_all_distances_are_sorted_by_target() -> None:
    targets, sources = cloud(7, 3, seed=1), cloud(5, 3, seed=2)
    source, target = dense_radius(targets, sources, 0.6)
    assert torch.equal(target, target.sort().values)
    assert {*zip(source.tolist(), target.tolist())} == {
        (j, i) for i in range(7) for j in range(5) if float((targets[i] - sources[j]).norm()) <= 0.6
    }


def test_the_nearest_point_is_the_point_itself() -> None:
    found = tree_nearest(cloud(30), 4)
    assert found.shape == (30, 4)
    assert np.array_equal(found[:, 0], np.arange(30))


@pytest.mark.parametrize("dim", [2, 3])
def test_the_radius_gives_the_degree(dim: int) -> None:
    number, degree = 4000, 20
    x = cloud(number, dim)
    begins, _ = tree_radius(x, radius_of_degree(degree, number, dim), (1.0,) * dim)
    assert begins[-1] / number == pytest.approx(degree, rel=0.03)


def test_graphs_that_differ_are_refused() -> None:
    with pytest.raises(GnoError, match="edges differ"):
        refuse_unequal("edges", torch.tensor([0, 1]), torch.tensor([0, 1, 2]))
