"""RIGNO's and GAOT's NetCDF files: values on clouds of points, or on periodic grids."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from gno.datasets.layouts.cloud import triangulated
from gno.datasets.layouts.grid import Grid
from gno.datasets.layouts.layout import Layout, Needs, Reading, spec, split_of, squeezed
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError
from gno.mesh.mesh import Mesh


class Rigno(Layout):
    """``u`` ``(samples, time, nodes, k)`` at points ``x`` ``(1 or samples, 1, nodes, 2)``, with inputs ``c`` as ``u``.

    The files have no cells: the points get triangles. They have no times either: give ``end_time``.

    Source: Mousavi et al. 2025, arXiv 2501.19205, ``rigno/dataset.py``.
    """

    name = "rigno"
    about = "RIGNO and GAOT, .nc"
    needs: ClassVar[Needs] = {"u": (4,), "x": (4,)}

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis."""
        count, instants, nodes, parts = source.shape("u")
        clouds = source.shape("x")
        if clouds[0] not in (1, count) or clouds[1:] != (1, nodes, 2):
            raise DataError(
                f"{source.path}: x has shape {clouds}", why=f"it must be (1 or {count}, 1, {nodes}, 2), as u has them"
            )
        extra = source.shapes.get("c")
        if extra is not None and (
            len(extra) != 4 or extra[0] != count or extra[1] not in (1, instants) or extra[2] != nodes
        ):
            raise DataError(f"{source.path}: c has shape {extra}", why=f"u has {source.shape('u')}")
        every = slice(None, None, options.time_stride)
        times = options.times(instants)[every] if instants > 1 else None
        kept: dict[int, Mesh] = {}

        def sample(i: int) -> Series:
            cloud = i if clouds[0] > 1 else 0
            if cloud not in kept:
                kept.clear()
                kept[cloud] = triangulated(source.row("x", cloud)[0], options.alpha)
            data = {name: squeezed(source.row(name, i)) for name in ("u", *(("c",) if extra else ()))}
            still = {name: values[0] for name, values in data.items() if len(values) == 1}
            moving = {name: values[every] for name, values in data.items() if len(values) > 1}
            return Series(kept[cloud].with_data(still), {}, times, moving, split=split_of(source))

        fields = [spec("c", "input", extra[3:])] if extra else []
        return Reading((*fields, spec("u", "target", (parts,))), count, sample)


class Poseidon(Layout):
    """``velocity`` or ``data`` ``(samples, time, k, x, y)`` on a periodic grid of the unit square, without times."""

    name = "poseidon"
    about = "Poseidon's grids, as RIGNO reads them, .nc"

    def lacks(self, source: Source) -> tuple[str, ...]:
        """One of two arrays."""
        return () if _moving(source) else ("'velocity' or 'data' with 5 axes, the third of its components",)

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis."""
        name = _moving(source)
        count, instants, parts, *shape = source.shape(name)
        grid = Grid(options.axes(shape, periodic=True), options.stride)
        every = slice(None, None, options.time_stride)

        def sample(i: int) -> Series:
            moving = np.moveaxis(source.row(name, i)[every], 1, -1)
            data = {name: grid.values(moving, leading=1)}
            return Series(grid.mesh, {}, options.times(instants)[every], data, split=split_of(source))

        return Reading((spec(name, "target", (parts,)),), count, sample, {"periodic": 1})


def _moving(source: Source) -> str:
    """Name of the array; in others of five axes the last is that of the components."""
    shapes = {name: source.shapes.get(name, ()) for name in ("velocity", "data")}
    return next((name for name, s in shapes.items() if len(s) == 5 and s[2] <= min(s[3:])), "")
