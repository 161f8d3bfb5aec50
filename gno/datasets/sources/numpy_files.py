"""NumPy's ``.npy`` files that lie together and belong together."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gno.datasets.guard import refusing
from gno.datasets.sources.source import Source, real
from gno.errors import DataError


class NumpySource(Source):
    """Arrays of ``.npy`` files by the names of the files, mapped into memory and not read.

    Args:
        path: one of the files, which brings those whose name begins with the same word, or their folder.

    Raises:
        DataError: a file that is cut short, or holds objects.
    """

    kind = "NumPy"

    def __init__(self, path: Path) -> None:
        pattern = "*.npy" if path.is_dir() else f"{path.stem.split('_')[0]}*.npy"
        files = sorted((path if path.is_dir() else path.parent).glob(pattern))
        self._arrays = {file.stem: self._mapped(file) for file in files}
        super().__init__(path, {name: tuple(array.shape) for name, array in self._arrays.items()})

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Rows of an array."""
        shape = self.shape(name)
        array = self._arrays[name]
        return real(self.path, name, array[start:stop] if shape else array)

    def close(self) -> None:
        """Let go of the files."""
        super().close()
        self._arrays.clear()

    @staticmethod
    def _mapped(file: Path) -> np.ndarray:
        with refusing(file):
            with open(file, "rb") as raw:
                head = raw.read(6)
            if head != b"\x93NUMPY":
                raise DataError(f"{file} is not a .npy file", why="it begins with other bytes", fix="copy it again")
            array: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
            return array
