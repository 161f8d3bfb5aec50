"""Containers of other people's data: one module a container, one question to all: which arrays, of which shapes."""

from __future__ import annotations

from pathlib import Path

from gno.datasets.guard import HEAD, begins_hdf5
from gno.datasets.naming import suggested_file
from gno.datasets.sources.folder import FolderSource
from gno.datasets.sources.hdf5 import HDF5Source
from gno.datasets.sources.matlab import MatlabSource
from gno.datasets.sources.numpy_files import NumpySource
from gno.datasets.sources.source import Source
from gno.datasets.sources.tensors import TensorSource
from gno.datasets.sources.tfrecord import RecordSource
from gno.errors import DataError

__all__ = ["SUFFIXES", "Source", "open_source", "places"]

HDF5 = (".h5", ".hdf5", ".hdf", ".nc", ".vtkhdf")
SUFFIXES = (*HDF5, ".mat", ".pt", ".npy", ".tfrecord", ".vtu", ".pvd")
"""Suffixes of files that are read."""
FILES = (*HDF5, ".mat", ".pt", ".tfrecord")
"""Suffixes of files that a folder holds one beside the other, each for itself."""


def places(paths: list[Path]) -> list[Path]:
    """The files and folders that are sources of their own: a folder of large files is these files.

    Args:
        paths: what the user names.

    Raises:
        DataError: there is no such file.
    """
    found: dict[object, Path] = {}
    for path in paths:
        if not path.exists():
            where = f"the folder is {path.resolve().parent}"
            raise DataError(f"no such file: {path}", why=where, fix=suggested_file(path))
        for file in _apart(path):
            family = file.stem.split("_")[0] if file.suffix == ".npy" else file.name
            found.setdefault((file.resolve().parent, family), file)
    return list(found.values())


def _apart(path: Path) -> list[Path]:
    """The large files of a folder; a folder of cases or of anything else is one, and so is a file."""
    inside = sorted(p for p in path.iterdir() if p.suffix.lower() in FILES) if path.is_dir() else []
    if not inside or inside[0].suffix == ".vtkhdf":
        return [path]
    cases = any(p.suffix in (".vtu", ".pvd") for p in (*path.glob("*"), *path.glob("*/*")))
    return [path] if cases else inside


def open_source(path: Path) -> Source:
    """Open a file or a folder by what it is.

    Args:
        path: one of ``places``.

    Raises:
        DataError: a suffix that is not read, or a file that is damaged, foreign or hostile.
        ResourceError: an array claims to be far larger than what is stored.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        return NumpySource(path) if any(path.glob("*.npy")) else FolderSource(path)
    if suffix in (".vtu", ".pvd", ".vtkhdf"):
        return FolderSource(path)
    if suffix == ".mat":
        return HDF5Source(path, reverse=True) if _is_hdf5(path) else MatlabSource(path)
    if suffix in HDF5 or _is_hdf5(path):
        return HDF5Source(path)
    if suffix in (".pt", ".npy", ".tfrecord"):
        return {".pt": TensorSource, ".npy": NumpySource, ".tfrecord": RecordSource}[suffix](path)
    raise DataError(
        f"{path}: suffix {path.suffix!r} is unknown", why=f"data are read from {', '.join(SUFFIXES)} and folders"
    )


def _is_hdf5(path: Path) -> bool:
    with open(path, "rb") as file:
        return begins_hdf5(file.read(HEAD), foreign=True)
