"""Geo-FNO's ``.npy`` files: curved grids, and clouds of points around a hole."""

from __future__ import annotations

import numpy as np

from gno.datasets.layouts.cloud import triangulated
from gno.datasets.layouts.grid import structured
from gno.datasets.layouts.layout import Layout, Reading, spec, split_of, squeezed
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.series import Series
from gno.datasets.sources import Source
from gno.errors import DataError

GRID = {"X": 3, "Y": 3, "Q": 4}
"""Endings of the names of the arrays on curved grids to their numbers of axes."""
CLOUD = {"XY": 3, "sigma": 2}
"""Words in the names of the arrays on clouds of points to their numbers of axes."""


class GeoFNOGrid(Layout):
    """Airfoil and pipe: ``..._X``, ``..._Y`` ``(samples, i, j)`` and ``..._Q`` ``(samples, k, i, j)``.

    Each sample has its own curved grid of quads. Patches are named by the ends of its axes: ``left`` and ``right`` of
    the first, ``bottom`` and ``top`` of the second; around an airfoil, ``bottom`` is the airfoil and the cut behind it.

    Source: Li et al. 2022, arXiv 2207.05209, data of the authors.
    """

    name = "geo-fno"
    about = "Geo-FNO airfoil and pipe, .npy"
    kinds = ("NumPy",)

    def lacks(self, source: Source) -> tuple[str, ...]:
        """Three arrays of one word."""
        lacking = {end: rank for end, rank in GRID.items() if not _ending(source, end, rank)}
        return tuple(f"an array '..._{end}' with {rank} axes" for end, rank in lacking.items())

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the first axis; the field is called ``Q``, with all its components."""
        x, y, q = (_ending(source, end, rank) for end, rank in GRID.items())
        count, *shape = source.shape(x)
        parts = source.shape(q)[1]
        for name, wanted in ((y, (count, *shape)), (q, (count, parts, *shape))):
            if source.shape(name) != wanted:
                raise DataError(f"{source.path}: {name} has shape {source.shape(name)}", why=f"{x} wants {wanted}")
        every = slice(None, None, options.stride)

        def sample(i: int) -> Series:
            points = np.stack([source.row(x, i), source.row(y, i)], axis=-1)[every, every]
            values = np.moveaxis(source.row(q, i), 0, -1)[every, every].reshape(-1, parts)
            mesh = structured(points.astype(np.float64))
            return Series(mesh.with_data({"Q": squeezed(values)}), split=split_of(source))

        return Reading((spec("Q", "target", (parts,)),), count, sample)


class GeoFNOElasticity(Layout):
    """Elasticity: ``..._XY_...`` ``(nodes, 2, samples)`` and ``..._sigma_...`` ``(nodes, samples)``.

    The radii of the hole, ``..._rr_...`` ``(42, samples)``, become parameters. The points get triangles,
    except in the hole.

    Source: Li et al. 2022, arXiv 2207.05209, data of the authors.
    """

    name = "geo-fno-elasticity"
    about = "Geo-FNO elasticity, .npy"
    kinds = ("NumPy",)

    def lacks(self, source: Source) -> tuple[str, ...]:
        """Two arrays of one word."""
        lacking = {word: rank for word, rank in CLOUD.items() if not _holding(source, word, rank)}
        return tuple(f"an array '..._{word}_...' with {rank} axes" for word, rank in lacking.items())

    def open(self, source: Source, options: Options) -> Reading:
        """Samples along the last axis."""
        xy, sigma = (_holding(source, word, rank) for word, rank in CLOUD.items())
        rr = _holding(source, "rr", 2)
        nodes, two, count = source.shape(xy)
        if source.shape(sigma) != (nodes, count) or two != 2:
            raise DataError(
                f"{source.path}: {xy} has shape {source.shape(xy)}", why=f"{sigma} has {source.shape(sigma)}"
            )
        points, stress = source.whole(xy), source.whole(sigma)
        radii = source.whole(rr) if rr else np.zeros((0, count))
        width = len(str(max(len(radii) - 1, 0)))

        def sample(i: int) -> Series:
            mesh = triangulated(points[..., i], options.alpha)
            params = {f"rr_{k:0{width}}": float(r) for k, r in enumerate(radii[:, i])}
            return Series(mesh.with_data({"sigma": np.asarray(stress[:, i])}), params, split=split_of(source))

        return Reading((spec("sigma", "target"),), count, sample)


def _ending(source: Source, end: str, rank: int) -> str:
    return next((n for n, s in source.shapes.items() if n.split("_")[-1] == end and len(s) == rank), "")


def _holding(source: Source, word: str, rank: int) -> str:
    return next((n for n, s in source.shapes.items() if word in n.split("_") and len(s) == rank), "")
