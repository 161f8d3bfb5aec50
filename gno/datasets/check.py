"""A look at a whole dataset: every checksum, every value, the statistics, the splits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import h5py
import numpy as np

from gno.datasets import schema
from gno.datasets.field import FieldSpec
from gno.datasets.packed import CORNERS_OF_TYPE
from gno.datasets.reader import MeshDataset
from gno.datasets.splits import measured, overlap
from gno.datasets.statistics import RunningStatistics, Statistics
from gno.errors import GnoError


@dataclass(frozen=True, eq=False)
class Report:
    """What ``check`` found.

    Args:
        path: the file.
        num_bytes: its size.
        num_samples: its samples.
        num_meshes: its distinct meshes.
        num_instants: least and greatest number of instants of a trajectory; ``None`` without time.
        dim: 2 or 3.
        num_points: least and greatest number of points of a mesh.
        fields: the fields of every sample.
        statistics: field to its statistics over the train split, or over all samples where it has none.
        params: parameter to its least and greatest value.
        splits: split to its number of samples.
        checksums: SHA-256 sums that were compared.
        problems: what is wrong, one line each; empty where all is well.
        notes: what is odd, but may be meant.
    """

    path: str
    num_bytes: int
    num_samples: int
    num_meshes: int
    num_instants: tuple[int, int] | None
    dim: int
    num_points: tuple[int, int]
    fields: tuple[FieldSpec, ...]
    statistics: Mapping[str, Statistics]
    params: Mapping[str, tuple[float, float]]
    splits: Mapping[str, int]
    checksums: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def _samples(self) -> str:
        if self.num_instants is None:
            return f"{self.num_samples} samples"
        return f"{self.num_samples} trajectories of {' to '.join(map(str, sorted({*self.num_instants})))} instants"

    def __str__(self) -> str:
        least, most = self.num_points
        splits = ", ".join(f"{name} {count}" for name, count in self.splits.items()) or "none"
        lines = [
            f"{self.path}: {self.num_bytes:,} bytes",
            f"{self._samples} on {self.num_meshes} meshes, {self.dim}-D, {least} to {most} points",
            f"splits: {splits}",
            f"{'field':<16} {'role':<7} {'at':<6} {'units':<8} {'mean':>11} {'std':>11} {'min':>11} {'max':>11}",
        ]
        for spec in self.fields:
            s = self.statistics[spec.name]
            for k in range(spec.components):
                name = spec.name if spec.components == 1 else f"{spec.name}[{k}]"
                numbers = " ".join(f"{values[k]:>11.4g}" for values in (s.mean, s.std, s.min, s.max))
                lines.append(f"{name:<16} {spec.role:<7} {spec.location:<6} {spec.units:<8} {numbers}")
        for name, (low, high) in self.params.items():
            lines.append(f"parameter {name}: {low:.5g}" + (f" to {high:.5g}" if high > low else ""))
        lines += [f"note: {note}" for note in self.notes] + [f"problem: {problem}" for problem in self.problems]
        end = f"Failed: {len(self.problems)} problems." if self.problems else "Dataset OK."
        return "\n".join([*lines, f"{self.checksums} checksums compared.", end])


def check(path: str | os.PathLike[str]) -> Report:
    """Read a whole dataset, one sample at a time, and compare every number with its checksum.

    Args:
        path: the file.

    Raises:
        DataError: the file cannot be opened at all.

    Example:
        >>> from gno.datasets import DatasetWriter, FieldSpec
        >>> from gno.mesh import Mesh
        >>> from tempfile import mkdtemp
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> path = mkdtemp() + "/one.vtkhdf"
        >>> with DatasetWriter(path, [FieldSpec("u", role="target")]) as writer:
        ...     writer.append(mesh.with_data({"u": np.arange(3.0)}))
        >>> check(path).ok
        True
    """
    with MeshDataset(path) as dataset:
        tables = dataset.tables
        running = {s.name: RunningStatistics(s.name, s.components) for s in dataset.fields}
        problems = [*_samples(dataset, running), *_offsets(dataset)]
        if not problems:
            problems += _statistics(dataset, running)
        twins = overlap([row.tobytes() for row in tables.digests], dataset.splits)
        counts = np.diff(tables.meshes.points)
        return Report(
            str(dataset.path),
            dataset.path.stat().st_size,
            len(dataset),
            dataset.num_meshes,
            _ends(dataset.num_instants) if dataset.in_time else None,
            dataset.dim,
            _ends(counts),
            dataset.fields,
            dataset.statistics,
            {name: (float(values.min()), float(values.max())) for name, values in tables.params.items()},
            {name: len(rows) for name, rows in dataset.splits.items()},
            len(json.loads(tables.seal))
            + dataset.num_meshes
            + len(dataset)
            + (0 if tables.instants is None else len(tables.instants)),
            tuple(problems),
            tuple(_notes(dataset, twins)),
        )


def _samples(dataset: MeshDataset, running: Mapping[str, RunningStatistics]) -> Iterator[str]:
    counted = set(measured(dataset.splits, len(dataset)).tolist())
    for i in range(len(dataset)):
        try:
            sample = dataset[i]
        except GnoError as error:
            yield str(error)
            continue
        if i in counted:
            values = {**sample.mesh.point_data, **sample.mesh.cell_data, **sample.point_series, **sample.cell_series}
            for name, statistics in running.items():
                statistics.update(values[name])


def _ends(counts: np.ndarray) -> tuple[int, int]:
    return int(counts.min()), int(counts.max())


def _offsets(dataset: MeshDataset) -> Iterator[str]:
    meshes = dataset.tables.meshes
    with h5py.File(dataset.path, "r") as file:
        for m in range(meshes.number):
            first, end = int(meshes.cells[m]), int(meshes.cells[m + 1])
            try:
                corners = CORNERS_OF_TYPE[file["VTKHDF/Types"][first:end]]
                found = file["VTKHDF/Offsets"][first + m : end + m + 1]
            except OSError as error:
                yield f"mesh {m} cannot be read: {error}"
                continue
            if not np.array_equal(found, np.concatenate([[0], np.cumsum(corners)])):
                yield f"VTKHDF/Offsets of mesh {m} differ from what its cell types need"


def _statistics(dataset: MeshDataset, running: Mapping[str, RunningStatistics]) -> Iterator[str]:
    for name, stored in dataset.statistics.items():
        found = running[name].result()
        for number in schema.NUMBERS:
            a, b = getattr(stored, number), getattr(found, number)
            if (a is None) != (b is None) or (a is not None and not np.allclose(a, b, rtol=1e-9, atol=1e-300)):
                yield f"{number} of {name!r} is {a}, but {_measured(dataset)} has {b}"


def _notes(dataset: MeshDataset, twins: int) -> Iterator[str]:
    if not _has_train(dataset):
        yield "no sample is in the train split: statistics are over all samples"
    if twins:
        yield f"{twins} samples to validate or test are in the train split, too"
    for name, statistics in dataset.statistics.items():
        if (statistics.std == 0).any():
            yield f"field {name!r} is constant over {_measured(dataset)}"
    unused = np.setdiff1d(np.arange(dataset.num_meshes), dataset.tables.mesh)
    if len(unused):
        yield f"mesh {unused[0]} belongs to no sample"
    listed = sum(len(rows) for rows in dataset.splits.values())
    if listed < len(dataset):
        yield f"{len(dataset) - listed} samples are in no split"


def _has_train(dataset: MeshDataset) -> bool:
    return len(dataset.splits.get("train", ())) > 0


def _measured(dataset: MeshDataset) -> str:
    return "the train split" if _has_train(dataset) else "the whole file"
