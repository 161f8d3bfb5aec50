"""TFRecord files of ``tf.train.Example`` with bytes in them, without TensorFlow."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gno.datasets.guard import refusing
from gno.datasets.sources.crc32c import crc32c, masked
from gno.datasets.sources.source import Source
from gno.errors import DataError
from gno.hdf5 import COPY


class RecordSource(Source):
    """Records of a ``.tfrecord`` file, and the ``meta.json`` beside it that says what they hold.

    Args:
        path: the file.

    Raises:
        DataError: there is no ``meta.json``, or the file is cut short or damaged.
    """

    kind = "TFRecord"

    def __init__(self, path: Path) -> None:
        self.meta = _meta(path)
        with refusing(path):
            self.spans = list(_spans(path))
        shapes = {name: tuple(int(n) for n in about["shape"]) for name, about in self.meta["features"].items()}
        super().__init__(path, shapes)

    def record(self, i: int) -> dict[str, bytes]:
        """The features of a record, after a look at its checksum.

        Raises:
            DataError: it is damaged.
        """
        start, size = self.spans[i]
        with open(self.path, "rb") as file:
            file.seek(start)
            data, stored = file.read(size), file.read(4)
        if masked(crc32c(data)) != int.from_bytes(stored, "little"):
            raise DataError(f"record {i} of {self.path} is damaged", why="its bytes differ from their CRC", fix=COPY)
        with refusing(self.path):
            return features(data)


def features(example: bytes) -> dict[str, bytes]:
    """Name to bytes of a serialized ``tf.train.Example``; lists of numbers are left out.

    Args:
        example: the message: ``features`` (1) of entries (1) of key (1) and value (2), which is a list of bytes (1).

    Raises:
        ValueError: it breaks off.

    Example:
        >>> features(bytes([10, 12, 10, 10, 10, 1, 97, 18, 5, 10, 3, 10, 1, 120]))
        {'a': b'x'}
    """
    found = {}
    for _, everything in _fields(memoryview(example)):
        for _, entry in _fields(everything):
            parts = dict(_fields(entry))
            values = [v for n, numbers in _fields(parts.get(2, memoryview(b""))) if n == 1 for _, v in _fields(numbers)]
            if values:
                found[bytes(parts[1]).decode()] = bytes(values[0])
    return found


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of the fields of a message that have a length; other fields are passed over."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            _, at = _varint(data, at)
            continue
        if wire not in (1, 2, 5):
            raise ValueError(f"a field has wire type {wire}")
        size, at = _varint(data, at) if wire == 2 else (8 if wire == 1 else 4, at)
        if at + size > len(data):
            raise ValueError(f"a field of {size} bytes stands in {len(data) - at}")
        if wire == 2:
            yield tag >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(data):
            raise ValueError("a number breaks off")
        byte = data[at]
        value, at = value | (byte & 127) << shift, at + 1
        if byte < 128:
            return value, at
    raise ValueError("a number has more than 64 bits")


def _spans(path: Path) -> Iterator[tuple[int, int]]:
    """Where the data of each record begin, and how many bytes they have."""
    total, at = path.stat().st_size, 0
    with open(path, "rb") as file:
        while at < total:
            file.seek(at)
            head = file.read(12)
            if len(head) < 12:
                raise DataError(f"{path} is cut short: byte {at} begins a record that is not there", fix=COPY)
            size, stored = struct.unpack("<QI", head)
            if masked(crc32c(head[:8])) != stored:
                raise DataError(f"{path} is damaged, or no TFRecord", why=f"the length at byte {at} is wrong", fix=COPY)
            if at + 16 + size > total:
                raise DataError(
                    f"{path} is cut short: it has {total} bytes",
                    why=f"a record ends at byte {at + 16 + size}",
                    fix=COPY,
                )
            yield at + 12, size
            at += 16 + size


def _meta(path: Path) -> dict[str, Any]:
    place = path.with_name("meta.json")
    if not place.is_file():
        raise DataError(f"{path} has no meta.json beside it", why="it says what the records hold", fix="copy it, too")
    with refusing(place):
        meta = json.loads(place.read_text())
        if not all({"shape", "dtype", "type"} <= set(about) for about in meta["features"].values()):
            raise DataError(f"{place} names features without shape, dtype and type", fix=COPY)
    result: dict[str, Any] = meta
    return result
