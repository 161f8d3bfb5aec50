"""What is whole of a damaged or unfinished dataset, as a finished one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gno.datasets.field import FieldSpec
from gno.datasets.guard import refusing
from gno.datasets.journal import MAGIC, Journal, read_arrays
from gno.datasets.reader import MeshDataset
from gno.datasets.survey import Survey, survey
from gno.datasets.writer import OVERWRITE, DatasetWriter
from gno.errors import ConfigError, DataError
from gno.files import check_file


@dataclass(frozen=True)
class Repair:
    """What was kept.

    Args:
        path: the finished dataset.
        num_samples: that are in it.
        num_lost: samples and records that were damaged.
    """

    path: Path
    num_samples: int
    num_lost: int


def repair(
    path: str | os.PathLike[str], out: str | os.PathLike[str] | None = None, *, overwrite: bool = False
) -> Repair:
    """Write a finished dataset of the samples that are whole, each with its checksum; what was there stays as it is.

    Args:
        path: an unfinished dataset (``*.part``, or the name it was to have), or a finished one that is damaged.
        out: the dataset to be; by default the name that the unfinished one was to have.
        overwrite: replace what stands at ``out``.

    Raises:
        ConfigError: no name for what is kept, or the dataset is whole.
        DataError: no such file, not one sample is whole, or the tables of a finished file are damaged.
        ResourceError: the disk is full.

    Example:
        >>> import numpy as np
        >>> from tempfile import mkdtemp
        >>> from gno.mesh import Mesh
        >>> mesh, path = Mesh(np.eye(3, 2), {"triangle": np.array([[2, 0, 1]])}), mkdtemp() + "/two.h5"
        >>> with contextlib.suppress(KeyboardInterrupt), DatasetWriter(path, [FieldSpec("u")]) as writer:
        ...     for value in (1.0, 2.0):
        ...         writer.append(mesh.with_data({"u": np.full(3, value)}))
        ...     raise KeyboardInterrupt
        >>> repair(path).num_samples
        2
    """
    source = Path(path)
    part = source.with_name(source.name + ".part")
    source = part if not source.exists() and part.exists() else source
    is_part = _is_unfinished(source)
    if out is None and not (is_part and source.suffix == ".part"):
        raise ConfigError("no name is given for what is kept", why=f"{source} stays as it is", fix="-o SOUND.h5 (out=)")
    target = Path(out) if out is not None else source.with_suffix("")
    check_file(target)
    if target.exists() and not overwrite:
        raise ConfigError(
            f"{target} exists already", why="it would be replaced", fix=f"give another name, or {OVERWRITE}"
        )
    if is_part:
        with refusing(source):
            return _of_unfinished(survey(source), target)
    return _of_finished(source, target)


def _is_unfinished(path: Path) -> bool:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC
    return False


def _of_unfinished(found: Survey, target: Path) -> Repair:
    if found.header is None or not found.samples:
        raise DataError(f"{found.path} has no sample to keep", why=found.error().why, fix="make the dataset again")
    header = found.header.meta

    def fill(aside: Path) -> None:
        journal = Journal(aside.with_name(aside.name + ".part"))
        try:
            _copy(found, journal)
        finally:
            journal.close()
        fields = [FieldSpec(**field) for field in header["fields"]]
        with DatasetWriter(aside, fields, attributes=header["attributes"], resume=True):
            pass

    _put(target, fill)
    return Repair(target, len(found.samples), found.num_lost)


def _copy(found: Survey, journal: Journal) -> None:
    """The whole records in their order; meshes are numbered anew."""
    numbers: dict[int, int] = {}
    with open(found.path, "rb") as file:
        if found.header is not None:
            journal.append(found.header.meta, {})
        for sample, mesh in found.samples:
            if mesh.offset not in numbers:
                numbers[mesh.offset] = len(numbers)
                journal.append(mesh.meta, read_arrays(file, mesh))
            journal.append(sample.meta | {"mesh": numbers[mesh.offset]}, read_arrays(file, sample))


def _of_finished(source: Path, target: Path) -> Repair:
    with MeshDataset(source) as dataset:
        split = {int(i): name for name, rows in dataset.splits.items() for i in rows}
        whole = [i for i in range(len(dataset)) if _is_whole(dataset, i)]
        lost = len(dataset) - len(whole)
        if not lost:
            raise ConfigError(f"{source} is whole", why=f"its {len(whole)} samples fit their checksums", fix="use it")
        if not whole:
            raise DataError(f"{source} has no sample to keep", why=f"all {lost} are damaged", fix="make it again")

        def fill(aside: Path) -> None:
            with DatasetWriter(aside, dataset.fields, attributes=dataset.attributes) as writer:
                for i in whole:
                    s = dataset[i]
                    point, cell = s.point_series, s.cell_series
                    writer.append(s.mesh, s.params, split.get(i), time=s.time, point_series=point, cell_series=cell)

        _put(target, fill)
    return Repair(target, len(whole), lost)


def _is_whole(dataset: MeshDataset, i: int) -> bool:
    try:
        dataset[i]
    except DataError:
        return False
    return True


def _put(target: Path, fill: Callable[[Path], None]) -> None:
    """Write a dataset beside its place, and rename it when it is whole."""
    aside = target.with_name(target.name + ".repaired")
    places = [aside, aside.with_name(aside.name + ".part")]
    for place in places:
        place.unlink(missing_ok=True)
    try:
        fill(aside)
        os.replace(aside, target)
    finally:
        for place in places:
            place.unlink(missing_ok=True)
