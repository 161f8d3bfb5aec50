"""MATLAB's ``.mat`` files up to version 7; version 7.3 is HDF5 with its axes reversed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from gno.datasets.guard import refusing
from gno.datasets.sources.source import Source, real
from gno.errors import DataError
from gno.hdf5 import check_size

NUMBERS = {"double": 8, "single": 4, "logical": 1} | {f"{s}int{8 * b}": b for s in ("", "u") for b in (1, 2, 4, 8)}
"""MATLAB's classes of numbers, and their bytes."""


class MatlabSource(Source):
    """Arrays of a ``.mat`` file by the names of their variables; each is read whole, once.

    Args:
        path: the file.

    Raises:
        DataError: cut short or damaged.
        ResourceError: an array claims to be far larger than the file.
    """

    kind = "MATLAB"

    def __init__(self, path: Path) -> None:
        from scipy.io import whosmat

        with refusing(path):
            found = {n: (tuple(int(k) for k in s), c) for n, s, c in whosmat(path) if c in NUMBERS}
        if not found:
            raise DataError(f"{path} has no arrays of numbers", why="there is nothing to convert")
        for name, (shape, kind) in found.items():
            check_size(path, name, shape, math.prod(shape) * NUMBERS[kind], path.stat().st_size)
        super().__init__(path, {name: shape for name, (shape, _) in found.items()})
        self._arrays: dict[str, np.ndarray] = {}

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Rows of a variable."""
        from scipy.io import loadmat

        self.shape(name)
        if name not in self._arrays:
            with refusing(self.path):
                self._arrays[name] = real(self.path, name, loadmat(self.path, variable_names=[name])[name])
        return self._arrays[name][start:stop]

    def close(self) -> None:
        """Forget the arrays."""
        super().close()
        self._arrays.clear()
