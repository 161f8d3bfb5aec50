"""Damaged bytes: every reader gives what it read, or an error of ours in one line; nothing else, and at once."""

from __future__ import annotations

import random
import time
import warnings
from pathlib import Path

import pytest

from gno.errors import GnoError
from tests.faults.fault import Place
from tests.faults.readers import READERS

SECONDS = 60.0
"""What takes longer hangs."""
FEW, MANY = 12, 10_000


@pytest.mark.parametrize("name", READERS)
def test_damaged_bytes_raise_our_errors_alone(name: str, tmp_path: Path, files: Path) -> None:
    read_damaged(name, tmp_path, files, range(FEW))


@pytest.mark.long
@pytest.mark.parametrize("name", READERS)
def test_ten_thousand_damaged_files(name: str, tmp_path: Path, files: Path) -> None:
    read_damaged(name, tmp_path, files, range(MANY))


def read_damaged(name: str, folder: Path, sound: Path, seeds: range) -> None:
    """Read damaged files, one a seed."""
    reader, refused = READERS[name], 0
    whole = {path: path.read_bytes() for path in reader.make(Place(folder, sound))}
    for seed in seeds:
        rng = random.Random(f"{name} {seed}")
        path = rng.choice(list(whole))
        path.write_bytes(reader.damage(whole[path], rng))
        begun, error = time.monotonic(), None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader.read(path)
        except GnoError as found:
            error = found
        except BaseException as found:
            found.add_note(f"{name}, seed {seed}: {path}")
            raise
        assert time.monotonic() - begun < SECONDS, f"seed {seed}"
        if error is not None:
            assert error.exit_code in (2, 3, 4, 6), f"seed {seed}: {error!r}"
            assert error.what.strip(), f"seed {seed}"
            assert "\n" not in str(error), f"seed {seed}: {error!r}"
        refused += error is not None
        path.write_bytes(whole[path])
    assert refused > len(seeds) // 10
