"""HDF5 files from strangers: what is in one must stand in it, and be no larger than it can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import h5py

from gno.errors import DataError, ResourceError

FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
"""Filters that HDF5 has built in; others would load plugins."""
PACKING = (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_LZF)
"""Those that make a chunk smaller, and unpack as much as is in it, whatever it claims: one of them, and once."""
MAX_DECLARED = 4 << 30
"""Bytes up to which an array may claim more than is stored."""
MAX_CHUNK = 64 << 20
"""The same for a chunk: it is unpacked whole, however little of it is read."""
MAX_RATIO = 1000
MAX_OBJECTS = 10_000
MAX_FOREIGN_OBJECTS = 200_000
"""The same for files with a group for each sample."""
MAX_DEPTH = 8
COPY = "copy or download the file again"
DO_NOT = "do not trust this file"


def check_objects(path: Path, file: h5py.File, *, foreign: bool, limit: Callable[[str], int]) -> None:
    """Refuse a file that refers to other files, needs plugins, or declares far more than it stores.

    Args:
        path: of the file, for the errors.
        file: the open file.
        foreign: of another layout, as of ``gno.datasets.guard.open_guarded``.
        limit: path of an array to the bytes up to which it may claim more than is stored; foreign ones have
            ``MAX_DECLARED``.

    Raises:
        DataError: it refers to other files, or is nested without end.
        ResourceError: an array claims to be far larger than what is stored.
    """
    _check_group(path, file, foreign, limit, depth=0, seen=set())


def check_file(path: Path) -> None:
    """The same of a file of another layout that somebody else will open.

    Args:
        path: the file.

    Raises:
        DataError: it is no HDF5 file or damaged, refers to other files, or is nested without end.
        ResourceError: an array claims to be far larger than what is stored.
    """
    try:
        with h5py.File(path, "r") as file:
            check_objects(path, file, foreign=True, limit=lambda _: MAX_DECLARED)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise DataError(f"{path} is damaged or no HDF5", why=" ".join(str(error).split()), fix=COPY) from error


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
            fix=DO_NOT,
        )


def _check_group(
    path: Path, group: h5py.Group, foreign: bool, limit: Callable[[str], int], depth: int, seen: set[int]
) -> None:
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
            _check_group(path, item, foreign, limit, depth + 1, seen)
        elif isinstance(item, h5py.Dataset):
            _check_dataset(path, where, item, foreign, limit)
        elif not foreign:
            raise DataError(f"{path}: {where} is a {type(item).__name__}", why="only groups and datasets are read")


def _check_dataset(path: Path, where: str, item: h5py.Dataset, foreign: bool, limit: Callable[[str], int]) -> None:
    if item.is_virtual:
        raise _refused(path, where, "is a virtual dataset")
    if item.external:
        raise _refused(path, where, "keeps its values in another file")
    if item.dtype.kind not in "iuf" and not foreign:
        raise DataError(f"{path}: {where} has type {item.dtype}", why="a dataset holds real numbers")
    _check_filters(path, where, item, foreign)
    declared, stored = (item.size or 0) * item.dtype.itemsize, item.id.get_storage_size()
    check_size(path, where, item.shape, declared, stored, limit=MAX_DECLARED if foreign else limit(where.lstrip("/")))
    if item.chunks is not None:
        unpacked = math.prod(item.chunks) * item.dtype.itemsize
        check_size(path, f"a chunk of {where}", item.chunks, unpacked, stored, limit=MAX_CHUNK)


def _check_filters(path: Path, where: str, item: h5py.Dataset, foreign: bool) -> None:
    plan = item.id.get_create_plist()
    filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    known = FILTERS | {h5py.h5z.FILTER_LZF} if foreign else FILTERS
    if unknown := set(filters) - known:
        raise _refused(path, where, f"needs filter {min(unknown)}, which would load a plugin")
    if sum(filters.count(packing) for packing in PACKING) > 1:
        raise DataError(
            f"{path}: {where} is packed more than once", why="a few bytes may unpack to any number", fix=DO_NOT
        )


def _refused(path: Path, where: str, what: str) -> DataError:
    return DataError(f"{path}: {where} {what}", why="a dataset must not refer to anything else", fix="do not trust it")
