"""Layouts of samples in files: ours, a group for each sample in HDF5, an ``.npz`` for each sample; written and read.

This file alone outside ``gno.datasets`` knows ``h5py``: it is HDF5 that is measured here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from gno.datasets import DatasetWriter, FieldSpec, MeshDataset
from gno.mesh import Mesh

FIELDS = ("permeability", "source", "pressure", "flux")
Arrays = dict[str, np.ndarray]
Read = Callable[[int], Arrays]
"""Reads the arrays of one sample."""


def arrays(mesh: Mesh) -> Arrays:
    """What a sample holds: coordinates, corners of cells, fields.

    Args:
        mesh: triangles with the fields.
    """
    return {"points": mesh.points, "cells": mesh.cells["triangle"], **mesh.point_data}


@contextmanager
def dataset(folder: Path, samples: Sequence[Mesh], *, compress: bool) -> Iterator[Read]:
    """Our file, read by ``MeshDataset``: every value is checked against its SHA-256.

    Args:
        folder: where the file goes.
        samples: meshes with fields.
        compress: with gzip, or plain.
    """
    with MeshDataset(_ours(folder, samples, compress)) as data:
        yield lambda i: arrays(data[i].mesh)


@contextmanager
def offsets(folder: Path, samples: Sequence[Mesh]) -> Iterator[Read]:
    """Our file, plain, read by offsets and not checked: what the layout alone costs.

    Args:
        folder: where the file goes.
        samples: meshes with fields.
    """
    path = _ours(folder, samples, False)
    with MeshDataset(path) as data, h5py.File(path) as file:
        tables, meshes = data.tables, data.tables.meshes
        points, corners = file["VTKHDF/Points"], file["VTKHDF/Connectivity"]
        fields = {spec: file[f"VTKHDF/PointData/{spec.name}"] for spec in data.fields}

        def read(i: int) -> Arrays:
            m = int(tables.mesh[i])
            x = points[int(meshes.points[m]) : int(meshes.points[m + 1])]
            cells = corners[int(meshes.corners[m]) : int(meshes.corners[m + 1])]
            values = {spec.name: item[slice(*tables.span(spec, i))] for spec, item in fields.items()}
            return {"points": x[:, :2], "cells": cells.reshape(-1, 3), **values}

        yield read


@contextmanager
def groups(folder: Path, samples: Sequence[Mesh]) -> Iterator[Read]:
    """HDF5 with a group for each sample and a dataset for each array.

    Args:
        folder: where the file goes.
        samples: meshes with fields.
    """
    with h5py.File(folder / "groups.h5", "w") as file:
        for i, mesh in enumerate(samples):
            for name, values in arrays(mesh).items():
                file[f"sample{i}/{name}"] = values
    with h5py.File(folder / "groups.h5") as file:
        yield lambda i: {name: item[...] for name, item in file[f"sample{i}"].items()}


@contextmanager
def archives(folder: Path, samples: Sequence[Mesh]) -> Iterator[Read]:
    """An ``.npz`` file for each sample, not compressed.

    Args:
        folder: where the files go.
        samples: meshes with fields.
    """
    for i, mesh in enumerate(samples):
        np.savez(folder / f"sample{i}.npz", **arrays(mesh))  # type: ignore[arg-type]  # of allow_pickle

    def read(i: int) -> Arrays:
        with np.load(folder / f"sample{i}.npz") as file:
            return dict(file)

    yield read


def _ours(folder: Path, samples: Sequence[Mesh], compress: bool) -> Path:
    path = folder / "ours.h5"
    with DatasetWriter(path, [FieldSpec(name) for name in FIELDS], compress=compress) as writer:
        for mesh in samples:
            writer.append(mesh)
    return path
