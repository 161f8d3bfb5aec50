"""PDEBench's files with a group a sample, and its incompressible flow.

Source: Takamoto et al. 2022, arXiv 2210.07182, and the scripts that make the data.
"""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from gno.datasets.layouts.grid import Grid, shared_grids
from gno.datasets.layouts.layout import Layout, Needs, Reading, spec, split_of
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError


class PDEBenchGroups(Layout):
    """Diffusion with reaction, sorption, shallow water: ``0000/data`` ``(time, x[, y], k)``, ``0000/grid/x, y, t``."""

    name = "pdebench-groups"
    about = "PDEBench with a group a sample"

    def lacks(self, source: Source) -> tuple[str, ...]:
        """Groups with data and their grid."""
        groups = _groups(source)
        if not groups:
            return ("groups '0000', '0001', ... with 'data' (time, x[, y], k)",)
        return tuple(f"'{groups[0]}/grid/{n}'" for n in ("x", "t") if f"{groups[0]}/grid/{n}" not in source.shapes)

    def open(self, source: Source, options: Options) -> Reading:
        """A sample a group; the field is called ``u``."""
        groups = _groups(source)
        grid_of = shared_grids(options.stride)
        *_, parts = source.shape(f"{groups[0]}/data")

        def sample(i: int) -> Series:
            here = groups[i]
            values = source.whole(f"{here}/data")
            axes = [source.whole(f"{here}/grid/{n}") for n in ("x", "y")[: values.ndim - 2]]
            times = np.asarray(source.whole(f"{here}/grid/t"), dtype=np.float64)
            grid = grid_of(axes)
            if values.shape[-1] != parts or len(times) != len(values):
                raise DataError(
                    f"{source.path}: {here}/data has shape {values.shape}",
                    why=f"the grid has {len(times)} instants, the first group {parts} components",
                )
            every = slice(None, None, options.time_stride)
            moving = {"u": grid.values(values[every], leading=1)}
            return Series(grid.mesh, {}, times[every], moving, split=split_of(source))

        return Reading((spec("u", "target", (parts,)),), len(groups), sample)


class PDEBenchIncompressible(Layout):
    """Incompressible flow: ``velocity``, ``particles`` ``(samples, time, x, y, k)``, ``force`` ``(samples, x, y, 2)``.

    The points are the middles of cells that fill the extent. ``latestIndex`` tells how many instants were written.
    """

    name = "pdebench-incompressible"
    about = "PDEBench incompressible flow"
    needs: ClassVar[Needs] = {"velocity": (5,), "particles": (5,), "force": (4,), "t": (2,)}

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis."""
        count, instants, *shape, parts = source.shape("velocity")
        shapes = {"particles": (count, instants, *shape, 1), "force": (count, *shape, parts), "t": (count, instants)}
        for name, wanted in shapes.items():
            if source.shape(name) != wanted:
                raise DataError(f"{source.path}: {name} has shape {source.shape(name)}", why=f"it must be {wanted}")
        last = source.attribute("latestIndex")
        every = slice(0, instants if last is None or last < 0 else int(last) + 1, options.time_stride)
        grid = Grid(options.axes(shape, centered=True), options.stride)

        def sample(i: int) -> Series:
            moving = {n: grid.values(source.row(n, i)[every], leading=1) for n in ("velocity", "particles")}
            mesh = grid.mesh.with_data({"force": grid.values(source.row("force", i))})
            times = np.asarray(source.row("t", i), dtype=np.float64)[every]
            return Series(mesh, {}, times, moving, split=split_of(source))

        fields = (spec("force", "input", (parts,)), spec("velocity", "target", (parts,)), spec("particles", "target"))
        return Reading(fields, count, sample)


def _groups(source: Source) -> list[str]:
    named = (re.fullmatch(r"(\d+)/data", name) for name, shape in source.shapes.items() if len(shape) in (3, 4))
    return sorted(match[1] for match in named if match)
