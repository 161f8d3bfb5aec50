"""A look through an unfinished dataset: which samples are whole, each with the mesh it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from gno.datasets.digest import sample_digest, trajectory_digest
from gno.datasets.journal import MAGIC, Record, read_arrays, whole_records
from gno.errors import DataError


@dataclass(frozen=True)
class Survey:
    """What an unfinished dataset holds.

    Args:
        path: the file.
        header: its first record; ``None`` where that is damaged.
        samples: the whole samples, each with its mesh.
        num_lost: records that are damaged, and samples without their mesh.
    """

    path: Path
    header: Record | None
    samples: tuple[tuple[Record, Record], ...]
    num_lost: int

    def error(self) -> DataError:
        """What to raise at who wants a finished dataset."""
        lost = f", {self.num_lost} are damaged" if self.num_lost else ""
        return DataError(
            f"{self.path} is an unfinished dataset",
            why=f"{len(self.samples)} samples in it are usable{lost}; it was not sealed",
            fix=f"resume its generation, or keep what is there: gno repair {self.path}",
        )


def survey(path: Path) -> Survey:
    """Look through an unfinished dataset; it is not changed.

    Args:
        path: the file, by custom ``*.part``.

    Raises:
        DataError: another file.
    """
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise DataError(f"{path} is not an unfinished dataset", why="it begins with other bytes", fix="gno check")
        found = list(whole_records(file))
        whole = [record for record in found if record is not None]
        meshes = [record for record in whole if record.meta["kind"] == "mesh"]
        header = whole[0] if whole and whole[0].meta["kind"] == "header" else None
        moving = {field["name"] for field in header.meta["fields"] if field.get("transient")} if header else set()
        samples, lost = [], len(found) - len(whole)
        for record in whole:
            if record.meta["kind"] == "sample":
                mesh = _mesh_of(file, record, meshes, moving) if lost else _numbered(record, meshes)
                lost += mesh is None
                samples += [] if mesh is None else [(record, mesh)]
    return Survey(path, header, tuple(samples), lost)


def _numbered(sample: Record, meshes: list[Record]) -> Record | None:
    number = sample.meta["mesh"]
    return meshes[number] if number < len(meshes) else None


def _mesh_of(file: BinaryIO, sample: Record, meshes: list[Record], moving: set[str]) -> Record | None:
    """The mesh that fits the checksum of a sample: where a mesh may be lost, numbers do not tell."""
    arrays = read_arrays(file, sample)
    fits = (
        m
        for m in meshes[: sample.meta["mesh"] + 1][::-1]
        if _digest(sample, m, arrays, moving) == sample.meta["digest"]
    )
    return next(fits, None)


def _digest(sample: Record, mesh: Record, arrays: dict[str, np.ndarray], moving: set[str]) -> str:
    still = {name: values for name, values in arrays.items() if name not in moving}
    digest = sample_digest(mesh.meta["digest"], sample.meta["params"], still)
    if "time" not in sample.meta:
        return digest
    instants = np.frombuffer(bytes.fromhex(sample.meta["instants"]), dtype=np.uint8).reshape(-1, 32)
    return trajectory_digest(digest, np.array(sample.meta["time"], dtype=np.float64), instants)
