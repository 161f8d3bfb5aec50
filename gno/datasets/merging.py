"""Several datasets of one kind as one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from gno.datasets.difference import difference
from gno.datasets.reader import MeshDataset
from gno.datasets.writer import DatasetWriter
from gno.errors import ConfigError, DataError


def merge(
    paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    compress: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the samples of datasets, file by file in the order they are given, into one.

    Every sample is checked against its checksum, keeps its split, and shares its mesh with those of other files on the
    same one. Of shards that ``generate`` made, given in their order, this is the dataset that one process would have
    made, with the same checksums. A merge that was stopped goes on where it was.

    Args:
        paths: datasets of the same fields and attributes.
        out: the file to be.
        overwrite: replace a finished file at ``out``.
        compress: as of ``DatasetWriter``.
        progress: called with the number of samples done, and of all, after each.

    Returns:
        ``out``.

    Raises:
        ConfigError: no dataset, or ``out`` is one of them.
        DataError: a file that is damaged, or of other fields or attributes than the first; a file is in the way.
        ResourceError: the disk is full; what was written before is kept.

    Example:
        >>> from gno.problems import Darcy, generate
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> problem = Darcy(nodes=60, shapes=("square",), held_out=(), test_fraction=0.5, refinement=2)
        >>> parts = [generate(problem, folder / f"{k}.h5", 2, shard=(k, 2)) for k in range(2)]
        >>> with MeshDataset(merge(parts, folder / "both.h5")) as dataset:
        ...     len(dataset)
        2
    """
    out = Path(out)
    if not paths:
        raise ConfigError("no datasets are given", why="there is nothing to merge", fix="give one or more")
    if any(out.exists() and Path(path).exists() and out.samefile(path) for path in paths):
        raise ConfigError(f"{out} is one of the files", why="it would be overwritten", fix="give another name to -o")
    with ExitStack() as stack:
        parts = [stack.enter_context(MeshDataset(path)) for path in paths]
        for part in parts[1:]:
            _check_alike(parts[0], part)
        total = sum(len(part) for part in parts)
        fields, about = parts[0].fields, dict(parts[0].attributes)
        writer = DatasetWriter(out, fields, attributes=about, resume=True, overwrite=overwrite, compress=compress)
        stack.enter_context(writer)
        number, done = 0, writer.num_samples
        for part in parts:
            split_of = {int(i): name for name, rows in part.splits.items() for i in rows}
            for i in range(max(done - number, 0), len(part)):
                _append(writer, part, i, split_of.get(i))
                if progress is not None:
                    progress(number + i + 1, total)
            number += len(part)
    return out


def _append(writer: DatasetWriter, part: MeshDataset, i: int, split: str | None) -> None:
    sample = part[i]
    writer.append(
        sample.mesh,
        sample.params,
        split,
        time=sample.time,
        point_series=sample.point_series,
        cell_series=sample.cell_series,
    )


def _check_alike(one: MeshDataset, other: MeshDataset) -> None:
    there, here = (
        {"fields": {spec.name: asdict(spec) for spec in d.fields}, "attributes": dict(d.attributes)}
        for d in (other, one)
    )
    if there != here:
        raise DataError(
            f"{other.path} is not of the kind of {one.path}",
            why=difference(there, here),
            fix="merge files that were made with the same options",
        )
