"""A run that goes wrong says where: which weight, which batch, how far, and what would fit."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from gno.errors import ResourceError, SolverError
from gno.models import Operator
from gno.training import Recipe, train
from gno.training.optimization import Optimization
from gno.training.watch import culprit, warn_of_epoch


def test_the_parameter_that_is_not_finite_is_named() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    assert culprit(network).startswith("all weights are finite, the largest is")
    network(torch.tensor([[1.0, math.inf]])).sum().backward()
    assert culprit(network) == "the gradient of 0.weight is not finite"
    with torch.no_grad():
        network[1].bias[0] = math.nan
    assert culprit(network) == "parameter 1.bias is not finite"


def test_a_run_names_epoch_batch_and_parameter(
    recipe: Recipe, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = Operator.forward

    def broken(self: Operator, graph: object) -> torch.Tensor:
        with torch.no_grad():
            list(self.parameters())[-1].fill_(math.inf)
        return forward(self, graph)

    monkeypatch.setattr(Operator, "forward", broken)
    with pytest.raises(SolverError, match=r"in epoch 1, batch 1; parameter network\.project\.[\w.]+bias is not finite"):
        train(recipe, small_data, tmp_path / "run")


def test_a_loss_that_runs_away_is_told_once() -> None:
    rows, layer = [{"train_loss": 1.0}, {"train_loss": 0.5}], nn.Linear(1, 1)
    with pytest.warns(UserWarning, match=r"the loss is 60 and was 0\.5: training diverges"):
        warn_of_epoch(rows, 60.0, layer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_epoch([*rows, {"train_loss": 60.0}], 70.0, layer)
        warn_of_epoch(rows, 30.0, layer)


def test_gradients_that_are_all_zero_are_told_once() -> None:
    layer = nn.Linear(1, 1)
    (0 * layer(torch.ones(1, 1))).sum().backward()
    with pytest.warns(UserWarning, match="all gradients are zero"):
        warn_of_epoch([], 1.0, layer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_epoch([{"train_loss": 1.0}], 1.0, layer)


@pytest.mark.parametrize(
    ("error", "options", "says"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried 9 GiB"),
            {"batch_size": 5},
            r"5 samples.*Tried.*accumulate=2",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you"),
            {"accumulate": 2},
            r"2 samples .*accumulate=4",
        ),
        (MemoryError(), {"batch_size": 1}, r"the system gives no more; train on smaller meshes"),
    ],
)
def test_what_may_fit_is_told_where_memory_does_not_suffice(error: Exception, options: dict, says: str) -> None:
    with pytest.raises(ResourceError, match=says) as caught, Optimization(**options).within_memory():
        raise error
    assert caught.value.exit_code == 6


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="of mine"), Optimization().within_memory():
        raise RuntimeError("of mine")
