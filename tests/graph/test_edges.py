"""Edges equal the brute force over cells and over pairs, sorted by target, both ways, whatever the box."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gno.errors import ConfigError, DataError
from gno.graph import cell_dual, mesh_edges, nearest_edges, radius_edges
from gno.mesh import Mesh, faces
from gno.mesh.faces import FACES_OF_CELL
from gno.ops import minimum_image

PERIODS = [None, (1.0, 1.0), (0.0, 0.4)]


def cloud(num: int, seed: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((num, 2)))


def as_set(edges: Tensor) -> set[tuple[int, int]]:
    return {(int(s), int(t)) for s, t in edges.T}


def assert_sorted_and_once(edges: Tensor) -> None:
    rows = [(t, s) for s, t in edges.T.tolist()]
    assert rows == sorted(set(rows))


def distances(x: Tensor, period: tuple[float, ...] | None) -> Tensor:
    offset = (x[None] - x[:, None]).reshape(-1, x.shape[1])
    return minimum_image(offset, period).norm(dim=1).view(len(x), len(x))


def test_mesh_edges_are_the_sides_of_the_cells_both_ways(mesh: Mesh) -> None:
    sides: set[tuple[int, int]] = set()
    for kind, cells in mesh.cells.items():
        for cell in cells.tolist():
            for face in FACES_OF_CELL[kind]:
                ring = [cell[i] for i in face]
                for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
                    sides |= {(a, b), (b, a)}
    found = mesh_edges(mesh)
    assert as_set(found) == sides
    assert_sorted_and_once(found)


def test_the_dual_joins_cells_that_share_a_face(mesh: Mesh) -> None:
    corners = [set(cell) for cells in mesh.cells.values() for cell in cells.tolist()]
    found = cell_dual(mesh)
    wanted = {
        pair
        for a, b in combinations(range(len(corners)), 2)
        if len(corners[a] & corners[b]) >= mesh.dim
        for pair in ((a, b), (b, a))
    }
    assert as_set(found) == wanted
    assert found.shape[1] == 2 * faces(mesh).num_inner
    assert_sorted_and_once(found)


@pytest.mark.parametrize("period", PERIODS)
@given(num=st.integers(0, 40), radius=st.sampled_from([0.0, 0.1, 0.25, 0.6, 3.0]), seed=st.integers(0, 99))
def test_radius_edges_are_exact(period: tuple[float, ...] | None, num: int, radius: float, seed: int) -> None:
    x = cloud(num, seed)
    near = distances(x, period) <= radius
    wanted = {(int(s), int(t)) for t, s in near.nonzero()}
    loops = radius_edges(x, radius, period=period, self_loops=True)
    assert as_set(loops) == wanted
    found = radius_edges(x, radius, period=period)
    assert as_set(found) == {(s, t) for s, t in wanted if s != t}
    assert as_set(found) == as_set(found.flip(0))
    assert_sorted_and_once(found)


@pytest.mark.parametrize("period", PERIODS)
@given(num=st.integers(4, 30), k=st.integers(1, 3), seed=st.integers(0, 99))
def test_nearest_edges_are_exact(period: tuple[float, ...] | None, num: int, k: int, seed: int) -> None:
    x = cloud(num, seed)
    away = distances(x, period).fill_diagonal_(torch.inf)
    wanted = {(int(s), t) for t in range(num) for s in away[t].topk(k, largest=False).indices}
    directed = nearest_edges(x, k, period=period, symmetric=False)
    assert as_set(directed) == wanted
    assert_sorted_and_once(directed)
    both = nearest_edges(x, k, period=period)
    assert as_set(both) == wanted | {(t, s) for s, t in wanted}
    assert_sorted_and_once(both)


@pytest.mark.parametrize("make", [lambda x: radius_edges(x, 0.3), lambda x: nearest_edges(x, 3)])
def test_renumbered_points_have_the_renumbered_edges(make: Callable[[Tensor], Tensor]) -> None:
    x = cloud(50, 0)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    assert as_set(order[make(x[order])]) == as_set(make(x))


def test_coincident_points_are_neighbors_of_each_other_only() -> None:
    x = torch.tensor([[0.5, 0.5]] * 6 + [[0.9, 0.9]])
    assert radius_edges(x, 0.0).shape[1] == 6 * 5
    for k in (1, 3, 5):
        found = nearest_edges(x, k, symmetric=False)
        assert torch.equal(torch.bincount(found[1], minlength=7), torch.full((7,), k))
        assert (found[0] != found[1]).all()


def test_few_points() -> None:
    one = torch.zeros(1, 2)
    assert radius_edges(one, 1.0).shape == (2, 0)
    assert radius_edges(one, 1.0, self_loops=True).tolist() == [[0], [0]]
    assert nearest_edges(torch.zeros(0, 2), 3).shape == (2, 0)
    with pytest.raises(DataError, match="1 neighbors asked of 1 points"):
        nearest_edges(one, 1)
    with pytest.raises(ConfigError, match="k is 0"):
        nearest_edges(one, 0)
    assert nearest_edges(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), 1).tolist() == [[1, 0], [0, 1]]
