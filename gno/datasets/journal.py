"""The unfinished dataset: an append-only file; a kill at any instant leaves its whole records readable."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gno.errors import DataError, ResourceError
from gno.files import unwritable

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows has no fcntl: there two writers of one file are not told apart
    fcntl = None

MAGIC = b"gno-part1\n"
_HEAD = struct.Struct("<QQ32s")


@dataclass(frozen=True)
class Record:
    """Where a record stands and what it says; its arrays are read when they are wanted.

    Args:
        offset: first byte of the record.
        meta: the JSON part.
        arrays: name, type and shape of each array.
    """

    offset: int
    meta: dict[str, Any]
    arrays: tuple[tuple[str, str, tuple[int, ...]], ...]

    def rows(self, name: str) -> int:
        """Length of the first axis of an array."""
        return next(shape[0] for n, _, shape in self.arrays if n == name)


class Journal:
    """Append-only records of JSON and arrays, each with its SHA-256; nothing in it is ever overwritten.

    A record that was cut short by a kill or a full disk fails its checksum and is dropped when the file is opened
    again; where whole samples stand behind it, the file is refused and stays as it is. One process writes at a time.

    Args:
        path: the file; it is made where it does not exist.

    Raises:
        DataError: another file stands at ``path``, another process writes it, or it is damaged in the middle.
        ResourceError: the disk is full, or the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: BinaryIO = open(path, "a+b", buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise unwritable(path, error) from error
        self._end = 0
        try:
            _lock(self._file, path)
            self.records = list(self._scan())
        except BaseException:
            self.close()
            raise

    def append(self, meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Record:
        """Write one record; it is in the file when this returns.

        Args:
            meta: what JSON can hold.
            arrays: name to numbers.

        Raises:
            ResourceError: the disk is full; the file keeps its whole records.
        """
        flat = {n: np.ascontiguousarray(a, dtype=a.dtype.newbyteorder("<")) for n, a in arrays.items()}
        table = tuple((n, a.dtype.str, a.shape) for n, a in flat.items())
        head = json.dumps({"meta": dict(meta), "arrays": table}).encode()
        body = b"".join(a.tobytes() for a in flat.values())
        record = Record(self._end, json.loads(head)["meta"], table)
        self._write(_HEAD.pack(len(head), len(body), hashlib.sha256(head + body).digest()) + head + body)
        self.records.append(record)
        return record

    def read(self, record: Record) -> dict[str, np.ndarray]:
        """The arrays of a record.

        Raises:
            DataError: the record was damaged after it was written.
        """
        found = _record_at(self._file, record.offset, os.fstat(self._file.fileno()).st_size)
        if found is None:
            raise DataError(
                f"{self.path} is damaged at byte {record.offset}",
                why="the checksum of the record differs",
                fix=f"keep the samples that are whole: gno repair {self.path}",
            )
        return _arrays(record, found[1])

    def sync(self) -> None:
        """Wait until the disk holds everything."""
        os.fsync(self._file.fileno())

    @property
    def is_open(self) -> bool:
        """Whether records can be written and read."""
        return not self._file.closed

    def close(self) -> None:
        """Close the file; its lock goes with it."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except BaseException as error:  # an interrupt, too, must not leave half a record before the next one
            self._file.truncate(self._end)
            if not isinstance(error, OSError):
                raise
            raise ResourceError(
                f"{self.path} cannot grow beyond {self._end} bytes",
                why=error.strerror or str(error),
                fix="free some space and resume: what is written is kept",
            ) from error
        self._end += len(data)

    def _scan(self) -> Iterator[Record]:
        self._file.seek(0)
        start = self._file.read(len(MAGIC))
        if not MAGIC.startswith(start):
            raise DataError(f"{self.path} is not an unfinished dataset", fix="move it away, or write to another path")
        self._end = len(start)
        self._write(MAGIC[len(start) :])
        size = os.fstat(self._file.fileno()).st_size
        while (found := _record_at(self._file, self._end, size)) is not None:
            record = _record(self._end, found[0])
            self._end = self._file.tell()
            yield record
        self._refuse_loss()
        self._file.truncate(self._end)

    def _refuse_loss(self) -> None:
        """A kill cuts the last record; whole samples behind a damaged one are not to be dropped with it."""
        behind = sum(r is not None and r.meta["kind"] == "sample" for r in whole_records(self._file, self._end))
        if behind:
            raise DataError(
                f"{self.path} is damaged at byte {self._end}",
                why=f"going on from there would drop {behind} whole samples behind it",
                fix=f"keep them: gno repair {self.path}",
            )


def discard(path: Path) -> None:
    """Remove an unfinished dataset that no process writes.

    Args:
        path: the file; without it, nothing is done.

    Raises:
        DataError: another process writes it.
    """
    if path.exists():
        with open(path, "rb") as file:
            _lock(file, path)
            path.unlink()


def _lock(file: BinaryIO, path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise DataError(
            f"{path} is being written by another process", fix="wait for it, or write to another path"
        ) from error


def whole_records(file: BinaryIO, at: int = len(MAGIC)) -> Iterator[Record | None]:
    """The records of an unfinished dataset, without changing it; ``None`` for each that is damaged.

    Args:
        file: opened for reading.
        at: first byte of the first of them.
    """
    size = os.fstat(file.fileno()).st_size
    while at < size:
        found = _record_at(file, at, size)
        yield None if found is None else _record(at, found[0])
        file.seek(at)
        start = file.read(_HEAD.size)
        if len(start) < _HEAD.size:
            return
        at += _HEAD.size + sum(_HEAD.unpack(start)[:2])


def read_arrays(file: BinaryIO, record: Record) -> dict[str, np.ndarray]:
    """The arrays of a record of ``whole_records``.

    Args:
        file: the same file.
        record: one of them.

    Raises:
        DataError: it was changed in between.
    """
    found = _record_at(file, record.offset, os.fstat(file.fileno()).st_size)
    if found is None:
        raise DataError(f"record at byte {record.offset} is damaged", why="its checksum differs")
    return _arrays(record, found[1])


def _record(offset: int, head: Mapping[str, Any]) -> Record:
    table = tuple((name, kind, tuple(shape)) for name, kind, shape in head["arrays"])
    return Record(offset, head["meta"], table)


def _record_at(file: BinaryIO, offset: int, size: int) -> tuple[dict[str, Any], bytes] | None:
    file.seek(offset)
    start = file.read(_HEAD.size)
    if len(start) < _HEAD.size:
        return None
    length, rest, checksum = _HEAD.unpack(start)
    if offset + _HEAD.size + length + rest > size:
        return None
    data = _read_all(file, length + rest)
    if hashlib.sha256(data).digest() != checksum:
        return None
    return json.loads(data[:length]), data[length:]


def _arrays(record: Record, body: bytes) -> dict[str, np.ndarray]:
    arrays, start = {}, 0
    for name, kind, shape in record.arrays:
        values = np.frombuffer(body, dtype=kind, count=int(np.prod(shape)), offset=start).reshape(shape)
        arrays[name] = values
        start += values.nbytes
    return arrays


def _read_all(file: BinaryIO, count: int) -> bytes:
    parts = []
    while count and (part := file.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
