"""The small tables of a dataset file, read whole and checked once when it is opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from gno.datasets import schema
from gno.datasets.field import FieldSpec
from gno.datasets.items import Items
from gno.datasets.splits import Samples, checked_splits
from gno.datasets.statistics import Statistics
from gno.errors import ConfigError, DataError
from gno.hdf5 import COPY


@dataclass(frozen=True, eq=False)
class MeshTables:
    """Where the arrays of each mesh stand.

    Args:
        points: first point of each mesh, and the end.
        cells: first cell of each mesh, and the end.
        corners: first corner of each mesh, and the end.
        facet_ptr: first facet of each patch, and the end.
        patch_ptr: first patch of each mesh, and the end.
        tag: number of the name of each patch.
        names: names of patches.
        digests: SHA-256 of each mesh.
    """

    points: np.ndarray
    cells: np.ndarray
    corners: np.ndarray
    facet_ptr: np.ndarray
    patch_ptr: np.ndarray
    tag: np.ndarray
    names: tuple[str, ...]
    digests: np.ndarray

    @property
    def number(self) -> int:
        """Number of distinct meshes."""
        return len(self.points) - 1

    def starts(self, spec: FieldSpec) -> np.ndarray:
        """First row of each mesh in a field with one value per point or cell of each mesh, and the end."""
        return self.points if spec.location == "point" else self.cells


@dataclass(frozen=True, eq=False)
class Tables:
    """What is known of a file before any sample is read.

    Args:
        dim: 2 or 3.
        fields: the fields of every sample.
        meshes: where the meshes stand.
        mesh: number of the mesh of each sample.
        steps: first step of each sample, and the end: a step is an instant of a trajectory, or a sample.
        time: time of each step; ``None`` where samples are not trajectories.
        rows: field to the first row of each sample.
        params: name to one number per sample.
        digests: SHA-256 of each sample.
        instants: SHA-256 of each step; ``None`` where samples are not trajectories.
        splits: split to sample numbers.
        statistics: field to its statistics over the train split, or over all samples where it has none.
        attributes: what the author says of the data.
        seal: the seal of the file.
    """

    dim: int
    fields: tuple[FieldSpec, ...]
    meshes: MeshTables
    mesh: np.ndarray
    steps: np.ndarray
    time: np.ndarray | None
    rows: dict[str, np.ndarray]
    params: dict[str, np.ndarray]
    digests: np.ndarray
    instants: np.ndarray | None
    splits: dict[str, Samples]
    statistics: dict[str, Statistics]
    attributes: dict[str, Any]
    seal: str

    @property
    def num_samples(self) -> int:
        """Number of samples."""
        return len(self.mesh)

    def span(self, spec: FieldSpec, sample: int, instants: range = range(1)) -> tuple[int, int]:
        """First row of a sample in a field, and the end.

        Args:
            spec: the field.
            sample: number of the sample.
            instants: those of a trajectory whose rows are wanted, if the field is transient; they follow each other.
        """
        starts, mesh = self.meshes.starts(spec), self.mesh[sample]
        rows = int(starts[mesh + 1] - starts[mesh])
        chosen = instants if spec.transient else range(1)
        first = int(self.rows[spec.name][sample])
        return first + chosen.start * rows, first + chosen.stop * rows


def read_tables(path: Path, file: h5py.File) -> Tables:
    """Read and check the structure of a file.

    Args:
        path: where it lies, for errors.
        file: the file, opened by ``open_guarded``.

    Raises:
        DataError: another layout, an unfinished file, tables that contradict each other, or a broken seal.
    """
    _check_layout(path, file)
    reader = _TableReader(path, file)
    tables = reader.read()
    if schema.seal_text(file) != tables.seal:
        raise DataError(f"{path} is damaged: {_broken(file, tables.seal)} differs from its checksum", fix=COPY)
    return tables


def _check_layout(path: Path, file: h5py.File) -> None:
    if "gno" not in file or "VTKHDF" not in file:
        keys = ", ".join(sorted(file)[:12]) or "nothing"
        near = "a VTKHDF file" if "VTKHDF" in file else "another layout"
        raise DataError(f"{path} is not a gno dataset", why=f"it is {near} and holds: {keys}", fix=_REWRITE)
    version = schema.read_attribute(file["gno"], "schema") if "schema" in file["gno"].attrs else "none"
    if version not in (schema.SCHEMA, schema.IN_TIME):
        known = f"{schema.SCHEMA!r} and {schema.IN_TIME!r}"
        raise DataError(f"{path} has layout {version!r}", why=f"this gno reads {known}", fix=_REWRITE)
    if file["gno"].attrs.get("complete", 0) != 1:
        raise DataError(f"{path} is unfinished", why="it was not sealed", fix="resume its generation")


_REWRITE = "write the samples with gno.datasets.DatasetWriter"


class _TableReader(Items):
    def read(self) -> Tables:
        fields = self.fields()
        dim = int(self.file["gno"].attrs["dim"])
        samples = self.num_samples()
        steps, time = self.trajectories(samples) if any(f.transient for f in fields) else (np.arange(samples + 1), None)
        mesh, number = self.mesh_numbers(steps)
        meshes = self.meshes(number, dim)
        each = np.repeat(mesh, np.diff(steps))
        ends = {"Point": meshes.points, "Cell": meshes.cells, "ConnectivityId": meshes.corners}
        self.equal("VTKHDF/Steps/NumberOfParts", np.ones_like(each))
        for name, starts in ends.items():
            self.equal(f"VTKHDF/Steps/{name}Offsets", starts[each])
        about = self.group("gno/attributes")
        return Tables(
            dim=dim,
            fields=fields,
            meshes=meshes,
            mesh=mesh,
            steps=steps,
            time=time,
            rows={spec.name: self.rows(spec, mesh, meshes.starts(spec), steps) for spec in fields},
            params={name: self.table(f"gno/params/{name}", (samples,)) for name in self.group("gno/params")},
            digests=self.table("gno/digests/samples", (samples, 32)),
            instants=None if time is None else self.table("gno/digests/instants", (len(each), 32)),
            splits=self.splits(samples),
            statistics={spec.name: self.statistics(spec) for spec in fields},
            attributes={name: schema.read_attribute(about, name) for name in about.attrs},
            seal=self.text("gno/sha256"),
        )

    def fields(self) -> tuple[FieldSpec, ...]:
        try:
            return tuple(FieldSpec(**spec) for spec in json.loads(self.text("gno/fields")))
        except ConfigError as error:
            raise DataError(f"{self.path}: {error.what}", why=error.why, fix=COPY) from error

    def meshes(self, number: int, dim: int) -> MeshTables:
        points, cells, corners = (self.mesh_starts(a, number) for a in ("Points", "Types", "Connectivity"))
        self.shape("VTKHDF/Points", (int(points[-1]), 3))
        self.shape("VTKHDF/Offsets", (int(cells[-1]) + number,))
        names = tuple(json.loads(self.text("gno/boundary/names")))
        tag = self.integers("gno/boundary/tag")
        self.below("gno/boundary/tag", tag, len(names))
        facets = len(self.item("gno/boundary/facets"))
        self.shape("gno/boundary/facets", (facets, 2 if dim == 2 else 4))
        return MeshTables(
            points,
            cells,
            corners,
            facet_ptr=self.pointer("gno/boundary/facet_ptr", len(tag), facets),
            patch_ptr=self.pointer("gno/boundary/patch_ptr", number, len(tag)),
            tag=tag,
            names=names,
            digests=self.table("gno/digests/meshes", (number, 32)),
        )

    def num_samples(self) -> int:
        samples = int(self.file["gno"].attrs["num_samples"])
        if samples < 1:
            raise DataError(f"{self.path} has {samples} samples", why="it needs one", fix="generate it again")
        self.shape("gno/digests/samples", (samples, 32))  # before tables as long as that take memory
        return samples

    def trajectories(self, samples: int) -> tuple[np.ndarray, np.ndarray]:
        """First step of each trajectory and the end, and the time of each step."""
        number, time = self.integers("gno/trajectory"), self.item("gno/time")[...].astype(np.float64)
        self.below("gno/trajectory", number, samples)
        counts = np.bincount(number, minlength=samples)
        self.equal("gno/trajectory", np.repeat(np.arange(samples), counts))
        self.shape("gno/time", (len(number),))
        if not counts.all():
            raise DataError(f"{self.path}: trajectory {counts.argmin()} is empty", why="it has no instant", fix=COPY)
        begins = np.diff(number, prepend=-1) > 0
        bad = np.flatnonzero(~np.isfinite(time) | ~(begins | (np.diff(time, prepend=0.0) > 0)))
        if len(bad):
            what = f"gno/time[{bad[0]}] = {time[bad[0]]:.6g}"
            raise DataError(f"{self.path}: {what}", why="the instants of a trajectory are finite and rise", fix=COPY)
        return np.concatenate([[0], np.cumsum(counts)]), time

    def mesh_numbers(self, steps: np.ndarray) -> tuple[np.ndarray, int]:
        part, meshes = self.integers("VTKHDF/Steps/PartOffsets"), len(self.integers("VTKHDF/NumberOfPoints"))
        self.shape("VTKHDF/Steps/PartOffsets", (int(steps[-1]),))
        self.below("VTKHDF/Steps/PartOffsets", part, meshes)
        mesh = part[steps[:-1]]
        self.equal("VTKHDF/Steps/PartOffsets", np.repeat(mesh, np.diff(steps)))
        return mesh, meshes

    def mesh_starts(self, array: str, meshes: int) -> np.ndarray:
        table = f"VTKHDF/{schema.COUNTS[array]}"
        self.shape(table, (meshes,))
        counts, end = self.integers(table), len(self.item(f"VTKHDF/{array}"))
        if (counts < 0).any() or (counts > end).any() or counts.sum() != end:
            raise DataError(f"{self.path}: {table} sums to {counts.sum()}", why=f"{array} has {end} rows", fix=COPY)
        return np.concatenate([[0], np.cumsum(counts)])

    def rows(self, spec: FieldSpec, mesh: np.ndarray, starts: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """First row of each sample in a field."""
        counts, lengths = np.diff(starts)[mesh], np.diff(steps)
        total = counts * lengths if spec.transient else counts
        first = starts[mesh] if spec.role == "static" else np.cumsum(total) - total
        each = np.repeat(first, lengths)
        if spec.transient:
            each = each + (np.arange(steps[-1]) - np.repeat(steps[:-1], lengths)) * np.repeat(counts, lengths)
        self.equal(schema.offsets_path(spec), each)
        self.shape(schema.field_path(spec), spec.shape(int(starts[-1] if spec.role == "static" else total.sum())))
        if self.item(schema.field_path(spec)).dtype.kind != "f":
            raise DataError(f"{self.path}: field {spec.name!r} is not of floats", why="values are float32 or float64")
        return first

    def splits(self, samples: int) -> dict[str, Samples]:
        found = {name: self.integers(f"gno/splits/{name}") for name in self.group("gno/splits")}
        try:
            return checked_splits(found, samples)
        except ConfigError as error:
            raise DataError(f"{self.path}: {error.what}", why=error.why, fix=COPY) from error

    def statistics(self, spec: FieldSpec) -> Statistics:
        here = f"gno/stats/{spec.name}"
        numbers: dict[str, Any] = {"count": int(self.item(f"{here}/count")[()])}
        for name in schema.NUMBERS:
            if name != "count" and (not name.startswith("log_") or name in self.file[here]):
                numbers[name] = self.table(f"{here}/{name}", (spec.components,)).astype(np.float64)
        return Statistics(**numbers)


def _broken(file: h5py.File, seal: str) -> str:
    stored, found = json.loads(seal), json.loads(schema.seal_text(file))
    return next((key for key in sorted(stored.keys() | found.keys()) if stored.get(key) != found.get(key)), "the seal")
