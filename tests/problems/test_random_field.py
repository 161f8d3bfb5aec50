"""The two ways to draw a Gaussian field agree in law, and with theory."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from gno.errors import ConfigError
from gno.mesh import cell_centroid, cell_volume, shapes
from gno.problems.random_field import mesh_field, square_field

SIDE, TAU, DRAWS = 1.1, 3.0, 200
MESH = shapes.square(0.11, side=SIDE, seed=2)
MODES = [(1, 0), (0, 1), (1, 1), (2, 0), (2, 1)]


def coefficients(values: np.ndarray) -> np.ndarray:
    """Coefficients of the field in the orthonormal cosine modes, by quadrature over the cells."""
    x, volume = cell_centroid(MESH), cell_volume(MESH)
    result = []
    for k, m in MODES:
        mode = np.cos(np.pi * k * x[:, 0] / SIDE) * np.cos(np.pi * m * x[:, 1] / SIDE)
        result.append(volume @ (values * mode) / np.sqrt(volume @ mode**2))
    return np.array(result)


@cache
def draws(kind: str) -> np.ndarray:
    centers = cell_centroid(MESH)
    fields = (
        square_field(SIDE, np.random.default_rng(i), tau=TAU)
        if kind == "series"
        else mesh_field(MESH, np.random.default_rng(i), tau=TAU)
        for i in range(DRAWS)
    )
    return np.array([field(centers) for field in fields])


@pytest.mark.parametrize("kind", ["series", "mesh"])
def test_modes_are_independent_with_the_variances_of_the_law(kind: str) -> None:
    found = np.array([coefficients(values) for values in draws(kind)])
    wanted = np.array([1 / (np.pi**2 * (k**2 + m**2) / SIDE**2 + TAU**2) for k, m in MODES])
    # The standard error of a variance is sqrt(2 / 200) = 10 % of it, that of a correlation 7 %.
    assert np.allclose((found**2).mean(axis=0) / wanted**2, 1, atol=0.35)
    assert np.abs(np.corrcoef(found.T) - np.eye(len(MODES))).max() < 0.25
    assert np.abs(found.mean(axis=0) / wanted).max() < 0.25


def test_both_have_the_same_variance_in_space_and_no_mean() -> None:
    volume = cell_volume(MESH)
    variance = {}
    for kind in ("series", "mesh"):
        values = draws(kind)
        assert np.abs(values @ volume / volume.sum()).max() < 2e-2 * values.std()
        variance[kind] = (values**2).mean(axis=0)
    assert variance["mesh"].mean() == pytest.approx(variance["series"].mean(), rel=0.15)
    # Zero flux at the boundary lets the variance grow towards it: twice on sides, four times in corners.
    assert np.corrcoef(variance["mesh"], variance["series"])[0, 1] > 0.7


def test_a_field_is_one_function_of_space() -> None:
    field = mesh_field(MESH, np.random.default_rng(0))
    other = shapes.square(0.1, side=SIDE, seed=9).points
    assert np.array_equal(field(other)[::3], field(other[::3]))
    assert np.isfinite(field(np.array([[-5.0, 0.0], [2.0, 2.0]]))).all()
    near = np.abs(field(MESH.points) - field(MESH.points + 1e-9))
    assert near.max() < 1e-6


def test_the_same_seed_gives_the_same_field() -> None:
    for draw in (lambda rng: square_field(SIDE, rng), lambda rng: mesh_field(MESH, rng)):
        one, same, other = (draw(np.random.default_rng(seed))(MESH.points) for seed in (4, 4, 5))
        assert np.array_equal(one, same)
        assert not np.allclose(one, other)


@pytest.mark.parametrize(("side", "tau"), [(0.0, 3.0), (1.0, -1.0), (1.0, np.nan)])
def test_lengths_that_cannot_be_are_refused(side: float, tau: float) -> None:
    with pytest.raises(ConfigError, match="must be positive"):
        square_field(side, np.random.default_rng(0), tau=tau)
