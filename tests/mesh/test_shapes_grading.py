"""Graded meshes: edges follow the size that is asked for, and shrink by themselves where the shape is narrow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gno.errors import ConfigError
from gno.mesh import Mesh, edges
from gno.mesh.shapes import disk, l_shape, polygon, square, square_with_holes

CORNER = np.array([0.5, 0.5])


def at_corner(x: np.ndarray) -> np.ndarray:
    return 0.008 + 0.15 * np.hypot(*(x - CORNER).T)


def at_ring(x: np.ndarray) -> np.ndarray:
    return 0.03 + 0.2 * np.abs(np.hypot(*x.T) - 0.6)


GRADED: dict[str, tuple[Callable[..., Mesh], Callable[[np.ndarray], np.ndarray]]] = {
    "corner": (l_shape, at_corner),
    "ring": (disk, at_ring),
}


def measured(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    ends = mesh.points[edges(mesh)]
    return ends.mean(1), np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)


def near(mesh: Mesh, point: tuple[float, float], radius: float) -> float:
    middle, length = measured(mesh)
    return float(length[np.hypot(*(middle - point).T) < radius].mean())


@pytest.mark.parametrize("name", GRADED)
@pytest.mark.parametrize("seed", range(2))
def test_edges_follow_the_size(name: str, seed: int) -> None:
    make, size = GRADED[name]
    mesh = make(0.1, seed=seed, size=size)
    middle, length = measured(mesh)
    ratio = length / np.minimum(size(middle), 0.1)
    assert ratio.mean() == pytest.approx(1.0, rel=0.1)
    assert np.percentile(ratio, 1) > 0.6
    assert np.percentile(ratio, 99) < 1.6


def test_a_jump_of_the_size_is_smoothed() -> None:
    mesh = square(0.1, size=lambda x: np.where(x[:, 0] < 0.5, 0.1, 0.02))
    corners = mesh.points[mesh.cells["triangle"]]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=-1)
    assert (sides.max(1) / sides.min(1)).max() < 2.2
    middle, length = measured(mesh)
    assert length[middle[:, 0] > 0.6].mean() == pytest.approx(0.02, rel=0.1)
    assert length[middle[:, 0] < 0.15].mean() > 0.07


def test_edge_length_bounds_a_larger_size() -> None:
    plain, bounded = square(0.1), square(0.1, size=lambda x: np.full(len(x), 5.0))
    assert measured(bounded)[1].mean() == pytest.approx(measured(plain)[1].mean(), rel=0.05)


def test_small_holes_short_sides_and_narrow_gaps_get_shorter_edges() -> None:
    hole = square_with_holes(0.1, [(0.5, 0.5, 0.02)])
    assert len(hole.boundary["hole_0"]) >= 12
    assert near(hole, (0.5, 0.5), 0.04) < 0.03
    gap = square_with_holes(0.1, [(0.29, 0.5, 0.2), (0.71, 0.5, 0.2)])
    assert near(gap, (0.5, 0.5), 0.03) < 0.04
    short = polygon([(0, 0), (1, 0), (1, 0.97), (0.97, 1), (0, 1)], 0.15)
    assert near(short, (1.0, 1.0), 0.1) < 0.08
    assert near(short, (0.1, 0.1), 0.2) > 0.12


def test_the_size_is_asked_only_inside() -> None:
    def size(x: np.ndarray) -> np.ndarray:
        assert (np.hypot(*x.T) <= 1 + 1e-9).all()
        return np.full(len(x), 0.08)

    disk(0.1, size=size)


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (lambda x: np.ones(3), r"size returned shape \(3,\)"),
        (lambda x: -np.ones(len(x)), "size is -1.0 at"),
        (lambda x: np.full(len(x), np.nan), "size is nan at"),
        (lambda x: np.full(len(x), 1e-7), "would have about"),
    ],
)
def test_a_size_that_cannot_be_is_refused(size: Callable[[np.ndarray], np.ndarray], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        square(0.1, size=size)
