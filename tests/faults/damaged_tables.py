"""Damage at random to what a dataset says of itself, under a seal that fits: only what it means can be refused."""

from __future__ import annotations

import io
import json
import random
from dataclasses import dataclass
from functools import lru_cache

import h5py
import numpy as np

from gno.datasets.archive import reseal
from gno.datasets.digest import digest
from gno.datasets.schema import datasets, is_bulk
from tests.faults.damage import damaged

SEAL = "gno/sha256"
NUMBERS = (-1, 0, 1, 7, 99, 2**31, 2**62, -(2**63))
ATTRIBUTES = ("dim", "num_samples", "schema")


@dataclass(frozen=True)
class _Table:
    """Where the numbers of a table stand in the file."""

    offset: int
    dtype: np.dtype
    shape: tuple[int, ...]

    def read(self, content: bytes) -> np.ndarray:
        flat = np.frombuffer(content, self.dtype, int(np.prod(self.shape)), self.offset)
        return flat.reshape(self.shape).copy()

    def write(self, content: bytearray, values: np.ndarray) -> None:
        content[self.offset : self.offset + values.nbytes] = values.tobytes()


def damaged_tables(content: bytes, rng: random.Random) -> bytes:
    """The dataset with another number in a table, or another attribute, and the seal that it then has.

    Args:
        content: of a sound dataset.
        rng: decides.
    """
    if rng.random() < 0.05:
        return _other_attribute(content, rng)
    tables, new = _tables(content), bytearray(content)
    name = rng.choice([name for name in tables if name != SEAL])
    values = tables[name].read(content)
    if values.dtype == np.uint8:
        text = damaged(values.tobytes(), rng)[: values.size].ljust(values.size)
        values = np.frombuffer(text, np.uint8).reshape(values.shape)
    else:
        values.flat[rng.randrange(values.size)] = rng.choice(NUMBERS)
    tables[name].write(new, values)
    seal = json.loads(tables[SEAL].read(content).tobytes()) | {name: digest(name, {"": values}).hex()}
    tables[SEAL].write(new, np.frombuffer(json.dumps(seal, sort_keys=True).encode(), np.uint8))
    return bytes(new)


@lru_cache(maxsize=1)
def _tables(content: bytes) -> dict[str, _Table]:
    """Every table with numbers in it, by its path."""
    with h5py.File(io.BytesIO(content), "r") as file:
        return {
            path: _Table(item.id.get_offset(), item.dtype, item.shape)
            for path, item in datasets(file)
            if item.size and not is_bulk(path)
        }


def _other_attribute(content: bytes, rng: random.Random) -> bytes:
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        file["gno"].attrs[rng.choice(ATTRIBUTES)] = rng.choice((*NUMBERS, 2, 3, 0.5, "gno-2", ""))
        reseal(file)
    return buffer.getvalue()
