"""The viscosity that a flow is given."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gno.errors import ConfigError


def viscosity_of(value: float | Tensor) -> Float[Tensor, ""]:
    """The kinematic viscosity as a tensor.

    Args:
        value: one positive number, which may require a gradient.

    Raises:
        ConfigError: several numbers, or one that is not positive and finite.

    Example:
        >>> viscosity_of(0.5)
        tensor(0.5000, dtype=torch.float64)
    """
    nu = torch.as_tensor(value, dtype=torch.float64)
    if nu.numel() != 1 or not bool((nu.detach() > 0).all() & nu.detach().isfinite().all()):
        shown = f"{float(nu.detach()):g}" if nu.numel() == 1 else f"of shape {tuple(nu.shape)}"
        raise ConfigError(f"viscosity is {shown}", why="it is one finite number larger than 0")
    return nu.reshape(())
