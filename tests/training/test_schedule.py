"""Learning rates and the moving average follow their formulas."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from gno.errors import ConfigError
from gno.training.ema import MovingAverage
from gno.training.optimization import Optimization
from gno.training.schedule import ConstantSchedule, CosineSchedule


def test_the_cosine_rises_to_its_peak_and_falls_to_its_floor() -> None:
    schedule = CosineSchedule(2.0, num_steps=110, warmup=10, floor=0.1)
    rates = [schedule(step) for step in range(111)]
    assert rates[9] == rates[10] == 2.0
    assert rates[110] == pytest.approx(0.2)
    assert rates[60] == pytest.approx(2.0 * (0.1 + 0.9 / 2))
    assert all(a < b for a, b in pairwise(rates[:10]))
    assert all(a > b for a, b in pairwise(rates[10:]))
    assert schedule(10_000) == pytest.approx(0.2)


@pytest.mark.parametrize("options", [{"num_steps": 0}, {"num_steps": 3, "warmup": 4}, {"num_steps": 3, "floor": 2.0}])
def test_a_schedule_that_cannot_be_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        CosineSchedule(1.0, **options)  # type: ignore[arg-type]


def test_the_section_makes_its_schedule_and_decays_only_matrices() -> None:
    options = Optimization(epochs=10, batch_size=4, warmup=0.2, weight_decay=0.5)
    schedule = options.make_schedule(30)
    assert isinstance(schedule, CosineSchedule)
    assert (schedule.num_steps, schedule.warmup) == (30, 6)
    assert isinstance(Optimization(schedule="constant").make_schedule(9), ConstantSchedule)
    groups = options.make_optimizer(nn.Linear(2, 3)).param_groups
    assert [(g["weight_decay"], [p.ndim for p in g["params"]]) for g in groups] == [(0.5, [2]), (0.0, [1])]


def test_the_average_is_the_weighted_sum_of_the_past_and_the_module_gets_its_own_weights_back() -> None:
    layer = nn.Linear(1, 1, bias=False).double()
    average, expected = MovingAverage(layer, 0.5), float(layer.weight.detach())
    for step, value in enumerate((1.0, 5.0, -2.0, 3.0), start=1):
        layer.weight.data.fill_(value)
        average.update(layer)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    assert float(average.state["weight"]) == pytest.approx(expected, rel=1e-14)
    with average.applied(layer):
        assert float(layer.weight.detach()) == pytest.approx(expected, rel=1e-14)
    assert float(layer.weight.detach()) == 3.0
    with pytest.raises(ConfigError, match=r"\[0, 1\)"):
        MovingAverage(layer, 1.0)
    assert not math.isnan(float(layer.weight.detach()))
    assert not any(value.requires_grad for value in average.state.values())
    assert torch.is_grad_enabled()
