"""Edge features: what they are made of, and what leaves them unchanged."""

from __future__ import annotations

import jaxtyping
import pytest
import torch

from gno.errors import ConfigError, DataError
from gno.nn.edge_features import GEOMETRIES, edge_features, num_edge_features
from gno.nn.kernel_options import KernelOptions


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("dim", [2, 3])
def test_as_many_as_announced(geometry: str, dim: int) -> None:
    x, a, edge_index = torch.rand(5, dim), torch.rand(5, 2), torch.randint(5, (2, 9))
    features = edge_features(edge_index, (x, x), 0.5, (a, a), geometry=geometry)
    assert features.shape == (9, num_edge_features(dim, 2, geometry))
    assert torch.equal(features[:, -4:-2], a[edge_index[0]])
    assert torch.equal(features[:, -2:], a[edge_index[1]])


def test_relative_features_know_neither_place_nor_scale() -> None:
    x, a, edge_index = torch.rand(5, 2, dtype=torch.float64), torch.rand(5, 1).double(), torch.randint(5, (2, 9))
    one = edge_features(edge_index, (x, x), 0.5, (a, a))
    other = edge_features(edge_index, (3 * x + 7, 3 * x + 7), 1.5, (a, a))
    assert (one - other).abs().max() < 1e-14


def test_the_papers_features() -> None:
    x, a = torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.tensor([[5.0], [6.0]])
    features = edge_features(torch.tensor([[1], [0]]), (x, x), 1.0, (a, a), geometry="absolute")
    assert features.tolist() == [[2.0, 3.0, 0.0, 1.0, 6.0, 5.0]]


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # what a user meets
    x, a, edge_index = torch.rand(5, 2), torch.rand(5, 1), torch.zeros(2, 1).long()
    with pytest.raises(ConfigError, match="radius is 0"):
        edge_features(edge_index, (x, x), 0.0, (a, a))
    with pytest.raises(ConfigError, match="'polar' is unknown"):
        edge_features(edge_index, (x, x), 1.0, (a, a), geometry="polar")
    with pytest.raises(DataError, match="sources have 1 inputs, targets 3"):
        edge_features(edge_index, (x, x), 1.0, (a, torch.rand(5, 3)))
    for wrong in ({"width": 0}, {"layers": 1.5}, {"geometry": "polar"}, {"activation": "step"}, {"depth": 3}):
        with pytest.raises(ConfigError):
            KernelOptions.of(wrong)
