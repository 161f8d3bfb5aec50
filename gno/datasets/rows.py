"""Rows of the arrays of a dataset, from a file that is opened anew in each process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from gno.datasets import schema
from gno.datasets.digest import MARK, Marks
from gno.datasets.guard import open_guarded
from gno.datasets.schema import MARKS
from gno.errors import DataError
from gno.hdf5 import COPY


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
            DataError: the file is another one than when it was opened first; a checksum of HDF5's own differs.
        """
        item = self._item(path)
        try:
            values = item[start:stop]
        except OSError as error:
            why = " ".join(str(error).split())
            if "filter returned failure" not in why:
                raise
            what = f"{self.path} is damaged: checksum of /{path} differs in rows {start} to {stop}"
            raise DataError(what, why=why, fix=COPY) from error
        return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))

    def marks(self, kind: str, row: int) -> Marks:
        """Marks of the arrays of a mesh, a sample or an instant; none in files of an older gno.

        Args:
            kind: ``meshes``, ``samples`` or ``instants``.
            row: number of it.
        """
        table = f"{MARKS}/{kind}"
        return self(table, row, row + 1)[0] if table in self._opened() else np.zeros((0, MARK), dtype=np.uint8)

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        file = self._file
        self._items, self._file = {}, None
        if file is not None:
            file.close()

    def _opened(self) -> h5py.File:
        return self._reopen() if self._file is None or self._pid != os.getpid() else self._file

    def _item(self, path: str) -> h5py.Dataset:
        file = self._opened()
        if path not in self._items:
            self._items[path] = file[path]
        return self._items[path]

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
