"""Other people's files as datasets: read where they lie, or written anew as one of ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np

from gno.datasets.field import FieldSpec
from gno.datasets.guard import refusing
from gno.datasets.layouts import Options, Series, layout_of
from gno.datasets.layouts.layout import Reading, with_roles
from gno.datasets.sources import Source, open_source, places
from gno.datasets.writer import DatasetWriter
from gno.errors import ConfigError, DataError

PathLike = str | os.PathLike[str]


class ForeignDataset:
    """Samples of other people's files, read where they lie; made by ``open_layout``.

    Args:
        readings: of one source each, with its source and the name of its layout.

    Raises:
        DataError: the sources have other fields.
    """

    def __init__(self, readings: Sequence[tuple[Source, str, Reading]]) -> None:
        self._readings = tuple(readings)
        first = readings[0]
        for source, _, reading in readings[1:]:
            if reading.fields != first[2].fields:
                have, wanted = ([(s.name, s.components) for s in r.fields] for r in (reading, first[2]))
                raise DataError(
                    f"{source.path} has fields {have}", why=f"{first[0].path} has {wanted}", fix="convert them apart"
                )
        self._ends = np.cumsum([len(reading) for _, _, reading in readings])

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of every sample."""
        return self._readings[0][2].fields

    @property
    def layout(self) -> str:
        """Name of the layout."""
        return self._readings[0][1]

    @property
    def attributes(self) -> Mapping[str, str | float | int]:
        """What the file says of itself, and where it came from."""
        sources = ",".join(source.path.name for source, _, _ in self._readings)[:1000]
        return {**self._readings[0][2].attributes, "layout": self.layout, "source": sources}

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, i: int) -> Series:
        if not -len(self) <= i < len(self):
            raise IndexError(f"sample {i} of {len(self)}")
        number = i % len(self)
        which = int(np.searchsorted(self._ends, number, side="right"))
        source, _, reading = self._readings[which]
        try:
            with refusing(source.path):
                return reading[number - int(self._ends[which]) + len(reading)]
        except DataError as error:
            if str(source.path) in error.what:
                raise
            raise DataError(f"sample {i} of {source.path}: {error.what}", why=error.why, fix=error.fix) from error

    def __iter__(self) -> Iterator[Series]:
        return (self[i] for i in range(len(self)))

    def close(self) -> None:
        """Close the files."""
        for source, _, _ in self._readings:
            source.close()

    def __enter__(self) -> ForeignDataset:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_layout(*paths: PathLike, layout: str | None = None, options: Options | None = None) -> ForeignDataset:
    """Open other people's files, and read samples from them where they lie.

    Args:
        paths: files or folders with the same fields; a folder of large files stands for these.
        layout: name of the layout, one of ``gno.datasets.LAYOUTS``; found out by itself without it.
        options: what the files leave open.

    Raises:
        ConfigError: an unknown layout, or an option that does not fit the files.
        DataError: no such file, damaged, of no known layout, or of other fields than those before it.
        ResourceError: an array claims to be far larger than what is stored.

    Example:
        >>> from tempfile import mkdtemp
        >>> from scipy.io import savemat
        >>> path = mkdtemp() + "/darcy.mat"
        >>> a = np.ones((2, 5, 5))
        >>> savemat(path, {"coeff": a, "sol": 2 * a})
        >>> with open_layout(path, options=Options(stride=2)) as dataset:
        ...     dataset.layout, len(dataset), dataset[1].mesh
        ('fno', 2, Mesh(2-D, 9 points, 4 quad; boundary: left (2), right (2), bottom (2), top (2)))
    """
    chosen = options or Options()
    if not paths:
        raise ConfigError("no files are given", why="there is nothing to read")
    with ExitStack() as stack:
        readings = []
        for path in places([Path(p) for p in paths]):
            source = stack.enter_context(open_source(path))
            found = layout_of(source, layout)
            with refusing(source.path):  # what a layout takes for granted, a file need not have
                reading = found.open(source, chosen)
            readings.append((source, found.name, with_roles(reading, chosen)))
        dataset = ForeignDataset(readings)
        stack.pop_all()
    return dataset


def convert(
    paths: Sequence[PathLike],
    out: PathLike,
    *,
    layout: str | None = None,
    options: Options | None = None,
    number: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a dataset of other people's files.

    A run that was stopped goes on where it was when it is called again. Of a file in time every trajectory becomes a
    sample; fields that have no axis of time stand still in it.

    Args:
        paths: as in ``open_layout``.
        out: the file to be, by custom ``*.h5``.
        layout: as in ``open_layout``.
        options: as in ``open_layout``.
        number: samples or trajectories that are taken, the first ones; all without it.
        progress: called with the number of samples or trajectories done, and that of all, after each.
        overwrite: replace a finished file at ``out``.

    Returns:
        ``out``.

    Raises:
        ConfigError: as ``open_layout`` does; or no samples are asked for.
        DataError: as ``open_layout`` does; values that are not finite; a file is in the way.
        ResourceError: the disk is full; what was written before is kept.
    """
    if number is not None and number < 1:
        raise ConfigError(f"{number} samples are asked for", why="there must be at least 1")
    with open_layout(*paths, layout=layout, options=options) as dataset:
        total = len(dataset) if number is None else min(number, len(dataset))
        if not total:
            raise DataError(f"{Path(paths[0])} has no samples", why="there is nothing to convert")
        attributes = {**dataset.attributes, "options": str(options or Options())}
        fields = in_time(dataset.fields, dataset[0])
        with DatasetWriter(out, fields, attributes=attributes, resume=True, overwrite=overwrite) as writer:
            for i in range(writer.num_samples, total):
                series = dataset[i]
                writer.append(
                    series.mesh,
                    series.params,
                    series.split,
                    time=series.times,
                    point_series=series.point_series,
                    cell_series=series.cell_series,
                )
                if progress is not None:
                    progress(i + 1, total)
    return Path(out)


def in_time(fields: Sequence[FieldSpec], series: Series) -> list[FieldSpec]:
    """The fields of a dataset of trajectories, or of steady samples.

    Args:
        fields: of the layout, which does not tell.
        series: one of the samples.
    """
    return [replace(spec, transient=spec.name in series.transient) for spec in fields]
