"""Opening of HDF5 files from strangers: nothing outside the file, nothing larger than it can be, no raw errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py

from gno.datasets.journal import MAGIC
from gno.datasets.naming import suggested_file
from gno.datasets.schema import is_bulk
from gno.datasets.survey import survey
from gno.errors import DataError, GnoError, within_memory
from gno.hdf5 import COPY, MAX_DECLARED, check_objects

SIGNATURE = b"\x89HDF\r\n\x1a\n"
HEAD = 520
"""Bytes at the start of a file, which tell whether it is HDF5."""
MAX_TABLE = 64 << 20
"""Bytes up to which an array that is read whole may claim more than is stored."""


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn whatever h5py and NumPy make of a broken file into ``DataError``.

    Args:
        path: the file, for the error.

    Raises:
        DataError: anything that is not a ``GnoError`` already.
        ResourceError: what it claims does not fit into memory.
    """
    try:
        with within_memory(f"in reading {path}", fix="read fewer samples at a time, or do not trust this file"):
            yield
    except GnoError:
        raise
    except Exception as error:  # a broken file can make any of them, down to UnicodeDecodeError
        text = " ".join(str(error).split()) or type(error).__name__
        cut = re.search(r"\beof = (\d+).*stored_eof = (\d+)", text)
        if cut:
            raise DataError(
                f"{path} is cut short: it has {cut[1]} of {cut[2]} bytes", why="it was not copied whole", fix=COPY
            ) from error
        raise DataError(f"{path} is damaged", why=text[:300], fix=COPY) from error


def damaged(path: Path, what: str, arrays: Sequence[str] = ()) -> DataError:
    """The error of values that differ from their checksum.

    Args:
        path: the file.
        what: which sample or mesh.
        arrays: the paths of those of its arrays that differ, where that is known.
    """
    if not arrays:
        return DataError(f"{what} of {path} is damaged", why="its values differ from their checksum", fix=COPY)
    named = " and ".join(f"/{array}" for array in arrays)
    differ = "checksum of {} differs" if len(arrays) == 1 else "checksums of {} differ"
    return DataError(f"{what} of {path} is damaged", why=differ.format(named), fix=COPY)


def open_guarded(path: Path, *, foreign: bool = False) -> h5py.File:
    """Open a file for reading after a look at all that it refers to.

    Args:
        path: the file.
        foreign: of another layout: there may be texts, truth values, h5py's own compression (LZF), what MATLAB writes
            before HDF5 begins, and an object under several names; the rest of what is refused is refused.

    Returns:
        the open file; every object in it is a group or a plain dataset of numbers.

    Raises:
        DataError: no such file, not HDF5, cut short, damaged, or it refers to other files.
        ResourceError: a dataset claims to be far larger than what is stored.
    """
    _check_signature(path, foreign)
    with refusing(path):
        file = h5py.File(path, "r")
        try:
            check_objects(path, file, foreign=foreign, limit=lambda name: MAX_DECLARED if is_bulk(name) else MAX_TABLE)
        except BaseException:
            file.close()
            raise
    return file


def begins_hdf5(head: bytes, *, foreign: bool) -> bool:
    """Whether the first ``HEAD`` bytes of a file are those of HDF5.

    Args:
        head: the bytes.
        foreign: of another layout: MATLAB writes 512 bytes before HDF5 begins.
    """
    return head.startswith(SIGNATURE) or (foreign and head[512:] == SIGNATURE)


def _check_signature(path: Path, foreign: bool) -> None:
    if not path.exists():
        part = path.with_name(path.name + ".part")
        unfinished = f"an unfinished one is there: resume its generation, or run: gno repair {part}" * part.exists()
        where = f"the folder is {path.resolve().parent}"
        raise DataError(f"no such file: {path}", why=where, fix=unfinished or suggested_file(path) or "check the path")
    if not path.is_file():
        raise DataError(f"{path} is not a file", why="a dataset is one HDF5 file", fix="check the path")
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise DataError(f"{path} cannot be read", why=error.strerror or str(error)) from error
    if begins_hdf5(head, foreign=foreign):
        return
    if head.startswith(MAGIC):
        with refusing(path):
            raise survey(path).error()
    if head.startswith(b"version https://git-lfs"):
        raise DataError(f"{path} is a Git LFS pointer", why="the file itself was not fetched", fix="run: git lfs pull")
    if SIGNATURE.startswith(head):
        size = path.stat().st_size
        raise DataError(f"{path} is not HDF5: it has {size} bytes", why="it is empty or cut short", fix=COPY)
    raise DataError(f"{path} is not HDF5", why=f"it begins with {head[:8]!r}", fix="pass a dataset written by gno")
