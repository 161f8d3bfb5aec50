"""Reading of a dataset: a sequence of samples that reads from the file what a sample needs, when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from gno.datasets import schema
from gno.datasets.digest import differing, instant_digests, sample_digest, trajectory_digest
from gno.datasets.field import FieldSpec, check_finite
from gno.datasets.guard import damaged, open_guarded, refusing
from gno.datasets.naming import suggestion
from gno.datasets.rows import Rows
from gno.datasets.sample import Sample
from gno.datasets.splits import SPLITS, Samples, sample_numbers
from gno.datasets.statistics import Statistics
from gno.datasets.stored_meshes import StoredMeshes
from gno.datasets.tables import Tables, read_tables
from gno.errors import ConfigError, DataError


class MeshDataset:
    """Samples of a file, or of one of its splits.

    The structure of the file is checked once, when it is opened; the values of a sample are checked against their
    SHA-256 whenever it is read. The file is opened anew in each process, so a ``DataLoader`` may have workers, with
    a ``collate_fn`` that takes a list of ``Sample``.

    Args:
        path: the file.
        split: ``train``, ``valid`` or ``test``; ``None`` for all samples.
        indices: numbers of samples in the file instead of a split.
        params: parameters of the samples that their meshes are to carry as well, each as a field at the nodes.

    Raises:
        DataError: the file is missing, damaged, unfinished, of another layout, or refers to other files.
        ResourceError: an array in it claims to be far larger than what is stored.
        ConfigError: an unknown or empty split, an unknown parameter, or numbers that are not in the file.

    Example:
        >>> from gno.datasets import DatasetWriter, FieldSpec
        >>> from gno.mesh import Mesh
        >>> from tempfile import mkdtemp
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> path = mkdtemp() + "/two.vtkhdf"
        >>> with DatasetWriter(path, [FieldSpec("u", role="target")]) as writer:
        ...     writer.append(mesh.with_data({"u": np.arange(3.0)}), split="train")
        ...     writer.append(mesh.with_data({"u": np.ones(3)}), split="test")
        >>> with MeshDataset(path, "test") as dataset:
        ...     len(dataset), dataset[0].index, dataset[0].mesh.point_data["u"]
        (1, 1, array([1., 1., 1.]))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        split: str | None = None,
        *,
        indices: Sequence[int] | np.ndarray | None = None,
        params: Sequence[str] = (),
    ) -> None:
        self.path, self._carried = Path(path), tuple(params)
        with refusing(self.path):
            file = open_guarded(self.path)
            try:
                self.tables: Tables = read_tables(self.path, file)
            except BaseException:
                file.close()
                raise
        self._rows = Rows(self.path, file, self.tables.seal)
        self._meshes = StoredMeshes(self._rows, self.tables)
        try:
            self.indices = self._selected(split, indices)
            self._check_carried()
        except ConfigError:
            self.close()
            raise

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of every sample."""
        return self.tables.fields

    @property
    def statistics(self) -> Mapping[str, Statistics]:
        """Field to its statistics over the train split, or over all samples where it has none."""
        return self.tables.statistics

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What the author says of the data."""
        return self.tables.attributes

    @property
    def params(self) -> Mapping[str, Float[np.ndarray, " samples"]]:
        """Parameter to its value in each sample of the file."""
        return self.tables.params

    @property
    def splits(self) -> Mapping[str, Samples]:
        """Split to the numbers of its samples in the file."""
        return self.tables.splits

    @property
    def dim(self) -> int:
        """Dimension of the meshes: 2 or 3."""
        return self.tables.dim

    @property
    def num_meshes(self) -> int:
        """Distinct meshes in the file."""
        return self.tables.meshes.number

    @property
    def in_time(self) -> bool:
        """Whether samples are trajectories."""
        return self.tables.time is not None

    @property
    def num_instants(self) -> Int[np.ndarray, "samples"]:
        """Instants of each sample; ones without time."""
        return np.diff(self.tables.steps)[self.indices]

    def field(self, name: str) -> FieldSpec:
        """The field of a name.

        Raises:
            DataError: there is none.
        """
        known = {spec.name: spec for spec in self.fields}
        if name not in known:
            raise DataError(
                f"field {name!r} is not in {self.path}", why=f"have: {', '.join(known)}", fix=suggestion(name, known)
            )
        return known[name]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, i: int) -> Sample:
        """Read a sample.

        Raises:
            IndexError: there is no such sample.
            DataError: its values are damaged or not finite.
        """
        if not -len(self) <= i < len(self):
            raise IndexError(f"sample {i} of {len(self)}")
        index = int(self.indices[i])
        with refusing(self.path):
            return self._read(index, range(self._length(index)))

    def window(self, i: int, start: int, stop: int, step: int = 1) -> Sample:
        """Read some instants of a trajectory, and nothing of the others.

        Args:
            i: number of the trajectory in this dataset.
            start: its first instant that is read.
            stop: the instant before which reading ends.
            step: every which instant is read.

        Raises:
            IndexError: there is no such sample.
            ConfigError: the window is empty, or goes beyond the trajectory.
            DataError: its values are damaged or not finite.
        """
        if not -len(self) <= i < len(self):
            raise IndexError(f"sample {i} of {len(self)}")
        index = int(self.indices[i])
        if not (0 <= start < stop <= self._length(index) and step > 0):
            raise ConfigError(
                f"instants {start} to {stop} by {step} are asked for", why=f"sample {i} has {self._length(index)}"
            )
        with refusing(self.path):
            return self._read(index, range(start, stop, step))

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        self._rows.close()

    def __enter__(self) -> MeshDataset:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _length(self, index: int) -> int:
        return int(self.tables.steps[index + 1] - self.tables.steps[index])

    def _selected(self, split: str | None, indices: Sequence[int] | np.ndarray | None) -> Samples:
        total = self.tables.num_samples
        if split is not None and indices is not None:
            raise ConfigError("both a split and indices are given", fix="give one of them")
        if indices is not None:
            rows = sample_numbers(indices)
            bad = rows[(rows < 0) | (rows >= total)]
            if len(bad):
                raise ConfigError(f"sample {bad[0]} is not in {self.path}", why=f"it has {total} samples")
            return rows
        if split is None:
            return np.arange(total, dtype=np.int64)
        if split not in SPLITS:
            raise ConfigError(f"split {split!r} is unknown", why=f"known: {', '.join(SPLITS)}")
        rows = self.splits.get(split, np.zeros(0, dtype=np.int64))
        if len(rows) == 0:
            have = ", ".join(f"{name} ({len(members)})" for name, members in self.splits.items())
            raise ConfigError(f"split {split!r} of {self.path} is empty", why=f"have: {have}")
        return rows

    def _check_carried(self) -> None:
        names = {spec.name for spec in self.fields}
        for name in self._carried:
            if name not in self.params:
                have = ", ".join(self.params) or "none"
                raise ConfigError(
                    f"parameter {name!r} is not in {self.path}", why=f"have: {have}", fix=suggestion(name, self.params)
                )
            if name in names:
                raise ConfigError(f"{self.path} has a parameter and a field {name!r}", why="a mesh carries one of them")

    def _read(self, index: int, window: range) -> Sample:
        tables, number = self.tables, int(self.tables.mesh[index])
        mesh, static = self._meshes[number]
        params = {name: float(values[index]) for name, values in tables.params.items()}
        still = {s.name: self._still(s, index) for s in self.fields if s.role != "static" and not s.transient}
        moving = {s.name: self._moving(s, index, window) for s in self.fields if s.transient}
        digest, time = sample_digest(tables.meshes.digests[number].tobytes().hex(), params, still), None
        if tables.time is not None and tables.instants is not None:
            steps, chosen = slice(*tables.steps[index : index + 2]), slice(window.start, window.stop, window.step)
            times, instants = tables.time[steps], tables.instants[steps]
            digest, time = trajectory_digest(digest, times, instants), times[chosen]
            if not np.array_equal(instant_digests(moving, len(window)), instants[chosen]):
                raise self._damaged(index, still, moving, window)
        if digest != tables.digests[index].tobytes().hex():
            raise self._damaged(index, still, {}, window)
        for name, values in (still | moving).items():
            check_finite(values, f"field {name!r} of sample {index}")
        carried = {name: np.full(mesh.num_points, params[name]) for name in self._carried}
        point, cell = (self._at(place, static | still) for place in ("point", "cell"))
        moves = [self._at(place, moving) for place in ("point", "cell")]
        return Sample(mesh.with_data(carried | point, cell), params, index, time, *moves)

    def _damaged(
        self, index: int, still: Mapping[str, np.ndarray], moving: Mapping[str, np.ndarray], window: range
    ) -> DataError:
        """The error of a sample that differs from its checksum, with the paths of those of its arrays that do."""
        wrong = [list(still)[k] for k in differing(self._rows.marks("samples", index), still)] if still else []
        first, names = int(self.tables.steps[index]), list(moving)
        for row, instant in enumerate(window if moving else ()):
            stored = self._rows.marks("instants", first + instant)
            wrong += [names[k] for k in differing(stored, {name: values[row] for name, values in moving.items()})]
        paths = [schema.field_path(spec) for spec in self.fields if spec.name in wrong]
        return damaged(self.path, f"sample {index}", paths)

    def _at(self, place: str, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {s.name: values[s.name] for s in self.fields if s.location == place and s.name in values}

    def _still(self, spec: FieldSpec, index: int) -> np.ndarray:
        return self._rows(schema.field_path(spec), *self.tables.span(spec, index))

    def _moving(self, spec: FieldSpec, index: int, window: range) -> np.ndarray:
        """Values of a transient field at the instants of a window, ``(instants, nodes, ...)``."""
        runs = [window] if window.step == 1 else [range(t, t + 1) for t in window]
        rows = [self._rows(schema.field_path(spec), *self.tables.span(spec, index, run)) for run in runs]
        return np.concatenate(rows).reshape(len(window), -1, *rows[0].shape[1:])
