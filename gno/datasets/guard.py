"""Opening of HDF5 files from strangers: nothing outside the file, nothing larger than it can be, no raw errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from gno.datasets.journal import MAGIC
from gno.datasets.naming import suggested_file
from gno.datasets.schema import is_bulk
from gno.datasets.survey import survey
from gno.errors import DataError, GnoError, ResourceError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
HEAD = 520
"""Bytes at the start of a file, which tell whether it is HDF5."""
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
"""Filters that HDF5 has built in; others would load plugins."""
MAX_DECLARED = 4 << 30
MAX_TABLE = 64 << 20
"""The same for arrays that are read whole."""
MAX_RATIO = 1000
MAX_OBJECTS = 10_000
MAX_FOREIGN_OBJECTS = 200_000
"""The same for files with a group for each sample."""
MAX_DEPTH = 8


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn whatever h5py and NumPy make of a broken file into ``DataError``.

    Args:
        path: the file, for the error.

    Raises:
        DataError: anything that is not a ``GnoError`` already.
    """
    try:
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


COPY = "copy or download the file again"


def damaged(what: str) -> DataError:
    """The error of values that differ from their checksum.

    Args:
        what: which values.
    """
    return DataError(f"{what} is damaged", why="its values differ from their checksum", fix=COPY)


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
            _check_group(path, file, foreign, depth=0, seen=set())
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


def check_size(
    path: Path, name: str, shape: tuple[int, ...] | None, declared: int, stored: int, *, limit: int = MAX_DECLARED
) -> None:
    """Refuse an array that claims to be far larger than what is stored of it.

    Args:
        path: the file, for the error.
        name: of the array.
        shape: that it claims.
        declared: bytes that it claims.
        stored: bytes in the file.
        limit: bytes up to which an array may claim more than is stored.

    Raises:
        ResourceError: it is too large to be true.

    Example:
        >>> check_size(Path("a.mat"), "u", (1000, 64, 64), 32_768_000, 20_000_000)
    """
    if declared > limit and declared > MAX_RATIO * stored:
        raise ResourceError(
            f"{path}: {name} claims {declared / 2**30:.1f} GiB of shape {shape}",
            why=f"the file stores {stored} bytes of it",
            fix="do not trust this file",
        )


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
        raise survey(path).error()
    if head.startswith(b"version https://git-lfs"):
        raise DataError(f"{path} is a Git LFS pointer", why="the file itself was not fetched", fix="run: git lfs pull")
    if SIGNATURE.startswith(head):
        size = path.stat().st_size
        raise DataError(f"{path} is not HDF5: it has {size} bytes", why="it is empty or cut short", fix=COPY)
    raise DataError(f"{path} is not HDF5", why=f"it begins with {head[:8]!r}", fix="pass a dataset written by gno")


def _check_group(path: Path, group: h5py.Group, foreign: bool, depth: int, seen: set[int]) -> None:
    if depth > MAX_DEPTH:
        raise DataError(f"{path} has groups nested deeper than {MAX_DEPTH}", why="a dataset needs 4")
    for name in group:
        link, where = group.get(name, getlink=True), f"{group.name.rstrip('/')}/{name}"
        if not isinstance(link, h5py.HardLink):
            raise _refused(path, where, "is a link" if isinstance(link, h5py.SoftLink) else "is a link to another file")
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        most = MAX_FOREIGN_OBJECTS if foreign else MAX_OBJECTS
        if (address in seen and not (foreign and isinstance(item, h5py.Dataset))) or len(seen) >= most:
            raise DataError(f"{path}: {where} stands twice, or there are over {most} objects", fix=COPY)
        seen.add(address)
        if isinstance(item, h5py.Group):
            _check_group(path, item, foreign, depth + 1, seen)
        elif isinstance(item, h5py.Dataset):
            _check_dataset(path, where, item, foreign)
        elif not foreign:
            raise DataError(f"{path}: {where} is a {type(item).__name__}", why="only groups and datasets are read")


def _check_dataset(path: Path, where: str, item: h5py.Dataset, foreign: bool) -> None:
    if item.is_virtual:
        raise _refused(path, where, "is a virtual dataset")
    if item.external:
        raise _refused(path, where, "keeps its values in another file")
    if item.dtype.kind not in "iuf" and not foreign:
        raise DataError(f"{path}: {where} has type {item.dtype}", why="a dataset holds real numbers")
    plan = item.id.get_create_plist()
    filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
    known = FILTERS | {h5py.h5z.FILTER_LZF} if foreign else FILTERS
    if not filters <= known:
        raise _refused(path, where, f"needs filter {min(filters - known)}, which would load a plugin")
    declared, stored = (item.size or 0) * item.dtype.itemsize, item.id.get_storage_size()
    limit = MAX_DECLARED if foreign or is_bulk(where.lstrip("/")) else MAX_TABLE
    check_size(path, where, item.shape, declared, stored, limit=limit)


def _refused(path: Path, where: str, what: str) -> DataError:
    return DataError(f"{path}: {where} {what}", why="a dataset must not refer to anything else", fix="do not trust it")
