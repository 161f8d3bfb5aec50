"""Layouts of other people's files: one module a layout, one table, and one way to read all of them."""

from __future__ import annotations

from gno.datasets.layouts.airfrans import AirfRANS
from gno.datasets.layouts.fno import FNO
from gno.datasets.layouts.geo_fno import GeoFNOElasticity, GeoFNOGrid
from gno.datasets.layouts.layout import Layout, Reading
from gno.datasets.layouts.meshgraphnets import MeshGraphNets
from gno.datasets.layouts.neuraloperator import NeuralOperator
from gno.datasets.layouts.options import Options
from gno.datasets.layouts.pdearena import PDEArena
from gno.datasets.layouts.pdebench import PDEBenchDarcy, PDEBenchFlow, PDEBenchLine
from gno.datasets.layouts.pdebench_groups import PDEBenchGroups, PDEBenchIncompressible
from gno.datasets.layouts.plasticity import Plasticity
from gno.datasets.layouts.rigno import Poseidon, Rigno
from gno.datasets.layouts.series import Series
from gno.datasets.layouts.the_well import TheWell
from gno.datasets.layouts.vtk_folder import VTKFolder
from gno.datasets.naming import suggestion
from gno.datasets.sources import Source
from gno.errors import ConfigError, DataError

__all__ = ["LAYOUTS", "Layout", "Options", "Reading", "Series", "layout_of"]

_ALL: tuple[Layout, ...] = (
    FNO(),
    Plasticity(),
    NeuralOperator(),
    PDEBenchLine(),
    PDEBenchDarcy(),
    PDEBenchFlow(),
    PDEBenchGroups(),
    PDEBenchIncompressible(),
    TheWell(),
    PDEArena(),
    Rigno(),
    Poseidon(),
    MeshGraphNets(),
    GeoFNOGrid(),
    GeoFNOElasticity(),
    AirfRANS(),
    VTKFolder(),
)
LAYOUTS = {layout.name: layout for layout in _ALL}
"""Name to layout; the first that fits is taken."""


def layout_of(source: Source, name: str | None = None) -> Layout:
    """The layout of a source.

    Args:
        source: an open file or folder.
        name: what it is said to be; found out by itself without it.

    Raises:
        ConfigError: no layout of that name.
        DataError: the source is of no known layout, or not of that one.
    """
    if "gno/sha256" in source.shapes:
        raise DataError(f"{source.path} is a dataset of gno already", why="there is nothing to convert", fix="use it")
    if name is not None and name not in LAYOUTS:
        raise ConfigError(
            f"layout {name!r} is unknown",
            why=f"known: {', '.join(LAYOUTS)}",
            fix=suggestion(name, LAYOUTS) or "leave it out: the layout is found out",
        )
    if name is not None:
        if not LAYOUTS[name].fits(source):
            raise _unfit(source, LAYOUTS[name], f"is not of the layout {name!r}")
        return LAYOUTS[name]
    fitting = next((layout for layout in LAYOUTS.values() if layout.fits(source)), None)
    if fitting is None:
        same = [layout for layout in LAYOUTS.values() if source.kind in layout.kinds] or list(LAYOUTS.values())
        raise _unfit(source, max(same, key=lambda layout: _likeness(source, layout)), "is of no known layout")
    return fitting


def _likeness(source: Source, layout: Layout) -> tuple[float, int]:
    """Share of the needs of a layout that a source has; then, the fewer it lacks the better."""
    lacks = len(layout.lacks(source))
    return 1 - lacks / max(len(layout.needs), lacks, 1), -lacks


def _unfit(source: Source, near: Layout, what: str) -> DataError:
    lacks = ", ".join(near.lacks(source)) or f"to be {' or '.join(near.kinds)}"
    return DataError(
        f"{source.path} {what}; it is {source.kind} and holds: {source.listing()}",
        why=f"the nearest is {near.name} ({near.about}), for which it lacks {lacks}",
        fix="name its arrays as that layout does, or write it with gno.datasets.DatasetWriter",
    )
