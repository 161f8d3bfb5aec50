"""SHA-256 of named arrays: what binds numbers to the names, types and shapes they were written with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
from jaxtyping import UInt8

Digests = UInt8[np.ndarray, "rows 32"]
"""SHA-256 sums, one a row."""
MARK = 8
"""Bytes of a mark: they tell which array differs, after a whole digest has told that one does."""
Marks = UInt8[np.ndarray, "arrays 8"]
"""Marks, one an array."""


def digest(label: str, arrays: Mapping[str, np.ndarray]) -> bytes:
    """SHA-256 of a label and arrays, with their names, shapes and types.

    Args:
        label: text that belongs to the arrays.
        arrays: name to values; the order counts. Byte order does not: little-endian is hashed.

    Returns:
        32 bytes.

    Example:
        >>> digest("a", {"x": np.ones(3)}) == digest("a", {"x": np.ones(3)})
        True
        >>> digest("a", {"x": np.ones(3)}) == digest("a", {"x": np.ones((3, 1))})
        False
    """
    total = hashlib.sha256(_apart(label))
    for name, values in arrays.items():
        little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        total.update(b"|" + _apart(name) + f" {little.dtype.str} {values.shape}|".encode())
        total.update(little.tobytes())
    return total.digest()


def _apart(text: str) -> bytes:
    """Text without the sign that separates; in its place stands a byte that no text has."""
    return text.encode().replace(b"|", b"\xff")


def sample_digest(mesh_digest: str, params: Mapping[str, float], fields: dict[str, np.ndarray]) -> str:
    """SHA-256, in hex, of a sample: its mesh, its parameters and its own fields.

    Args:
        mesh_digest: that of its mesh, in hex.
        params: its parameters.
        fields: its fields that are not static, in the order of the dataset.
    """
    return digest(mesh_digest + json.dumps(dict(params), sort_keys=True), as_float64(fields)).hex()


def marks(arrays: Mapping[str, np.ndarray]) -> Marks:
    """The first bytes of the SHA-256 of each of some arrays: which one differs, where a digest of all of them does.

    Args:
        arrays: name to values; floats are taken as float64, whatever type the file stores.

    Example:
        >>> one, other = marks({"u": np.ones(3), "v": np.ones(3)}), marks({"u": np.ones(3), "v": np.zeros(3)})
        >>> (one == other).all(axis=1).tolist()
        [True, False]
    """
    floats = {name: values for name, values in arrays.items() if values.dtype.kind == "f"}
    raw = [digest("mark", {name: values})[:MARK] for name, values in (dict(arrays) | as_float64(floats)).items()]
    return np.frombuffer(b"".join(raw), dtype=np.uint8).reshape(len(arrays), MARK)


def differing(stored: Marks, arrays: Mapping[str, np.ndarray]) -> list[int]:
    """Which of some arrays differ from their marks; none where there are no marks of theirs.

    Args:
        stored: their marks when they were written.
        arrays: name to values, in the same order.
    """
    found = marks(arrays)
    return np.flatnonzero((stored != found).any(axis=1)).tolist() if stored.shape == found.shape else []


def instant_digests(fields: Mapping[str, np.ndarray], instants: int) -> Digests:
    """SHA-256 of the fields at each instant: what binds a window of a trajectory without the rest of it.

    Args:
        fields: transient fields, ``(instants, ...)`` each, in the order of the dataset.
        instants: their number.

    Example:
        >>> both = instant_digests({"u": np.arange(6.0).reshape(2, 3)}, 2)
        >>> bool((instant_digests({"u": np.arange(3.0, 6.0)[None]}, 1) == both[1]).all())
        True
    """
    raw = [digest("instant", as_float64({n: values[t] for n, values in fields.items()})) for t in range(instants)]
    return np.frombuffer(b"".join(raw), dtype=np.uint8).reshape(instants, 32)


def trajectory_digest(still: str, time: np.ndarray, instants: Digests) -> str:
    """SHA-256, in hex, of a trajectory.

    Args:
        still: ``sample_digest`` of what stands still in time.
        time: its instants, ``(instants,)``.
        instants: the digest of each.
    """
    return digest(still, {"time": time, "instants": instants}).hex()


def as_float64(fields: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Fields in float64, the type their digests are taken in, whatever type the file stores."""
    return {name: values.astype(np.float64, copy=False) for name, values in fields.items()}
