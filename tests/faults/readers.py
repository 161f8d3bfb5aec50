"""All that reads a file: a sound one to begin with, and the call."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gno.datasets import MeshDataset, open_layout, repair
from gno.mesh import load, save
from gno.models import Operator
from gno.models.file.header import sealed
from gno.training import Recipe
from gno.training.checkpoint import load_checkpoint, save_checkpoint
from tests.datasets.layouts import benchmarks, operators, records
from tests.faults.catalogue.dataset_files import unfinished
from tests.faults.catalogue.run_files import RECIPE
from tests.faults.damage import TOKENS, damaged
from tests.faults.damaged_tables import damaged_tables
from tests.faults.fault import Place
from tests.mesh.conftest import box_of_hexahedra
from tests.mesh.named import named, plate

Damage = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Reader:
    """What reads a kind of file.

    Args:
        make: writes sound files into a place, and returns those to damage.
        read: the call, with the damaged one of them.
        damage: what is done to its bytes.
    """

    make: Callable[[Place], list[Path]]
    read: Callable[[Path], Any]
    damage: Damage = damaged


def _mesh(suffix: str) -> Reader:
    def make(place: Place) -> list[Path]:
        path = place.folder / f"m{suffix}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if suffix in (".vtk", ".xdmf"):
                import meshio

                mesh = plate()
                options = {"data_format": "XML"} if suffix == ".xdmf" else {"binary": False}
                points = np.pad(mesh.points, ((0, 0), (0, 1)))
                meshio.Mesh(points, list(mesh.cells.items())).write(path, **options)
            else:
                save(named(plate()), path)
        return [path]

    return Reader(make, load)


def _polymesh(place: Place) -> list[Path]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(box_of_hexahedra(2), place.folder / "case")
    return sorted((place.folder / "case" / "constant" / "polyMesh").iterdir())


def _foreign(write: Callable[[Path], Path]) -> Reader:
    def read(path: Path) -> None:
        with open_layout(path) as dataset:
            list(dataset)

    return Reader(lambda place: [write(place.folder)], read)


def _whole(path: Path) -> None:
    with MeshDataset(path) as dataset:
        list(dataset)


def _description(content: bytes, rng: random.Random) -> bytes:
    """Another description in the header of a model, under a seal that fits."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    description = json.loads(header["__metadata__"]["gno"])
    description.pop("seal")
    _replace(description, rng)
    header["__metadata__"]["gno"] = sealed(description)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def _replace(value: Any, rng: random.Random) -> None:
    """One value deep in nested tables becomes another, or is gone."""
    key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
    if isinstance(value[key], (dict, list)) and value[key] and rng.random() < 0.8:
        _replace(value[key], rng)
    elif rng.random() < 0.2:
        del value[key]
    else:
        value[key] = rng.choice((None, True, -1, 0, 1, 7, 10**9, 10**30, 0.5, -1e308, "", "u", [], {}, [1], {"a": 1}))


def _checkpoint(place: Place) -> list[Path]:
    path = place.folder / "c.pt"
    state = {"step": 3, "rows": [{"loss": 0.1}], "w": {n: torch.ones(4, 4) for n in "ab"}}
    save_checkpoint(path, state)
    return [path]


def _recipe(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if rng.random() < 0.5:
        return damaged(content, rng)
    place = rng.randrange(len(lines))
    key = lines[place].partition(b"=")[0]
    lines[place] = key + b"= " + rng.choice((*TOKENS, b"true", b'"a"', b"[]")) + b"\n"
    return b"".join(lines)


READERS: dict[str, Reader] = {
    **{suffix: _mesh(suffix) for suffix in (".su2", ".msh", ".vtu", ".vtk", ".xdmf")},
    "polyMesh": Reader(_polymesh, lambda path: load(path.parents[2])),
    "tfrecord": _foreign(records.meshgraphnets),
    "mat": _foreign(operators.fno_v5),
    "torch": _foreign(operators.neuraloperator),
    "npy": _foreign(operators.geo_fno),
    "foreign-hdf5": _foreign(benchmarks.pdebench_groups),
    "hdf5": Reader(lambda place: [place.copy("d.h5")], _whole),
    "hdf5-tables": Reader(lambda place: [place.copy("d.h5")], _whole, damaged_tables),
    "part": Reader(lambda s: [unfinished(s)], lambda path: repair(path, path.with_name("r.h5"), overwrite=True)),
    "model": Reader(lambda place: [place.copy("m.safetensors")], Operator.load),
    "model-header": Reader(lambda place: [place.copy("m.safetensors")], Operator.load, _description),
    "checkpoint": Reader(_checkpoint, load_checkpoint),
    "toml": Reader(lambda place: [place.file("r.toml", RECIPE)], Recipe.load, _recipe),
}
"""Name to reader."""
