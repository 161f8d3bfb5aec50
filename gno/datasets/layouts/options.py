"""What a file leaves open, and the user may say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from gno.datasets.naming import suggestion
from gno.errors import ConfigError


@dataclass(frozen=True)
class Options:
    """Choices that apply where a file does not say it itself.

    Args:
        inputs: fields that are given, whatever the layout makes of them.
        targets: fields that are wanted, whatever the layout makes of them.
        extent: ends of a grid without coordinates: ``(x0, x1, y0, y1)``; by default 0 and 1 along each axis.
        periodic: whether the last point of a grid without coordinates is one step before the end of the extent.
        end_time: last instant, where the file has no times; by default the instants are 0, 1, 2, ...
        stride: every which point of a grid, along each axis.
        time_stride: every which instant.
        alpha: of a cloud of points without cells, triangles are kept whose circle is smaller than this many times the
            distance between neighbors.

    Raises:
        ConfigError: a value that cannot be.
    """

    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    extent: tuple[float, ...] = ()
    periodic: bool | None = None
    end_time: float | None = None
    stride: int = 1
    time_stride: int = 1
    alpha: float = 3.0

    def __post_init__(self) -> None:
        for name in ("stride", "time_stride"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}", why="it must be at least 1")
        low, high = np.array(self.extent[::2]), np.array(self.extent[1::2])
        if len(low) != len(high) or not (low < high).all() or not np.isfinite(self.extent).all():
            raise ConfigError(f"extent is {list(self.extent)}", why="it must be x0,x1,y0,y1 with x0 < x1, y0 < y1")
        if self.end_time is not None and not (np.isfinite(self.end_time) and self.end_time > 0):
            raise ConfigError(f"end_time is {self.end_time}", why="it must be finite and larger than 0")
        if not (np.isfinite(self.alpha) and self.alpha > 0):
            raise ConfigError(f"alpha is {self.alpha}", why="it must be finite and larger than 0")
        both = set(self.inputs) & set(self.targets)
        if both:
            raise ConfigError(f"field {min(both)!r} is among inputs and targets", why="it is one of them")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """Options from words of the command line.

        Args:
            given: name to a number, a truth value, a name or a list.

        Raises:
            ConfigError: an unknown name, or a value that does not fit.

        Example:
            >>> Options.of({"inputs": "a", "extent": [0, 2, 0, 1], "stride": 2}).extent
            (0.0, 2.0, 0.0, 1.0)
        """
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"there is no option {name!r}", why=f"have: {', '.join(known)}", fix=suggestion(name, known)
                )
        return cls(**{name: _fitting(name, value) for name, value in given.items()})

    def times(self, count: int) -> np.ndarray:
        """Instants of a file that has none."""
        return np.arange(float(count)) if self.end_time is None else np.linspace(0.0, self.end_time, count)

    def axes(self, shape: Sequence[int], *, periodic: bool = False, centered: bool = False) -> list[np.ndarray]:
        """Coordinates along the axes of a grid that has none.

        Args:
            shape: points along each axis.
            periodic: what the layout says, where ``self.periodic`` does not.
            centered: whether points are the middles of cells that fill the extent.

        Raises:
            ConfigError: an extent of another dimension.
        """
        extent = self.extent or (0.0, 1.0) * len(shape)
        if len(extent) != 2 * len(shape):
            raise ConfigError(
                f"extent has {len(extent)} numbers", why=f"the grid has {len(shape)} axes, with two ends each"
            )
        open_end = centered or (periodic if self.periodic is None else self.periodic)
        ends = list(zip(shape, extent[::2], extent[1::2]))
        shift = [0.5 * (b - a) / n if centered else 0.0 for n, a, b in ends]
        return [np.linspace(a, b, n, endpoint=not open_end) + half for (n, a, b), half in zip(ends, shift)]


def _fitting(name: str, value: Any) -> Any:
    row = value if isinstance(value, (list, tuple)) else [value]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name in ("inputs", "targets") and all(isinstance(v, str) for v in row):
        return tuple(row)
    if name == "extent" and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in row):
        return tuple(float(v) for v in row)
    if name == "periodic" and isinstance(value, bool):
        return value
    if name in ("stride", "time_stride") and number and value == int(value):
        return int(value)
    if name in ("end_time", "alpha") and number:
        return float(value)
    wanted = {"inputs": "names", "targets": "names", "extent": "numbers", "periodic": "true or false"}
    raise ConfigError(f"{name} is {value!r}", why=f"it must be {wanted.get(name, 'a number')}")
