"""Datasets of meshes with fields: one HDF5 file that ParaView opens, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gno.datasets.check import Report, check
from gno.datasets.field import FieldSpec
from gno.datasets.reader import MeshDataset
from gno.datasets.sample import Sample
from gno.datasets.splits import overlap, random_split
from gno.datasets.statistics import Statistics
from gno.datasets.writer import DatasetWriter
from gno.lazy import lazily

if TYPE_CHECKING:
    from gno.datasets.foreign import ForeignDataset, convert, open_layout
    from gno.datasets.layouts import LAYOUTS, Options, Series
    from gno.datasets.merging import merge
    from gno.datasets.normalizer import Normalizer
    from gno.datasets.salvage import Repair, repair

__all__ = [
    "LAYOUTS",
    "DatasetWriter",
    "FieldSpec",
    "ForeignDataset",
    "MeshDataset",
    "Normalizer",
    "Options",
    "Repair",
    "Report",
    "Sample",
    "Series",
    "Statistics",
    "check",
    "convert",
    "merge",
    "open_layout",
    "overlap",
    "random_split",
    "repair",
]

_LAZY = dict.fromkeys(("ForeignDataset", "convert", "open_layout"), "gno.datasets.foreign")
_LAZY |= dict.fromkeys(("Repair", "repair"), "gno.datasets.salvage")
_LAZY |= {"merge": "gno.datasets.merging"}
_LAZY |= dict.fromkeys(("LAYOUTS", "Options", "Series"), "gno.datasets.layouts")

# Import ``Normalizer`` when it is first used: it needs torch, and a look into a file does not.
__getattr__ = lazily(__name__, _LAZY | {"Normalizer": "gno.datasets.normalizer"})
