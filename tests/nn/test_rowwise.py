"""Which kernels may be evaluated a part at a time."""

from __future__ import annotations

import pytest
from torch import nn

from gno.nn import MLP
from gno.nn.rowwise import rowwise


class Doubled(nn.Linear):
    """A subclass may do anything."""


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (MLP((2, 4, 3), last=True), True),
        (nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.SiLU()), True),
        (nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4)), False),
        (nn.Sequential(nn.Linear(2, 4), nn.Sequential(nn.Dropout(0.5))), False),
        (Doubled(2, 4), False),
        (nn.utils.spectral_norm(nn.Linear(2, 4)), False),
        (nn.utils.parametrizations.weight_norm(nn.Linear(2, 4)), False),
    ],
)
def test_only_layers_known_to_treat_each_row_on_its_own_count(network: nn.Module, expected: bool) -> None:
    assert rowwise(network) is expected
