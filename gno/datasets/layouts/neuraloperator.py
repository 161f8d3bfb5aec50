"""The library neuraloperator's files: tensors ``x`` and ``y``, in a ``.pt`` or an HDF5 file."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from gno.datasets.layouts.grid import Grid
from gno.datasets.layouts.layout import Layout, Needs, Reading, spec, split_of
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError


class NeuralOperator(Layout):
    """Inputs ``x``, solutions ``y`` ``(samples, s[, s])``; with channels ``(samples, c, s, s)``.

    Where ``y`` has one axis more, it is time, after that of the samples, as in Burgers' equation: the grid is periodic
    then. So it is where the file is called ``ns``. The files have no coordinates.

    Source: https://github.com/neuraloperator/neuraloperator, ``neuralop/data/datasets``.
    """

    name = "neuraloperator"
    about = "neuraloperator, .pt or .h5"
    kinds = ("torch", "HDF5")
    needs: ClassVar[Needs] = {"x": (2, 3, 4), "y": (2, 3, 4)}

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis."""
        x, y = source.shape("x"), source.shape("y")
        in_time, channels = len(y) == len(x) + 1, len(x) == len(y) == 4
        shape = x[2:] if channels else x[1:]
        if y[0] != x[0] or y[2 if in_time or channels else 1 :] != shape:
            raise DataError(f"{source.path}: y has shape {y}", why=f"x has {x}", fix="look at the file")
        periodic = in_time or source.path.stem.startswith("ns")
        grid = Grid(options.axes(shape, periodic=periodic), options.stride)
        params = {"visc": float(source.whole("visc").ravel()[0])} if source.shapes.get("visc") in ((1,), (1, 1)) else {}

        def values(name: str, i: int) -> np.ndarray:
            row = source.row(name, i)
            row = row.astype(np.float32) if row.dtype.kind == "b" else row
            return grid.values(np.moveaxis(row, 0, -1)) if channels else grid.values(row)

        def sample(i: int) -> Series:
            if not in_time:
                mesh = grid.mesh.with_data({"x": values("x", i), "y": values("y", i)})
                return Series(mesh, params, split=split_of(source))
            moving = grid.values(source.row("y", i)[:: options.time_stride], leading=1)
            times, mesh = options.times(y[1])[:: options.time_stride], grid.mesh.with_data({"x": values("x", i)})
            return Series(mesh, params, times, {"y": moving}, split=split_of(source))

        parts = (x[1:2], y[1:2]) if channels else ((), ())
        fields = (spec("x", "input", parts[0]), spec("y", "target", parts[1]))
        return Reading(fields, x[0], sample, {"periodic": int(periodic)})
