"""Fourier series: another number of points is the same function, and a Gaussian field has its spectrum."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gno.errors import ConfigError
from gno.problems.fourier import Modes, gaussian_coefficients


def random_coefficients(points: int, dim: int) -> torch.Tensor:
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(points,) * dim))
    return Modes(points, dim).transform(values)


@pytest.mark.parametrize("dim", [1, 2])
def test_the_series_at_points_of_the_grid_is_the_values_there(dim: int) -> None:
    modes, c = Modes(12, dim), random_coefficients(12, dim)
    axis = np.arange(12) / 12
    points = np.stack(np.meshgrid(*[axis] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    found = modes.at(torch.stack([c, 2 * c]), points)
    np.testing.assert_allclose(found[0], modes.values(c).flatten(), atol=1e-13)
    np.testing.assert_allclose(found[1], 2 * found[0])


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("points", [8, 30])
def test_another_number_of_points_is_the_same_function_but_for_its_shortest_waves(dim: int, points: int) -> None:
    c, where = random_coefficients(12, dim), np.random.default_rng(1).random((7, dim))
    other = Modes(points, dim)
    found = other.taken_from(c)
    if points > 12:
        np.testing.assert_allclose(other.at(found[None], where), Modes(12, dim).at(c[None], where), atol=1e-13)
    else:
        np.testing.assert_array_equal(other.taken_from(Modes(12, dim).taken_from(found)), found)


@pytest.mark.parametrize("dim", [1, 2])
def test_means_are_those_of_the_values(dim: int) -> None:
    modes = Modes(12, dim)
    a, b = random_coefficients(12, dim), modes.k[0] * random_coefficients(12, dim)
    np.testing.assert_allclose(modes.mean_square(a), (modes.values(a) ** 2).mean())
    np.testing.assert_allclose(modes.mean_product(a, a + b), (modes.values(a) * modes.values(a + b)).mean())


@pytest.mark.parametrize("dim", [1, 2])
def test_a_gaussian_field_is_real_and_has_its_variance(dim: int) -> None:
    rng, modes = np.random.default_rng(0), Modes(16, dim)
    drawn = [gaussian_coefficients(16, dim, rng, scale=3.0, tau=2.0, power=1.5) for _ in range(800)]
    for c in drawn[:3]:
        np.testing.assert_allclose(modes.transform(modes.values(c)), c, atol=1e-14)
    spectrum = 3.0 * (modes.square + 4.0) ** -1.5 * modes.kept
    spectrum.view(-1)[0] = 0.0
    variance = float((modes._twice * spectrum).sum())
    found = np.mean([float(modes.mean_square(c)) for c in drawn])
    assert found == pytest.approx(variance, rel=0.08)


def test_odd_or_few_points_are_refused() -> None:
    for points in (6, 9):
        with pytest.raises(ConfigError, match=f"grid of {points} points"):
            Modes(points, 2)
