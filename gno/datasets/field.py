"""What a field of a dataset is: its name, its part in the problem, where it lives, its units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gno.datasets.naming import is_storable, suggestion
from gno.errors import ConfigError, DataError
from gno.mesh.mesh import Mesh
from gno.typing import Field

ROLES = ("input", "target", "static")
"""Parts a field plays: given, wanted, or a property of the mesh that samples on it share."""
LOCATIONS = ("point", "cell")
"""Where values live."""


@dataclass(frozen=True)
class FieldSpec:
    """One field of a dataset.

    Args:
        name: its name in ``Mesh.point_data`` or ``Mesh.cell_data``.
        role: ``input``, ``target`` or ``static``; a static field is stored once per mesh, not once per sample.
        location: ``point`` or ``cell``.
        units: units in SI symbols; ``1`` where the field has none.
        components: numbers per node or cell; one means an array ``(nodes,)``, ``k`` one of ``(nodes, k)``.
        transient: whether a sample has values at each instant of a trajectory, ``(instants, nodes)`` or
            ``(instants, nodes, k)``; the fields beside it that are not stand still in time.

    Raises:
        ConfigError: a role, a location or a count that cannot be, or a name that HDF5 cannot hold.

    Example:
        >>> FieldSpec("velocity", role="target", units="m/s", components=2).shape(100)
        (100, 2)
    """

    name: str
    role: str = "input"
    location: str = "point"
    units: str = "1"
    components: int = 1
    transient: bool = False

    def __post_init__(self) -> None:
        if not is_storable(self.name):
            raise ConfigError(f"field name {self.name!r} cannot be used", why="HDF5 forbids '/', '.' and empty names")
        for what, value, allowed in (("role", self.role, ROLES), ("location", self.location, LOCATIONS)):
            if value not in allowed:
                raise ConfigError(f"field {self.name!r} has {what} {value!r}", why=f"known: {', '.join(allowed)}")
        if self.components < 1:
            raise ConfigError(f"field {self.name!r} has {self.components} components", why="it needs at least 1")
        if self.transient and self.role == "static":
            raise ConfigError(
                f"field {self.name!r} is static and transient", why="what changes in time is no property of the mesh"
            )

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold; a field that is not transient is written as before there were trajectories."""
        return {name: value for name, value in asdict(self).items() if name != "transient" or value}

    @property
    def group(self) -> str:
        """The VTKHDF group of the field: ``PointData`` or ``CellData``."""
        return "PointData" if self.location == "point" else "CellData"

    def shape(self, count: int) -> tuple[int, ...]:
        """Shape of the values at ``count`` nodes or cells."""
        return (count,) if self.components == 1 else (count, self.components)

    def values(self, mesh: Mesh) -> Field:
        """The field's values on a mesh, as float32 or float64, checked.

        Args:
            mesh: a mesh that carries the field.

        Raises:
            DataError: the field is missing, has another shape or type, or has values that are not finite.
        """
        data: Mapping[str, np.ndarray] = mesh.point_data if self.location == "point" else mesh.cell_data
        if self.name not in data:
            raise DataError(
                f"field {self.name!r} is not in the {self.location} data of the mesh",
                why=f"have: {', '.join(data) or 'none'}",
                fix=suggestion(self.name, data) or self._way_out,
            )
        values = self._checked(data[self.name], self.shape(self.count(mesh)))
        check_finite(values, f"field {self.name!r}")
        return values

    @property
    def _way_out(self) -> str:
        if self.transient:
            return "it is transient: take the mesh at one instant, Sample.at"
        return "give the mesh this field, or leave it out of the dataset's fields"

    def series(self, values: np.ndarray, mesh: Mesh, instants: int) -> Field:
        """The field's values over time, as float32 or float64, checked.

        Args:
            values: ``(instants, nodes)`` or ``(instants, nodes, k)``.
            mesh: the mesh.
            instants: their number.

        Raises:
            DataError: another shape or type, or values that are not finite.
        """
        series = self._checked(values, (instants, *self.shape(self.count(mesh))))
        for t in np.flatnonzero(~np.isfinite(series).reshape(instants, -1).all(axis=1))[:1]:
            check_finite(series[t], f"field {self.name!r} at instant {t}")
        return series

    def count(self, mesh: Mesh) -> int:
        """Nodes or cells of a mesh, wherever the field lives."""
        return mesh.num_points if self.location == "point" else mesh.num_cells

    def _checked(self, given: np.ndarray, shape: tuple[int, ...]) -> Field:
        values = _as_float(self.name, np.asarray(given))
        if values.shape != shape:
            raise DataError(f"field {self.name!r} has shape {values.shape}", why=f"it must be {shape}")
        return values


def check_finite(values: np.ndarray, what: str, *, fix: str = "leave it out, or mend what made it") -> None:
    """Refuse values that are not finite, and say where the first one is.

    Args:
        values: array of floats.
        what: how to name the array in the error.
        fix: what to do.

    Raises:
        DataError: NaN or infinity.
    """
    finite = np.isfinite(values)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise DataError(
            f"{what} has {int((~finite).sum())} of {values.size} values that are not finite",
            why=f"the first is {values[place]} at row {place[0]}",
            fix=fix,
        )


def _as_float(name: str, values: np.ndarray) -> np.ndarray:
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind in "iu" and ((values > 2**53).any() or (values < -(2**53)).any()):
        raise DataError(f"field {name!r} has integers beyond 2**53", why="float64 does not hold them exactly")
    if kind in "iub" or (kind == "f" and size <= 8):
        return np.ascontiguousarray(values, dtype=np.float32 if kind == "f" and size <= 4 else np.float64)
    raise DataError(
        f"field {name!r} has type {values.dtype}",
        why="a dataset holds real numbers of at most 64 bits",
        fix="split complex numbers into two components; encode names as numbers",
    )
