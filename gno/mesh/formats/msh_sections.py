"""The sections of a Gmsh file, and the numbers in them, ASCII or binary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.source import COPY


def damaged(path: Path, why: str) -> MeshError:
    """The error for a file that contradicts itself."""
    return MeshError(f"{path} is damaged or no Gmsh mesh", why=why, fix=COPY)


def sections_of(path: Path, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and insides of the sections ``$Name ... $EndName``, in their order.

    Args:
        path: the file, for the messages.
        content: its bytes.

    Raises:
        MeshError: a section that does not end, or something between two sections.
    """
    at = 0
    while (start := content.find(b"$", at)) >= 0:
        if content[at:start].strip():
            raise damaged(path, f"byte {at} belongs to no section")
        line = content.find(b"\n", start)
        word = content[start + 1 : line if line >= 0 else None].strip()
        end = content.find(b"$End" + word, line) if line >= 0 and re.fullmatch(rb"\w+", word) else -1
        if end < 0:
            raise damaged(path, f"section ${word.decode('latin-1')[:30]} does not end: the file is cut short")
        yield word.decode(), content[line + 1 : end]
        at = end + 4 + len(word)
    if content[at:].strip():
        raise damaged(path, f"byte {at} belongs to no section")


class Numbers:
    """The numbers of a section, one after another, whatever form they are in."""

    def __init__(self, path: Path, name: str, body: bytes, binary: bool) -> None:
        self.path, self.name, self.body, self.binary, self.at = path, name, body, binary, 0
        self.words: list[bytes] | None = None

    def error(self, why: str) -> MeshError:
        """The error for a section that contradicts itself."""
        return damaged(self.path, f"section ${self.name}: {why}")

    def line(self) -> str:
        """The next line of text."""
        end = self.body.find(b"\n", self.at)
        if end < 0:
            raise self.error("it is cut short")
        line, self.at = self.body[self.at : end], end + 1
        return line.decode("utf-8", "replace").strip()

    def count(self) -> int:
        """The next line as a number, not negative."""
        line = self.line()
        if not (line.isascii() and line.isdigit() and len(line) < 12):
            raise self.error(f"expected a number, found {line[:30]!r}")
        return int(line)

    def table(self, rows: int, *columns: tuple[str, int]) -> list[np.ndarray]:
        """``rows`` records of fields, each a number type (``i4``, ``u8``, ``f8``) and a width: one array a field."""
        width = sum(n for _, n in columns)
        if not self.binary:
            if self.words is None:
                self.words, self.at = self.body[self.at :].split(), 0
            words = self.words[self.at : self.at + rows * width]
            self._check(rows, len(words) == rows * width)
            self.at += rows * width
            try:
                values = np.array(words or [], dtype=np.float64).reshape(rows, width)
            except ValueError as error:
                raise self.error(str(error)) from error
            parts = np.split(values, np.cumsum([n for _, n in columns])[:-1], axis=1)
            return [p if kind == "f8" else self._whole(p) for p, (kind, _) in zip(parts, columns)]
        record = np.dtype([(f"c{i}", f"<{kind}", (n,)) for i, (kind, n) in enumerate(columns)])
        self._check(rows, 0 <= rows * record.itemsize <= len(self.body) - self.at)
        found = np.frombuffer(self.body, record, rows, self.at)
        self.at += rows * record.itemsize
        return [found[f"c{i}"].astype(np.float64 if kind == "f8" else np.int64) for i, (kind, _) in enumerate(columns)]

    def row(self, kind: str, count: int) -> list[int]:
        """The next ``count`` whole numbers."""
        return [int(x) for x in self.table(count, (kind, 1))[0][:, 0]]

    def _check(self, rows: int, enough: bool) -> None:
        if rows < 0 or not enough:
            raise self.error(f"{rows} records are declared, and fewer follow")

    def _whole(self, values: np.ndarray) -> np.ndarray:
        if not ((values == np.floor(values)) & (np.abs(values) < 2**53)).all():
            raise self.error("a number is not whole")
        return values.astype(np.int64)
