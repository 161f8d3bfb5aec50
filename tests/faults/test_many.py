"""Many flipped bits and many kills: what is damaged is found, what was there stays. Minutes: ``make test-long``."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.errors import GnoError
from gno.mesh import shapes
from gno.models import Operator
from tests.faults.fault import Place

FLIPS, KILLS = 500, 50


def plain(place: Place) -> Path:
    """The dataset without compression."""
    path = place.folder / "plain.h5"
    with MeshDataset(place.sound / "d.h5") as dataset, DatasetWriter(path, dataset.fields, compress=False) as writer:
        for sample in dataset:
            writer.append(sample.mesh, sample.params)
    return path


def content(path: Path) -> list[bytes]:
    """All numbers that a file gives."""
    if path.suffix == ".safetensors":
        operator = Operator.load(path)
        return [v.numpy().tobytes() for v in operator.state_dict().values()] + [repr(operator.inputs).encode()]
    with MeshDataset(path) as dataset:
        arrays = [a for s in dataset for a in (s.mesh.points, *s.mesh.cells.values(), *s.mesh.point_data.values())]
        return [a.tobytes() for a in arrays] + [repr(s).encode() for s in dataset.statistics.values()]


FILES: dict[str, Callable[[Place], Path]] = {
    "compressed": lambda place: place.copy("d.h5"),
    "plain": plain,
    "model": lambda place: place.copy("m.safetensors"),
}


@pytest.mark.parametrize("flips", [20, pytest.param(FLIPS, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", FILES)
def test_no_flipped_bit_becomes_a_number(name: str, flips: int, files: Path, tmp_path: Path) -> None:
    path = FILES[name](Place(tmp_path, files))
    wanted, whole = content(path), path.read_bytes()
    found = idle = 0
    for bit in np.random.default_rng(0).integers(0, 8 * len(whole), flips):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(data)
        try:
            assert content(path) == wanted, f"bit {bit} changes a number, and nobody noticed"
            idle += 1  # in a byte that nothing is read from
        except GnoError:
            found += 1
    print(f"{name}: of {flips} flipped bits {found} found, {idle} in bytes that hold nothing, 0 became a number")
    assert found > flips // 4


WRITING = """
import sys
from pathlib import Path
from gno.datasets import DatasetWriter, FieldSpec
from gno.mesh import shapes
from gno.models import Operator
kind, path, sound = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
mesh = shapes.square(0.05)
operator = Operator.load(sound / "m.safetensors")
print("ready", flush=True)
while True:
    if kind == "model":
        operator.save(path)
        continue
    with DatasetWriter(path, [FieldSpec("u")], overwrite=True) as writer:
        for i in range(8):
            writer.append(mesh.with_data({"u": mesh.points[:, 0] + i}), {"i": i})
"""


@pytest.mark.long
@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_kills_leave_a_whole_file(kind: str, files: Path, tmp_path: Path) -> None:
    path = tmp_path / ("m.safetensors" if kind == "model" else "d.h5")
    mesh = shapes.square(0.05)
    if kind == "model":
        shutil.copy(files / "m.safetensors", path)
    else:
        with DatasetWriter(path, [FieldSpec("u")]) as writer:
            for i in range(8):
                writer.append(mesh.with_data({"u": mesh.points[:, 0] + i}), {"i": i})
    wanted = content(path)
    for i in range(KILLS):
        words = [sys.executable, "-c", WRITING, kind, str(path), str(files)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.0031 * i % 0.1)
            process.send_signal(signal.SIGKILL)
        assert content(path) == wanted
    print(f"{kind}: {KILLS} kills, 0 unusable")
