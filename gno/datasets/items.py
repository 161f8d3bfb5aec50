"""Access to the groups and arrays of a file that refuses, by name, whatever is not as it must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from gno.datasets import schema
from gno.datasets.naming import suggestion
from gno.errors import DataError
from gno.hdf5 import COPY


class Items:
    """Checked access by path; every method raises ``DataError`` with the path and what is wrong there.

    Args:
        path: where the file lies, for errors.
        file: the file, opened by ``open_guarded``.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path, self.file = path, file
        self._found: dict[str, Any] = {"": file}

    def group(self, path: str) -> h5py.Group:
        """A group."""
        found = self.find(path)
        if not isinstance(found, h5py.Group):
            raise DataError(f"{self.path}: {path} is an array", why="a group is needed there", fix=COPY)
        return found

    def find(self, path: str) -> Any:
        """A group or an array; a missing one is answered by the nearest name."""
        if path not in self._found:
            above, _, name = path.rpartition("/")
            group = self.find(above)
            if not isinstance(group, h5py.Group) or name not in group:
                have = sorted(group) if isinstance(group, h5py.Group) else []
                raise DataError(
                    f"{self.path}: {name!r} is not in {group.name}",
                    why=f"have: {', '.join(have[:12]) or 'nothing'}",
                    fix=suggestion(name, have) or COPY,
                )
            self._found[path] = group[name]
        return self._found[path]

    def item(self, path: str) -> h5py.Dataset:
        """An array, not read yet."""
        found = self.find(path)
        if not isinstance(found, h5py.Dataset):
            raise DataError(f"{self.path}: {path} is a group", why="an array is needed there", fix=COPY)
        return found

    def text(self, path: str) -> str:
        """A text."""
        return schema.read_text(self.item(path))

    def shape(self, path: str, wanted: tuple[int, ...]) -> None:
        """Refuse an array of another shape."""
        if self.item(path).shape != wanted:
            raise DataError(
                f"{self.path}: {path} has shape {self.item(path).shape}", why=f"it must be {wanted}", fix=COPY
            )

    def table(self, path: str, shape: tuple[int, ...]) -> np.ndarray:
        """The numbers of an array of a shape, in the machine's byte order."""
        self.shape(path, shape)
        item = self.item(path)
        return item[...].astype(item.dtype.newbyteorder("="), copy=False)

    def integers(self, path: str) -> np.ndarray:
        """A vector of integers."""
        item = self.item(path)
        if item.dtype.kind not in "iu" or item.ndim != 1:
            raise DataError(f"{self.path}: {path} is {item.dtype} {item.shape}", why="it must be integers", fix=COPY)
        return item[...].astype(np.int64)

    def below(self, path: str, values: np.ndarray, bound: int) -> None:
        """Refuse values that are not in ``0 .. bound - 1``."""
        bad = np.flatnonzero((values < 0) | (values >= bound))
        if len(bad):
            raise DataError(
                f"{self.path}: {path}[{bad[0]}] = {values[bad[0]]}", why=f"there are {bound} of them", fix=COPY
            )

    def pointer(self, path: str, count: int, end: int) -> np.ndarray:
        """The starts of ``count`` parts and the end: integers that rise from 0 to ``end``."""
        self.shape(path, (count + 1,))
        values = self.integers(path)
        bad = np.flatnonzero(np.diff(values) < 0)
        if len(bad) or values[0] != 0 or values[-1] != end:
            row = int(bad[0]) + 1 if len(bad) else (0 if values[0] else count)
            raise DataError(
                f"{self.path}: {path}[{row}] = {values[row]}", why=f"it must rise from 0 to {end}", fix=COPY
            )
        return values

    def equal(self, path: str, wanted: np.ndarray) -> None:
        """Refuse an array of other numbers."""
        item = self.item(path)
        if item.size != len(wanted):
            raise DataError(f"{self.path}: {path} has shape {item.shape}", why=f"it must be {wanted.shape}", fix=COPY)
        values = item[...].reshape(-1)
        bad = np.flatnonzero(values != wanted)
        if len(bad):
            raise DataError(
                f"{self.path}: {path}[{bad[0]}] = {values[bad[0]]}", why=f"it must be {wanted[bad[0]]}", fix=COPY
            )
