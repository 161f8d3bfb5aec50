"""Rows of the arrays of a dataset, from a file that is opened anew in each process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from gno.datasets import schema
from gno.datasets.guard import open_guarded
from gno.errors import DataError


class Rows:
    """Reads rows by the path of an array.

    Args:
        path: the file.
        file: the file, opened by ``open_guarded``.
        seal: its seal, by which it is known again.
    """

    def __init__(self, path: Path, file: h5py.File, seal: str) -> None:
        self.path, self.seal = path, seal
        self._file: h5py.File | None = file
        self._pid = os.getpid()
        self._items: dict[str, h5py.Dataset] = {}

    def __call__(self, path: str, start: int, stop: int) -> np.ndarray:
        """Rows ``start`` to ``stop`` of an array, in the machine's byte order.

        Raises:
            DataError: the file is another one than when it was opened first.
        """
        file = self._file
        if file is None or self._pid != os.getpid():
            file = self._reopen()
        if path not in self._items:
            self._items[path] = file[path]
        values = self._items[path][start:stop]
        return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        file = self._file
        self._items, self._file = {}, None
        if file is not None:
            file.close()

    def _reopen(self) -> h5py.File:
        self.close()  # in a forked process this closes the parent's file here, and leaves it open there
        file = open_guarded(self.path)
        self._file, self._pid = file, os.getpid()
        if schema.read_text(file["gno/sha256"]) != self.seal:
            self.close()
            raise DataError(f"{self.path} is another file than when it was opened", fix="open the dataset again")
        return file

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None, "_items": {}}
