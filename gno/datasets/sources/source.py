"""What other people's files hold: named arrays, read by rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from gno.datasets.naming import suggestion
from gno.errors import DataError

BLOCK_BYTES = 64 << 20
"""Rows are read together up to this size: files that lie across their samples are read once, not once a sample."""
SHOWN = 12


class Source:
    """Named arrays of one file or folder; nothing is read before it is asked for.

    Args:
        path: the file or folder.
        shapes: name to shape, in the order of the file; a file in a folder has none, ``()``.
    """

    kind: str
    """What it is, in the words of its users."""

    def __init__(self, path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.path, self.shapes = path, dict(shapes)
        self._blocks: dict[str, tuple[int, np.ndarray]] = {}

    def rows(self, name: str, start: int, stop: int) -> np.ndarray:
        """Rows ``start`` to ``stop`` of an array, along its first axis, in the machine's byte order.

        Raises:
            DataError: the source holds no arrays, but files or records that are read whole.
        """
        raise DataError(f"{self.path}: rows {start} to {stop} of {name!r}", why=f"a {self.kind} holds no arrays")

    def row(self, name: str, i: int) -> np.ndarray:
        """Row ``i`` of an array, from a block of rows that is kept."""
        shape = self.shape(name)
        first, block = self._blocks.get(name, (0, np.zeros((0,))))
        if not first <= i < first + len(block):
            size = max(1, BLOCK_BYTES // max(8 * int(np.prod(shape[1:])), 1))
            first = i - i % size
            block = self.rows(name, first, min(first + size, shape[0]))
            self._blocks[name] = first, block
        return np.asarray(block[i - first])

    def whole(self, name: str) -> np.ndarray:
        """All of an array."""
        shape = self.shape(name)
        return self.rows(name, 0, shape[0]) if shape else self.rows(name, 0, 1)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of an array.

        Raises:
            DataError: there is none of that name.
        """
        if name not in self.shapes:
            raise DataError(
                f"{self.path}: there is no {name!r}",
                why=f"have: {self.listing()}",
                fix=suggestion(name, self.shapes) or "look at the file, or choose another --layout",
            )
        return self.shapes[name]

    def attribute(self, name: str, place: str = "") -> Any:
        """An attribute of the file, or of something in it; ``None`` where it has none."""
        return self.attributes(place).get(name)

    def attributes(self, place: str = "") -> dict[str, Any]:
        """All attributes of the file, or of something in it."""
        del place
        return {}

    def close(self) -> None:
        """Close the file."""
        self._blocks.clear()

    def listing(self) -> str:
        """Names and shapes, the first of them, in one line."""
        shown = [name + (f" {shape}" if shape else "") for name, shape in list(self.shapes.items())[:SHOWN]]
        more = len(self.shapes) - len(shown)
        return ", ".join([*shown, f"and {more} more"] if more else shown) or "nothing"

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def real(path: Path, name: str, values: Any) -> np.ndarray:
    """An array as real numbers in the machine's byte order.

    Raises:
        DataError: it is of another type.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name} has type {array.dtype}", why="fields are real numbers", fix="leave it out")
    if array.dtype.kind == "f" and array.dtype.itemsize < 4:
        return array.astype(np.float32)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
