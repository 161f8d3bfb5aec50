"""The periodic box: images differ by whole periods, and none is shorter than the minimum image."""

import itertools

import numpy as np
import pytest
import torch

from gno.errors import ConfigError
from gno.ops.period import check_period, minimum_image, wrap


def test_no_image_is_shorter_than_the_minimum_image() -> None:
    period = torch.tensor([1.0, 0.0, 0.3], dtype=torch.float64)
    offset = 2 * torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    shortest = minimum_image(offset, period.tolist())
    turns = torch.tensor([*itertools.product(range(-12, 13), [0], range(-30, 31))], dtype=torch.float64)
    images = offset[:, None] + turns * period
    torch.testing.assert_close(shortest.norm(dim=1), images.norm(dim=2).amin(1))
    assert torch.equal(shortest[:, 1], offset[:, 1])


def test_wrapping_moves_into_the_half_open_box_and_leaves_the_other_axes() -> None:
    points = np.array([[-1e-17, 5.0], [1.0, -5.0], [2.75, 0.0], [-0.25, 1.0]])
    wrapped, box = wrap(points, (1.0, 0.0))
    assert box is not None
    assert wrapped[:, 0].tolist() == [0.0, 0.0, 0.75, 0.75]
    assert np.array_equal(wrapped[:, 1], points[:, 1])


@pytest.mark.parametrize("period", [(1.0,), (1.0, -1.0), (1.0, float("nan")), (float("inf"), 1.0)])
def test_a_period_that_cannot_be_is_refused(period: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="2 lengths"):
        check_period(period, 2)


def test_a_box_without_periods_is_no_box() -> None:
    points = np.array([[2.0, 3.0]])
    for period in (None, (0.0, 0.0)):
        wrapped, box = wrap(points, period)
        assert box is None
        assert np.array_equal(wrapped, points)
