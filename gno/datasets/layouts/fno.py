"""The ``.mat`` files of the Fourier and graph neural operators: one array of inputs, one of solutions, on a grid."""

from __future__ import annotations

import numpy as np

from gno.datasets.layouts.grid import Grid
from gno.datasets.layouts.layout import Layout, Reading, spec, split_of
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError

PAIRS = {"coeff": "sol", "a": "u"}
"""Array of the inputs to that of the solutions."""
DERIVED = ("Kcoeff", "Kcoeff_x", "Kcoeff_y")
"""Smoothed coefficient and its derivatives, inputs as well where they are there."""


class FNO(Layout):
    """Darcy flow ``coeff``, ``sol`` ``(samples, x, y)``; Burgers and Navier-Stokes ``a``, ``u``, with time last.

    The files have no coordinates: Darcy's grid has its ends on the boundary of the unit square, the others are
    periodic. Of ``a`` and ``u`` of equal shape both are steady.

    Source: Li et al. 2020, arXiv 2010.08895 and 2003.03485, data of the authors.
    """

    name = "fno"
    about = "FNO and GKN, .mat"
    kinds = ("MATLAB",)

    def lacks(self, source: Source) -> tuple[str, ...]:
        """A pair of arrays."""
        for given, wanted in PAIRS.items():
            if {given, wanted} <= source.shapes.keys():
                ranks = len(source.shapes[given]), len(source.shapes[wanted])
                fit = ranks[0] in (2, 3, 4) and ranks[1] - ranks[0] in (0, 1)
                return () if fit else (f"as many axes of {given!r} as of {wanted!r}, which may have time as one more",)
        return ("'coeff' and 'sol', or 'a' and 'u'",)

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis."""
        given = next(a for a, u in PAIRS.items() if {a, u} <= source.shapes.keys())
        wanted = PAIRS[given]
        count, *shape = source.shape(given)
        solution = source.shape(wanted)
        if solution[: 1 + len(shape)] != (count, *shape):
            raise DataError(f"{source.path}: {wanted} has shape {solution}", why=f"{given} has {(count, *shape)}")
        grid = Grid(options.axes(shape, periodic=given == "a"), options.stride)
        inputs = [given, *(n for n in DERIVED if source.shapes.get(n) == (count, *shape))]
        times = _times(source, solution[-1], options) if len(solution) > 1 + len(shape) else None

        def sample(i: int) -> Series:
            data = {name: grid.values(source.row(name, i)) for name in inputs}
            values = source.row(wanted, i)
            if times is None:
                mesh = grid.mesh.with_data(data | {wanted: grid.values(values)})
                return Series(mesh, split=split_of(source))
            moving = grid.values(np.moveaxis(values, -1, 0)[:: options.time_stride], leading=1)
            return Series(grid.mesh.with_data(data), {}, times, {wanted: moving}, split=split_of(source))

        fields = (*(spec(name, "input") for name in inputs), spec(wanted, "target"))
        return Reading(fields, count, sample, {"periodic": int(given == "a")})


def _times(source: Source, count: int, options: Options) -> np.ndarray:
    stored = source.whole("t").ravel() if "t" in source.shapes else np.zeros(0)
    times = stored if len(stored) == count else options.times(count)
    return np.asarray(times, dtype=np.float64)[:: options.time_stride]
