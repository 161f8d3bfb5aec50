"""A field as a network sees it: its normalizer, and the range it had in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gno.datasets.field import FieldSpec
from gno.datasets.normalizer import Normalizer
from gno.datasets.statistics import RunningStatistics, Statistics
from gno.errors import ConfigError, DataError
from gno.mesh.mesh import Mesh
from gno.models.features.nodal import nodal

_DECADE = 10.0  # a positive input whose largest value is that many times its least one is taken by its logarithm
_SAME = 1e-9  # relative difference between values of a parameter that rounding may have made


@dataclass(frozen=True)
class Channel:
    """A field that goes into a network or comes out of it.

    Args:
        spec: the field.
        normalizer: its scaling.
        low: least value in training, one per component.
        high: greatest value in training, one per component.
        per_sample: whether it is a parameter: one number for all nodes of a mesh.

    Raises:
        ConfigError: numbers of components that differ, or a range that is none.

    Example:
        >>> channel = Channel(FieldSpec("a"), Normalizer((1.0,), (0.5,)), (0.0,), (2.0,))
        >>> channel.outside(torch.tensor([[1.0], [5.0]]))  # 5 is 3 above the range, 6 deviations
        tensor([0., 6.])
    """

    spec: FieldSpec
    normalizer: Normalizer
    low: tuple[float, ...]
    high: tuple[float, ...]
    per_sample: bool = False

    def __post_init__(self) -> None:
        if {len(self.low), len(self.high), len(self.normalizer.mean)} != {self.spec.components}:
            raise ConfigError(
                f"field {self.spec.name!r} has {self.spec.components} components",
                why=f"its normalizer has {len(self.normalizer.mean)}, its range {len(self.low)} and {len(self.high)}",
            )
        if not all(low <= high for low, high in zip(self.low, self.high)):
            raise ConfigError(f"field {self.spec.name!r} ranges from {self.low} to {self.high}")

    @classmethod
    def from_statistics(cls, spec: FieldSpec, statistics: Statistics, transform: str | None = None) -> Channel:
        """The channel of a field's training statistics.

        Args:
            spec: the field.
            statistics: over the training samples.
            transform: ``none`` or ``log``; by default ``log`` for an input that is positive and spans a decade.

        Raises:
            ConfigError: an unknown transform.
            DataError: a logarithm of values that are not positive.
        """
        if transform is None:
            wide = statistics.log_mean is not None and bool((statistics.max >= _DECADE * statistics.min).all())
            transform = "log" if wide and spec.role != "target" else "none"
        if transform == "log" and statistics.log_mean is None:
            raise DataError(
                f"field {spec.name!r} goes down to {statistics.min.min():.6g}",
                why="a logarithm needs positive values",
                fix=f"leave {spec.name} out of the transforms",
            )
        low, high = (tuple(map(float, ends)) for ends in (statistics.min, statistics.max))
        return cls(spec, Normalizer.from_statistics(statistics, transform), low, high)

    @classmethod
    def of_parameter(cls, name: str, values: Float[np.ndarray, " samples"], transform: str | None = None) -> Channel:
        """The channel of a parameter of the samples.

        Args:
            name: of the parameter.
            values: in the training samples.
            transform: as of ``from_statistics``.

        Raises:
            ConfigError: an unknown transform.
            DataError: a logarithm of values that are not positive.

        Example:
            >>> channel = Channel.of_parameter("mach", np.array([0.2, 0.6]))
            >>> channel.low, channel.high, channel.normalizer.mean
            ((0.2,), (0.6,), (0.4,))
        """
        running = RunningStatistics(name, 1)
        running.update(values)
        return replace(cls.from_statistics(FieldSpec(name), running.result(), transform), per_sample=True)

    def values(self, mesh: Mesh) -> Float[Tensor, "nodes components"]:
        """Physical values at the nodes of a mesh, in double precision.

        Raises:
            DataError: the mesh has no such field, or one that cannot be used; a parameter that varies.
        """
        values = nodal(mesh, self.spec, positive=self.normalizer.transform == "log")
        low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
        if self.per_sample and high - low > _SAME * max(abs(low), abs(high)):
            raise DataError(
                f"parameter {self.spec.name!r} ranges from {low:.6g} to {high:.6g}",
                why="it is one number for a whole mesh",
                fix="give a number",
            )
        return torch.from_numpy(np.ascontiguousarray(values))

    def encode(self, values: Float[Tensor, "nodes components"]) -> Float[Tensor, "nodes components"]:
        """Physical values as the network sees them."""
        return self.normalizer.encode(values)

    def decode(self, values: Float[Tensor, "nodes components"]) -> Float[Tensor, "nodes components"]:
        """Values of the network as physical ones."""
        return self.normalizer.decode(values)

    def outside(self, values: Float[Tensor, "nodes components"]) -> Float[Tensor, " nodes"]:
        """How far physical values lie outside the training range, in deviations; 0 inside.

        Args:
            values: at the nodes.
        """
        ends = (self.encode(torch.tensor([end], dtype=values.dtype)) for end in (self.low, self.high))
        low, high = ends
        encoded = self.encode(values)
        return torch.maximum(low - encoded, encoded - high).clamp(min=0).amax(dim=1)

    def to_dict(self) -> dict[str, Any]:
        """What JSON and a model file can hold."""
        ends = {"normalizer": self.normalizer.to_dict(), "low": list(self.low), "high": list(self.high)}
        return self.spec.to_dict() | ends | ({"per_sample": True} if self.per_sample else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Channel:
        """The inverse of ``to_dict``.

        Raises:
            ConfigError: keys or values that do not make a channel.
        """
        try:
            own = {key: data[key] for key in ("name", "role", "location", "units", "components")}
            low, high = (tuple(float(x) for x in data[end]) for end in ("low", "high"))
            per_sample = bool(data.get("per_sample", False))
            return cls(FieldSpec(**own), Normalizer.from_dict(data["normalizer"]), low, high, per_sample)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError("a field of a model cannot be read", why=f"{type(error).__name__}: {error}") from error
