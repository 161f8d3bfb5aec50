"""HDF5 files of others: ``.h5``, ``.hdf5``, NetCDF-4, MATLAB 7.3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from gno.datasets.guard import open_guarded, refusing
from gno.datasets.schema import datasets
from gno.datasets.sources.source import Source, real


class HDF5Source(Source):
    """Arrays of an HDF5 file by their paths, behind the guard that our own files are read behind.

    Args:
        path: the file.
        reverse: whether axes are stored in reverse, as MATLAB stores them.

    Raises:
        DataError: not HDF5, cut short, damaged, or it refers to other files.
        ResourceError: an array claims to be far larger than what is stored.
    """

    def __init__(self, path: Path, *, reverse: bool = False) -> None:
        self._file = open_guarded(path, foreign=True)
        self._reverse = reverse
        self.kind = "MATLAB" if reverse else "HDF5"
        with refusing(path):
            shapes = {
                name: tuple(int(n) for n in (item.shape[::-1] if reverse else item.shape))
                for name, item in datasets(self._file)
                if item.dtype.kind in "biuf" and item.shape is not None and not name.startswith("#")
            }
        super().__init__(path, shapes)

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Rows of an array; of one stored in reverse, slices along the last axis."""
        shape = self.shape(name)
        with refusing(self.path):
            item = self._file[name]
            if not shape:
                return real(self.path, name, item[()])
            if self._reverse:
                return np.ascontiguousarray(real(self.path, name, item[..., start:stop]).transpose())
            return real(self.path, name, item[start:stop])

    def attributes(self, place: str = "") -> dict[str, Any]:
        """Attributes as Python's own values; those that h5py cannot read are left out."""
        item: Any = self._file[place] if place else self._file
        found = {}
        for name in item.attrs:
            try:
                found[name] = _plain(item.attrs[name])
            except (OSError, TypeError, UnicodeDecodeError):  # types that only the library that wrote them knows
                continue
        return found

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._file.close()


def _plain(value: Any) -> Any:
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
        return [_plain(v) for v in value.ravel().tolist()]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
