"""The multilayer perceptron."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gno.errors import ConfigError, DataError
from gno.nn import MLP


def test_activations_stand_between_the_layers_and_last_if_asked() -> None:
    assert [type(layer) for layer in MLP((2, 3, 4)).layers] == [nn.Linear, nn.GELU, nn.Linear]
    assert float(MLP((2, 3), "relu", last=True)(torch.randn(50, 2)).detach().min()) >= 0


def test_what_cannot_be_is_refused() -> None:
    for sizes in ((3,), (3, 0), ()):
        with pytest.raises(ConfigError, match="two or more"):
            MLP(sizes)
    with pytest.raises(ConfigError, match="'step' is unknown"):
        MLP((2, 3), "step")
    with pytest.raises(DataError, match="4 channels; the MLP takes 2"):
        MLP((2, 3))(torch.ones(5, 4))
