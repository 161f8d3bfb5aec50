"""Scaling and its inverse, at any node of any mesh."""

import json

import numpy as np
import pytest
import torch

from gno.datasets import Normalizer
from gno.datasets.statistics import RunningStatistics, Statistics
from gno.errors import ConfigError, DataError


def statistics(values: np.ndarray) -> Statistics:
    running = RunningStatistics("u", 1 if values.ndim == 1 else values.shape[1])
    running.update(values)
    return running.result()


@pytest.mark.parametrize("transform", ["none", "log"])
@pytest.mark.parametrize("shape", [(500,), (500, 1), (500, 3)])
def test_scaled_values_have_mean_0_and_deviation_1_and_come_back(transform: str, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).lognormal(2.0, 1.5, shape)
    normalizer = Normalizer.from_statistics(statistics(values), transform)
    scaled = normalizer.encode(torch.from_numpy(values))
    assert scaled.shape == shape
    torch.testing.assert_close(scaled.mean(0), torch.zeros(shape[1:]).double(), atol=1e-12, rtol=0)
    torch.testing.assert_close(scaled.std(0, correction=0), torch.ones(shape[1:]).double())
    torch.testing.assert_close(normalizer.decode(scaled), torch.from_numpy(values))
    assert normalizer.encode(torch.from_numpy(values).float()).dtype == torch.float32


def test_every_node_is_scaled_alike() -> None:
    normalizer = Normalizer((1.0, 2.0), (3.0, 4.0))
    values = torch.rand(20, 2)
    order = torch.randperm(20)
    torch.testing.assert_close(normalizer.encode(values)[order], normalizer.encode(values[order]))
    torch.testing.assert_close(normalizer.encode(values[:3]), normalizer.encode(values)[:3])


def test_a_constant_field_is_shifted_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="constant"):
        normalizer = Normalizer.from_statistics(statistics(np.full(9, 7.0)))
    assert normalizer.std == (1.0,)
    assert normalizer.encode(torch.full((4,), 7.0)).tolist() == [0.0] * 4


def test_a_logarithm_needs_positive_values() -> None:
    with pytest.raises(DataError, match=r'the least value is -1; .*; use transform="none"'):
        Normalizer.from_statistics(statistics(np.array([-1.0, 2.0])), "log")
    with pytest.raises(DataError, match="the least value is 0"):
        Normalizer((0.0,), (1.0,), "log").encode(torch.tensor([1.0, 0.0]))


def test_json_brings_it_back_and_what_cannot_be_is_refused() -> None:
    normalizer = Normalizer((0.1, -2e30), (1e-7, 3.0), "log")
    assert Normalizer.from_dict(json.loads(json.dumps(normalizer.to_dict()))) == normalizer
    for mean, std, transform in (
        ((), (), "none"),
        ((1.0,), (1.0, 2.0), "none"),
        ((1.0,), (0.0,), "none"),
        ((float("nan"),), (1.0,), "none"),
        ((1.0,), (1.0,), "sqrt"),
    ):
        with pytest.raises(ConfigError):
            Normalizer(mean, std, transform)
    with pytest.raises(ConfigError, match=r"keys \['mean'\]"):
        Normalizer.from_dict({"mean": [1.0]})
    with pytest.raises(DataError, match="the last axis must be 2"):
        normalizer.encode(torch.ones(5))
