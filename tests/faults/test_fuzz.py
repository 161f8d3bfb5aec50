"""Damaged bytes: every reader gives what it read, or an error of ours in one line; nothing else, and at once."""

from __future__ import annotations

import math
import os
import random
import time
import warnings
from pathlib import Path

import h5py
import pytest

from gno.datasets.schema import seal_text
from gno.errors import GnoError
from tests.faults.damaged_tables import damaged_tables
from tests.faults.fault import Place
from tests.faults.readers import READERS

HANGS = 60.0
"""Seconds of the processor that no file takes; what waits for ever shows by itself."""
FEW, MANY = 40, int(os.environ.get("GNO_FUZZ_MANY", "10000"))
FIRST, PATIENCE = int(os.environ.get("GNO_FUZZ_FIRST", "0")), float(os.environ.get("GNO_FUZZ_SECONDS", "inf"))
"""Of the many: the first seed, and after how many seconds a reader has had enough."""


@pytest.mark.parametrize("name", READERS)
def test_damaged_bytes_raise_our_errors_alone(name: str, tmp_path: Path, files: Path) -> None:
    read_damaged(name, tmp_path, files, range(FEW))


@pytest.mark.long
@pytest.mark.parametrize("name", READERS)
def test_ten_thousand_damaged_files(name: str, tmp_path: Path, files: Path) -> None:
    done, refused = read_damaged(name, tmp_path, files, range(FIRST, FIRST + MANY), patience=PATIENCE)
    print(f"{name}: {done} damaged files, {refused} refused, 0 other errors")


def read_damaged(name: str, folder: Path, sound: Path, seeds: range, *, patience: float = math.inf) -> tuple[int, int]:
    """Read damaged files, one a seed; returns how many were read, and how many of them refused."""
    reader, done, refused, start = READERS[name], 0, 0, time.monotonic()
    whole = {path: path.read_bytes() for path in reader.make(Place(folder, sound))}
    for seed in seeds:
        rng = random.Random(f"{name} {seed}")
        path = rng.choice(list(whole))
        path.write_bytes(reader.damage(whole[path], rng))
        begun, error = time.process_time(), None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader.read(path)
        except GnoError as found:
            error = found
        except BaseException as found:
            found.add_note(f"{name}, seed {seed}: {path}")
            raise
        assert time.process_time() - begun < HANGS, f"seed {seed}"
        if error is not None:
            assert error.exit_code in (2, 3, 4, 6), f"seed {seed}: {error!r}"
            assert error.what.strip(), f"seed {seed}"
            assert "\n" not in str(error), f"seed {seed}: {error!r}"
        done, refused = done + 1, refused + (error is not None)
        path.write_bytes(whole[path])
        if time.monotonic() - start > patience:
            break
    assert refused > done // 10
    return done, refused


def test_damaged_tables_have_a_seal_that_fits(files: Path, tmp_path: Path) -> None:
    content, path = (files / "d.h5").read_bytes(), tmp_path / "d.h5"
    damaged = {damaged_tables(content, random.Random(seed)) for seed in range(20)}
    for new in damaged:
        path.write_bytes(new)
        with h5py.File(path, "r") as file:
            assert bytes(file["gno/sha256"][...]).decode() == seal_text(file)
    assert len(damaged - {content}) > 10
