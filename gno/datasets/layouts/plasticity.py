"""Geo-FNO's ``.mat`` of a plastic billet under a die."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from gno.datasets.layouts.grid import Grid
from gno.datasets.layouts.layout import Layout, Needs, Reading, spec, split_of
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError


class Plasticity(Layout):
    """The die ``input`` ``(samples, x)``, and ``output`` ``(samples, x, y, time, 4)``: place and displacement.

    The billet's own coordinates are not in the file: its grid fills the extent. The die is the same along y.

    Source: Li et al. 2022, arXiv 2207.05209, data of the authors.
    """

    name = "plasticity"
    about = "Geo-FNO plasticity, .mat"
    kinds = ("MATLAB",)
    needs: ClassVar[Needs] = {"input": (2,), "output": (5,)}

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis."""
        count, x, y, instants, parts = source.shape("output")
        if source.shape("input") != (count, x):
            raise DataError(f"{source.path}: input has shape {source.shape('input')}", why=f"output has {(count, x)}")
        grid = Grid(options.axes((x, y)), options.stride)
        times = options.times(instants)[:: options.time_stride]

        def sample(i: int) -> Series:
            die = np.repeat(source.row("input", i)[:, None], y, axis=1)
            moving = np.moveaxis(source.row("output", i), 2, 0)[:: options.time_stride]
            mesh = grid.mesh.with_data({"input": grid.values(die)})
            return Series(mesh, {}, times, {"output": grid.values(moving, leading=1)}, split=split_of(source))

        return Reading((spec("input", "input"), spec("output", "target", (parts,))), count, sample)
