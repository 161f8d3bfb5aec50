"""Scaling of a field to mean 0 and deviation 1, the same at every node of every mesh."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.datasets.statistics import Statistics
from gno.errors import ConfigError, DataError

TRANSFORMS = ("none", "log")
"""What is done to the values before they are scaled."""


@dataclass(frozen=True)
class Normalizer:
    r"""Affine scaling of a field, after a logarithm where it spans decades.

    .. math::
        \hat u = \frac{T(u) - \mu}{\sigma}, \qquad u = T^{-1}(\sigma \hat u + \mu)

    The numbers belong to the field, not to nodes of a grid, so any mesh may follow.

    Args:
        mean: mean of the transformed field, one per component.
        std: deviation of the transformed field, one per component.
        transform: ``none`` or ``log``.

    Raises:
        ConfigError: an unknown transform, unequal lengths, or a deviation that is not positive.

    Example:
        >>> normalizer = Normalizer((2.0,), (4.0,))
        >>> normalizer.encode(torch.tensor([2.0, 6.0]))
        tensor([0., 1.])
        >>> normalizer.decode(torch.tensor([0.0, 1.0]))
        tensor([2., 6.])
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    transform: str = "none"

    def __post_init__(self) -> None:
        if self.transform not in TRANSFORMS:
            raise ConfigError(f"transform {self.transform!r} is unknown", why=f"known: {', '.join(TRANSFORMS)}")
        if len(self.mean) != len(self.std) or not self.mean:
            raise ConfigError(f"{len(self.mean)} means and {len(self.std)} deviations", why="each component has one")
        if not all(np.isfinite(m) for m in self.mean) or not all(np.isfinite(s) and s > 0 for s in self.std):
            raise ConfigError(f"mean {self.mean} and deviation {self.std}", why="both finite, the deviation positive")

    @classmethod
    def from_statistics(cls, statistics: Statistics, transform: str = "none") -> Normalizer:
        """The normalizer of a field's statistics; a constant component is only shifted, with a warning.

        Args:
            statistics: those of the training samples.
            transform: ``none`` or ``log``.

        Raises:
            ConfigError: an unknown transform.
            DataError: a logarithm of a field that is not positive.
        """
        mean, std = statistics.mean, statistics.std
        if transform == "log":
            if statistics.log_mean is None or statistics.log_std is None:
                raise DataError(
                    f"the least value is {statistics.min.min():.6g}",
                    why="a logarithm needs positive values",
                    fix='use transform="none"',
                )
            mean, std = statistics.log_mean, statistics.log_std
        constant = std <= 1e-12 * np.abs(mean)
        if constant.any():
            warnings.warn("a constant field is shifted to 0, not scaled: its deviation is 0", stacklevel=2)
        std = np.where(constant, 1.0, std)
        return cls(tuple(map(float, mean)), tuple(map(float, std)), transform)

    def encode(self, values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Scale physical values.

        Args:
            values: ``(nodes,)`` for one component, else ``(nodes, components)``.

        Raises:
            DataError: values that are not positive, under a logarithm.
        """
        mean, std = self._like(values)
        if self.transform == "log":
            # A program that is being exported has no values yet; its logarithm gives NaN.
            if not torch.compiler.is_compiling() and bool((values <= 0).any()):
                raise DataError(
                    f"the least value is {float(values.min()):.6g}", why="the logarithm needs positive ones"
                )
            values = values.log()
        return (values - mean) / std

    def decode(self, values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Scale back to physical values: the inverse of ``encode``."""
        mean, std = self._like(values)
        values = values * std + mean
        return values.exp() if self.transform == "log" else values

    def to_dict(self) -> dict[str, Any]:
        """What JSON and a model file can hold."""
        data = asdict(self)
        return data | {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Normalizer:
        """The inverse of ``to_dict``.

        Raises:
            ConfigError: keys or values that do not make a normalizer.
        """
        try:
            mean, std = (tuple(float(x) for x in data[key]) for key in ("mean", "std"))
            return cls(mean, std, str(data.get("transform", "none")))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"a normalizer cannot be made of keys {sorted(data)}", why=str(error)) from error

    def _like(self, values: Tensor) -> tuple[Tensor | float, Tensor | float]:
        if len(self.mean) == 1:
            return self.mean[0], self.std[0]
        if values.ndim == 0 or values.shape[-1] != len(self.mean):
            raise DataError(f"values have shape {tuple(values.shape)}", why=f"the last axis must be {len(self.mean)}")
        mean = torch.tensor(self.mean, dtype=values.dtype, device=values.device)
        return mean, torch.tensor(self.std, dtype=values.dtype, device=values.device)
