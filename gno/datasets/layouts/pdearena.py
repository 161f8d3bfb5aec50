"""PDEArena's files: a group a split, with an array a field."""

from __future__ import annotations

import numpy as np

from gno.datasets.layouts.grid import shared_grids
from gno.datasets.layouts.layout import Layout, Reading, spec
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError

SPLITS = ("train", "valid", "test")
COORDINATES = ("t", "x", "y")


class PDEArena(Layout):
    """Smoke in a box: ``u``, ``vx``, ``vy`` ``(samples, time, x, y)``; on a line: ``pde_...`` ``(samples, time, x)``.

    ``t``, ``x``, ``y`` ``(samples, n)`` are coordinates; numbers ``(samples,)``, as ``buo_y``, become parameters.

    Source: Gupta and Brandstetter 2022, arXiv 2209.15616, ``pdedatagen/navier_stokes.py``.
    """

    name = "pdearena"
    about = "PDEArena"

    def lacks(self, source: Source) -> tuple[str, ...]:
        """A group with fields and coordinates."""
        groups = [g for g in SPLITS if _fields(source, g)]
        if not groups:
            return (
                "a group 'train', 'valid' or 'test' with fields (samples, time, x[, y]) called u, vx, vy or pde_...",
            )
        group = groups[0]
        needed = COORDINATES[: len(source.shapes[_fields(source, group)[0]]) - 1]
        return tuple(f"'{group}/{n}' with 2 axes" for n in needed if len(source.shapes.get(f"{group}/{n}", ())) != 2)

    def open(self, source: Source, options: Options) -> Reading:
        """Samples of all groups, one after another."""
        groups = {g: _fields(source, g) for g in SPLITS if _fields(source, g)}
        names = {g: [_name(path) for path in paths] for g, paths in groups.items()}
        first = next(iter(names.values()))
        if any(found != first for found in names.values()):
            raise DataError(f"{source.path}: its groups have other fields", why=f"found: {names}")
        rows = [(group, i) for group, paths in groups.items() for i in range(source.shape(paths[0])[0])]
        grid_of = shared_grids(options.stride)

        def sample(i: int) -> Series:
            group, row = rows[i]
            axes = [source.row(f"{group}/{n}", row) for n in COORDINATES[1 : len(source.shape(groups[group][0])) - 1]]
            grid = grid_of(axes)
            every = slice(None, None, options.time_stride)
            values = [source.row(path, row)[every] for path in groups[group]]
            moving = {name: grid.values(v, leading=1) for name, v in zip(first, values)}
            times = np.asarray(source.row(f"{group}/t", row), dtype=np.float64)[every]
            if len(times) != len(values[0]):
                raise DataError(f"{source.path}: {group} has {len(times)} times", why=f"fields have {len(values[0])}")
            return Series(grid.mesh, _params(source, group, row), times, moving, split=group)

        return Reading(tuple(spec(name, "target") for name in first), len(rows), sample)


def _fields(source: Source, group: str) -> list[str]:
    """Paths of the fields of a group."""
    paths = [path for path in source.shapes if path.startswith(f"{group}/")]
    called = [path for path in paths if _name(path) in ("u", "vx", "vy") or path.startswith(f"{group}/pde_")]
    return [path for path in called if len(source.shapes[path]) in (3, 4)]


def _name(path: str) -> str:
    """Name of the field: that of ``pde_140-256`` tells sizes only."""
    name = path.rpartition("/")[2]
    return "u" if name.startswith("pde_") else name


def _params(source: Source, group: str, row: int) -> dict[str, float]:
    single = [path for path, shape in source.shapes.items() if path.startswith(f"{group}/") and len(shape) == 1]
    return {path.rpartition("/")[2]: float(source.row(path, row)) for path in single}
