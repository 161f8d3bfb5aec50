"""PDEBench's files with one array a field: one equation on a line, Darcy flow, compressible flow.

Source: Takamoto et al. 2022, arXiv 2210.07182, and the scripts that make the data.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from gno.datasets.layouts.grid import Grid
from gno.datasets.layouts.layout import Layout, Needs, Reading, numbers_in, spec, split_of
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError

AXES = ("x-coordinate", "y-coordinate", "z-coordinate")
FLOW = ("density", "pressure", "Vx", "Vy", "Vz")


class PDEBenchLine(Layout):
    """Advection, Burgers, reaction-diffusion: ``tensor`` ``(samples, time, x)``; attributes become parameters."""

    name = "pdebench-1d"
    about = "PDEBench on a line"
    needs: ClassVar[Needs] = {"tensor": (3,), "x-coordinate": (1,), "t-coordinate": (1,)}

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis; the field is called ``u``."""
        return _moving(source, options, {"u": "tensor"})


class PDEBenchDarcy(Layout):
    """Darcy flow: coefficient ``nu`` ``(samples, x, y)``, solution ``tensor`` ``(samples, 1, x, y)``."""

    name = "pdebench-darcy"
    about = "PDEBench Darcy flow"
    needs: ClassVar[Needs] = {"tensor": (4,), "nu": (3,), "x-coordinate": (1,), "y-coordinate": (1,)}

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis; the solution is called ``u``."""
        count, single, *shape = source.shape("tensor")
        if source.shape("nu") != (count, *shape) or single != 1:
            raise DataError(
                f"{source.path}: tensor has shape {source.shape('tensor')}", why=f"nu has {source.shape('nu')}"
            )
        grid = Grid([source.whole(axis) for axis in AXES[:2]], options.stride)
        params = numbers_in(source.attributes())

        def sample(i: int) -> Series:
            data = {"nu": grid.values(source.row("nu", i)), "u": grid.values(source.row("tensor", i)[0])}
            return Series(grid.mesh.with_data(data), params, split=split_of(source))

        return Reading((spec("nu", "input"), spec("u", "target")), count, sample)


class PDEBenchFlow(Layout):
    """Compressible flow: ``density``, ``pressure``, ``Vx``, ``Vy``, ``Vz`` ``(samples, time, x[, y[, z]])``."""

    name = "pdebench-cfd"
    about = "PDEBench compressible flow"
    needs: ClassVar[Needs] = {
        "density": (3, 4, 5),
        "pressure": (3, 4, 5),
        "Vx": (3, 4, 5),
        "x-coordinate": (1,),
        "t-coordinate": (1,),
    }

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis."""
        return _moving(source, options, {name: name for name in FLOW[: source_dim(source) + 2]})


def source_dim(source: Source) -> int:
    """Dimension of a compressible flow."""
    return len(source.shape("density")) - 2


def _moving(source: Source, options: Options, names: dict[str, str]) -> Reading:
    """Fields ``(samples, time, x[, y[, z]])`` by the names of their arrays."""
    first = source.shape(next(iter(names.values())))
    count, instants, *shape = first
    for array in names.values():
        if source.shape(array) != first:
            raise DataError(f"{source.path}: {array} has shape {source.shape(array)}", why=f"another has {first}")
    grid = Grid([source.whole(axis) for axis in AXES[: len(shape)]], options.stride)
    times = np.asarray(source.whole("t-coordinate"), dtype=np.float64)[:instants]  # some files have one more
    if grid.shape != tuple(shape) or len(times) < instants:
        raise DataError(
            f"{source.path}: coordinates have {grid.shape} points and {len(times)} instants",
            why=f"fields have shape {first}",
        )
    params = numbers_in(source.attributes())

    def sample(i: int) -> Series:
        every = slice(None, None, options.time_stride)
        data = {name: grid.values(source.row(array, i)[every], leading=1) for name, array in names.items()}
        return Series(grid.mesh, params, times[every], data, split=split_of(source))

    return Reading(tuple(spec(name, "target") for name in names), count, sample)
