"""The Well's files: groups of constant and moving scalars, vectors and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gno.datasets.field import FieldSpec
from gno.datasets.layouts.grid import Grid
from gno.datasets.layouts.layout import Layout, Reading, spec, split_of
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError


class TheWell(Layout):
    """``t0_fields``, ``t1_fields``, ``t2_fields`` ``([samples,] [time,] x, y[, z][, k[, k]])``, and their grid.

    Axes along which a field does not vary are filled up. Constant fields are inputs; those that all samples share,
    properties of the mesh. Scalars that vary in time are left out.

    Source: Ohana et al. 2024, arXiv 2412.00568, ``docs/data_format.md``.
    """

    name = "the-well"
    about = "The Well"

    def lacks(self, source: Source) -> tuple[str, ...]:
        """Its groups and attributes."""
        wanted = [f"attribute {n!r}" for n in ("n_trajectories", "n_spatial_dims") if source.attribute(n) is None]
        if not any(_rank(path) is not None for path in source.shapes):
            wanted.append("fields in 't0_fields', 't1_fields' or 't2_fields'")
        if "dimensions/time" not in source.shapes:
            wanted.append("'dimensions/time'")
        return tuple(wanted)

    def open(self, source: Source, options: Options) -> Reading:
        """Samples are the trajectories."""
        count = int(source.attribute("n_trajectories"))
        dims = source.attribute("spatial_dims", "dimensions") or list("xyz")[: int(source.attribute("n_spatial_dims"))]
        grid = Grid([_axis(source, str(dim)) for dim in dims], options.stride)
        time = source.shape("dimensions/time")
        fields = [
            _Field.of(source, path, grid.shape, time[-1], count) for path in source.shapes if _rank(path) is not None
        ]
        if len({f.name for f in fields}) < len(fields):  # the same name among scalars and vectors
            fields = [f.renamed() for f in fields]
        scalars = [p for p in source.shapes if p.startswith("scalars/") and not source.attribute("time_varying", p)]

        def sample(i: int) -> Series:
            every = slice(None, None, options.time_stride)
            still = {f.name: grid.values(f.values(source, i)[0]) for f in fields if not f.moves}
            moving = {f.name: grid.values(f.values(source, i)[every], leading=1) for f in fields if f.moves}
            times = source.row("dimensions/time", i) if len(time) == 2 else source.whole("dimensions/time")
            params = {p.removeprefix("scalars/"): _scalar(source, p, i) for p in scalars}
            instants = np.asarray(times, dtype=np.float64)[every] if moving else None
            return Series(grid.mesh.with_data(still), params, instants, moving, split=split_of(source))

        about = {n: source.attribute(n) for n in ("dataset_name", "grid_type")}
        known = {n: str(value) for n, value in about.items() if value is not None}
        return Reading(tuple(f.spec for f in fields), count, sample, known | {"periodic": _periodic(source)})


@dataclass(frozen=True)
class _Field:
    """A field of the file: where it stands, and along which axes it varies."""

    path: str
    name: str
    moves: bool
    per_sample: bool
    full: tuple[int, ...]
    stored: tuple[int, ...]
    parts: tuple[int, ...]

    @classmethod
    def of(cls, source: Source, path: str, shape: tuple[int, ...], instants: int, count: int) -> _Field:
        varies = source.attribute("dim_varying", path) or [True] * len(shape)
        moves, per_sample = (_flag(source, path, name) for name in ("time_varying", "sample_varying"))
        parts = (len(shape),) * (_rank(path) or 0)
        stored = (instants if moves else 1, *(n if v else 1 for n, v in zip(shape, varies)))
        real = (*((count,) if per_sample else ()), *(n for n, v in zip(stored, (moves, *varies)) if v), *parts)
        given = source.shape(path)
        if given != real and given != (*real, 1):
            raise DataError(f"{source.path}: {path} has shape {given}", why=f"its attributes say {real}")
        full = (stored[0], *shape)
        return cls(path, path.partition("/")[2], moves, per_sample, full, stored, parts)

    @property
    def spec(self) -> FieldSpec:
        role = "target" if self.moves else "input" if self.per_sample else "static"
        return spec(self.name, role, self.parts)

    def renamed(self) -> _Field:
        group = self.path.partition("_")[0]
        return replace(self, name=f"{group}_{self.name}")

    def values(self, source: Source, i: int) -> np.ndarray:
        """Values ``(time, x, y[, z], k)``."""
        row = source.row(self.path, i) if self.per_sample else source.whole(self.path)
        flat = (int(np.prod(self.parts)),)
        return np.broadcast_to(row.reshape(*self.stored, *flat), (*self.full, *flat))


def _rank(path: str) -> int | None:
    """Rank of the tensors of a field; none where it is no field."""
    return next((rank for rank in (0, 1, 2) if path.startswith(f"t{rank}_fields/")), None)


def _flag(source: Source, path: str, name: str) -> bool:
    value = source.attribute(name, path)
    return True if value is None else bool(value)


def _axis(source: Source, dim: str) -> np.ndarray:
    values = source.whole(f"dimensions/{dim}")
    if values.ndim != 1:
        raise DataError(
            f"{source.path}: dimensions/{dim} has shape {values.shape}", why="grids that change are not supported"
        )
    return values


def _scalar(source: Source, path: str, i: int) -> float:
    values: Sequence[float] = source.whole(path).ravel().tolist()
    return float(values[i if source.attribute("sample_varying", path) else 0])


def _periodic(source: Source) -> str:
    """Dimensions that are periodic, by the attributes of the groups of boundary conditions."""
    conditions = {path.split("/")[1] for path in source.shapes if path.startswith("boundary_conditions/")}
    found = set()
    for name in sorted(conditions):
        about = source.attributes(f"boundary_conditions/{name}")
        dims = about.get("associated_dims", ())
        if str(about.get("bc_type", "")).upper() == "PERIODIC":
            found |= {dims} if isinstance(dims, str) else set(map(str, dims))
    return ",".join(sorted(found)) or "none"
