"""Many flipped bits and many kills: what is damaged is found, what was there stays. Minutes: ``make test-long``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset, check
from gno.errors import DataError, GnoError
from gno.mesh import shapes
from gno.models import Operator
from gno.training.checkpoint import load_checkpoint, save_checkpoint
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
    """All that a file gives; an error where its own check finds a problem."""
    if path.suffix == ".safetensors":
        operator = Operator.load(path)
        about = (operator.inputs, operator.targets, operator.geometry, operator.boundary, dict(operator.attributes))
        return [v.numpy().tobytes() for v in operator.state_dict().values()] + [repr(about).encode()]
    if path.suffix == ".pt":
        return [value.numpy().tobytes() for value in load_checkpoint(path).values()]
    if problems := check(path).problems:
        raise DataError(problems[0])
    with MeshDataset(path) as dataset:
        about = (dataset.fields, dataset.statistics, dict(dataset.attributes), [s.params for s in dataset])
        arrays = [
            a for s in dataset for part in (s.mesh.cells, s.mesh.boundary, s.mesh.point_data) for a in part.values()
        ]
        arrays += [s.mesh.points for s in dataset] + list(dataset.splits.values())
        return [a.tobytes() for a in arrays] + [repr(about).encode()]


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


KILLING = """
import os, signal, sys, time
from pathlib import Path
import torch
from tests.faults.test_many import KILLS, content, saver
kind, path, sound = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
torch.set_num_threads(1)
save = saver(kind, path, sound)
save()
wanted = content(path)
for i in range(KILLS):
    child = os.fork()
    while not child:
        save()
    time.sleep(0.05 + 0.0031 * i % 0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert content(path) == wanted
print("whole", flush=True)
"""


def saver(kind: str, path: Path, sound: Path) -> Callable[[], object]:
    """Saves the same model, checkpoint or dataset whenever it is called."""
    if kind == "model":
        operator = Operator.load(sound / "m.safetensors")
        return lambda: operator.save(path)
    if kind == "checkpoint":
        state = {name: torch.ones(300, 300) for name in "abc"}
        return lambda: save_checkpoint(path, state)
    mesh = shapes.square(0.05)

    def dataset() -> None:
        with DatasetWriter(path, [FieldSpec("u")], overwrite=True) as writer:
            for i in range(8):
                writer.append(mesh.with_data({"u": mesh.points[:, 0] + i}), {"i": i})

    return dataset


@pytest.mark.long
@pytest.mark.parametrize("name", ["m.safetensors", "c.pt", "d.h5"])
def test_kills_leave_a_whole_file(name: str, files: Path, tmp_path: Path) -> None:
    kind = {"m": "model", "c": "checkpoint", "d": "dataset"}[name[0]]
    words = [sys.executable, "-c", KILLING, kind, str(tmp_path / name), str(files)]
    answer = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert answer.stdout == "whole\n", answer.stderr
    print(f"{kind}: of {KILLS} kills 0 left it unusable")
