"""What a layout is: how it is known, and how its samples are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from gno.datasets.field import FieldSpec
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.naming import is_storable, suggestion
from gno.datasets.sources import Source
from gno.errors import ConfigError

Needs = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Reading:
    """The samples of one source.

    Args:
        fields: of every sample.
        count: samples.
        sample: number to sample.
        attributes: what the file says of itself, and the layout of the file.
    """

    fields: tuple[FieldSpec, ...]
    count: int
    sample: Callable[[int], Series]
    attributes: Mapping[str, str | float | int] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> Series:
        if not 0 <= i < self.count:
            raise IndexError(f"sample {i} of {self.count}")
        return self.sample(i)


class Layout(ABC):
    """A layout of files that others write.

    A layout of arrays says in ``needs`` which arrays a file has, by name and numbers of axes.
    """

    name: ClassVar[str]
    """What ``--layout`` calls it."""
    about: ClassVar[str]
    """Whose it is, in a few words."""
    kinds: ClassVar[tuple[str, ...]] = ("HDF5",)
    """Kinds of sources that it is found in."""
    needs: ClassVar[Needs] = {}
    """Array to the numbers of axes that it may have."""

    def lacks(self, source: Source) -> tuple[str, ...]:
        """What a source lacks to be of this layout; nothing where it is."""
        return tuple(
            f"{name!r} with {' or '.join(map(str, ranks))} axes"
            for name, ranks in self.needs.items()
            if name not in source.shapes or len(source.shapes[name]) not in ranks
        )

    def fits(self, source: Source) -> bool:
        """Whether a source is of this layout."""
        return source.kind in self.kinds and not self.lacks(source)

    @abstractmethod
    def open(self, source: Source, options: Options) -> Reading:
        """The samples of a source that fits.

        Args:
            source: the file or folder.
            options: what the file leaves open.

        Raises:
            DataError: arrays whose shapes do not fit each other.
            ConfigError: an option that does not fit the file.
        """


def spec(name: str, role: str, parts: Sequence[int] = ()) -> FieldSpec:
    """A field at the nodes, by the axes of its components: none, or one.

    Example:
        >>> spec("velocity", "target", (2,)).components, spec("u", "target", (1,)).components
        (2, 1)
    """
    return FieldSpec(name, role=role, components=int(np.prod(parts)) if parts else 1)


def squeezed(values: np.ndarray) -> np.ndarray:
    """Values ``(..., k)`` of a field as ``spec`` tells them: without the last axis where there is one component.

    Example:
        >>> squeezed(np.zeros((4, 1))).shape, squeezed(np.zeros((4, 2))).shape
        ((4,), (4, 2))
    """
    return values[..., 0] if values.shape[-1] == 1 else values


def numbers_in(attributes: Mapping[str, object]) -> dict[str, float]:
    """Those of a file's attributes that are finite numbers: they become parameters.

    Example:
        >>> numbers_in({"beta": 0.1, "flag": True, "name": "x"})
        {'beta': 0.1}
    """
    single = {n: v[0] if isinstance(v, list) and len(v) == 1 else v for n, v in attributes.items()}
    return {
        name: float(value)
        for name, value in single.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value) and is_storable(name)
    }


def with_roles(reading: Reading, options: Options) -> Reading:
    """The reading with the roles that the user gives to fields.

    Raises:
        ConfigError: there is no field of that name, or no target is left.
    """
    names = [spec.name for spec in reading.fields]
    for name in (*options.inputs, *options.targets):
        if name not in names:
            raise ConfigError(
                f"there is no field {name!r}", why=f"have: {', '.join(names)}", fix=suggestion(name, names)
            )
    roles = dict.fromkeys(options.inputs, "input") | dict.fromkeys(options.targets, "target")
    return replace(reading, fields=tuple(replace(s, role=roles.get(s.name, s.role)) for s in reading.fields))


def split_of(source: Source, *more: str) -> str | None:
    """The split that the name of a file, of its folder, or of a group in it tells.

    Args:
        source: the file.
        more: other words that may tell.

    Example:
        >>> from pathlib import Path
        >>> split_of(Source(Path("data/valid/a_0.hdf5"), {})), split_of(Source(Path("b.mat"), {}))
        ('valid', None)
    """
    words: Sequence[str] = [*more, *source.path.stem.lower().replace("-", "_").split("_"), source.path.parent.name]
    for word in words:
        if word in ("train", "valid", "val", "test"):
            return "valid" if word == "val" else word
    return None
