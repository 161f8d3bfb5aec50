"""Datasets of meshes with fields: one HDF5 file that ParaView opens, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gno.datasets.check import Report, check
from gno.datasets.field import FieldSpec
from gno.datasets.reader import MeshDataset
from gno.datasets.sample import Sample
from gno.datasets.splits import overlap, random_split
from gno.datasets.statistics import Statistics
from gno.datasets.writer import DatasetWriter

if TYPE_CHECKING:
    from gno.datasets.normalizer import Normalizer

__all__ = [
    "DatasetWriter",
    "FieldSpec",
    "MeshDataset",
    "Normalizer",
    "Report",
    "Sample",
    "Statistics",
    "check",
    "overlap",
    "random_split",
]


def __getattr__(name: str) -> Any:
    """Import ``Normalizer`` when it is first used: it needs torch, and a look into a file does not."""
    if name == "Normalizer":
        from gno.datasets.normalizer import Normalizer

        return Normalizer
    raise AttributeError(f"module 'gno.datasets' has no attribute {name!r}")
