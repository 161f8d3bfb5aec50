"""Reading of a dataset: a sequence of samples that reads from the file what a sample needs, when it is asked for."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from gno.datasets import schema
from gno.datasets.digest import sample_digest
from gno.datasets.field import FieldSpec, check_finite
from gno.datasets.guard import open_guarded, refusing
from gno.datasets.naming import suggestion
from gno.datasets.packed import PackedMesh
from gno.datasets.sample import Sample
from gno.datasets.splits import SPLITS, Samples, sample_numbers
from gno.datasets.statistics import Statistics
from gno.datasets.tables import Tables, read_tables
from gno.errors import ConfigError, DataError
from gno.mesh.mesh import Mesh

KEPT_MESHES = 8


class MeshDataset:
    """Samples of a file, or of one of its splits.

    The structure of the file is checked once, when it is opened; the values of a sample are checked against their
    SHA-256 whenever it is read. The file is opened anew in each process, so a ``DataLoader`` may have workers, with
    a ``collate_fn`` that takes a list of ``Sample``.

    Args:
        path: the file.
        split: ``train``, ``valid`` or ``test``; ``None`` for all samples.
        indices: numbers of samples in the file instead of a split.

    Raises:
        DataError: the file is missing, damaged, unfinished, of another layout, or refers to other files.
        ResourceError: an array in it claims to be far larger than what is stored.
        ConfigError: an unknown or empty split, or numbers that are not in the file.

    Example:
        >>> from gno.datasets import DatasetWriter, FieldSpec
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
    ) -> None:
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._pid = os.getpid()
        self._items: dict[str, h5py.Dataset] = {}
        self._meshes: OrderedDict[int, tuple[Mesh, dict[str, np.ndarray]]] = OrderedDict()
        with refusing(self.path):
            file = open_guarded(self.path)
            try:
                self.tables: Tables = read_tables(self.path, file)
            except BaseException:
                file.close()
                raise
        self._file = file
        try:
            self.indices = self._selected(split, indices)
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
            return self._read(index)

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        file = self._file
        self._items, self._file = {}, None
        if file is not None:
            file.close()

    def __enter__(self) -> MeshDataset:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None, "_items": {}, "_meshes": OrderedDict()}

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

    def _rows(self, path: str, start: int, stop: int) -> np.ndarray:
        file = self._file
        if file is None or self._pid != os.getpid():
            file = self._reopen()
        if path not in self._items:
            self._items[path] = file[path]
        values = self._items[path][start:stop]
        return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))

    def _reopen(self) -> h5py.File:
        self.close()  # in a forked process this closes the parent's file here, and leaves it open there
        file = open_guarded(self.path)
        self._file, self._pid = file, os.getpid()
        if schema.read_text(file["gno/sha256"]) != self.tables.seal:
            self.close()
            raise DataError(f"{self.path} is another file than when it was opened", fix="open the dataset again")
        return file

    def _read(self, index: int) -> Sample:
        tables, number = self.tables, int(self.tables.mesh[index])
        mesh, static = self._mesh(number)
        params = {name: float(values[index]) for name, values in tables.params.items()}
        varying = {s.name: self._field(s, index) for s in self.fields if s.role != "static"}
        wanted = tables.digests[index].tobytes().hex()
        if sample_digest(tables.meshes.digests[number].tobytes().hex(), params, varying) != wanted:
            raise self._damaged(f"sample {index}")
        for name, values in varying.items():
            check_finite(values, f"field {name!r} of sample {index}")
        data = {spec: static[spec.name] if spec.role == "static" else varying[spec.name] for spec in self.fields}
        return Sample(
            mesh.with_data(
                {s.name: values for s, values in data.items() if s.location == "point"},
                {s.name: values for s, values in data.items() if s.location == "cell"},
            ),
            params,
            index,
        )

    def _field(self, spec: FieldSpec, index: int) -> np.ndarray:
        return self._rows(schema.field_path(spec), *self.tables.span(spec, index))

    def _static(self, spec: FieldSpec, number: int) -> np.ndarray:
        starts = self.tables.meshes.starts(spec)
        return self._rows(schema.field_path(spec), int(starts[number]), int(starts[number + 1]))

    def _mesh(self, number: int) -> tuple[Mesh, dict[str, np.ndarray]]:
        if number in self._meshes:
            self._meshes.move_to_end(number)
            return self._meshes[number]
        packed = self._packed(number)
        static = {s.name: self._static(s, number) for s in self.fields if s.role == "static"}
        if packed.digest(static) != self.tables.meshes.digests[number].tobytes():
            raise self._damaged(f"mesh {number}")
        for name, values in static.items():
            check_finite(values, f"field {name!r} of mesh {number}")
        self._meshes[number] = packed.unpack(), static
        if len(self._meshes) > KEPT_MESHES:
            self._meshes.popitem(last=False)
        return self._meshes[number]

    def _packed(self, m: int) -> PackedMesh:
        t = self.tables.meshes
        patches = range(int(t.patch_ptr[m]), int(t.patch_ptr[m + 1]))
        ends = t.facet_ptr[patches.start : patches.stop + 1]
        return PackedMesh(
            self.dim,
            self._rows("VTKHDF/Points", int(t.points[m]), int(t.points[m + 1])),
            self._rows("VTKHDF/Connectivity", int(t.corners[m]), int(t.corners[m + 1])),
            self._rows("VTKHDF/Types", int(t.cells[m]), int(t.cells[m + 1])),
            self._rows("gno/boundary/facets", int(ends[0]), int(ends[-1])),
            np.diff(ends),
            tuple(t.names[t.tag[p]] for p in patches),
        )

    def _damaged(self, what: str) -> DataError:
        return DataError(
            f"{what} of {self.path} is damaged",
            why="its values differ from their checksum",
            fix="copy or download the file again",
        )
