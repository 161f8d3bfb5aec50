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
from gno.datasets.guard import COPY
from gno.datasets.items import Items
from gno.datasets.splits import Samples, checked_splits
from gno.datasets.statistics import Statistics
from gno.errors import ConfigError, DataError


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
        rows: field to the first row of each sample.
        params: name to one number per sample.
        digests: SHA-256 of each sample.
        splits: split to sample numbers.
        statistics: field to its statistics over the train split, or over all samples where it has none.
        attributes: what the author says of the data.
        seal: the seal of the file.
    """

    dim: int
    fields: tuple[FieldSpec, ...]
    meshes: MeshTables
    mesh: np.ndarray
    rows: dict[str, np.ndarray]
    params: dict[str, np.ndarray]
    digests: np.ndarray
    splits: dict[str, Samples]
    statistics: dict[str, Statistics]
    attributes: dict[str, Any]
    seal: str

    @property
    def num_samples(self) -> int:
        """Number of samples."""
        return len(self.mesh)

    def span(self, spec: FieldSpec, sample: int) -> tuple[int, int]:
        """First row of a sample in a field, and the end."""
        starts, mesh = self.meshes.starts(spec), self.mesh[sample]
        first = int(self.rows[spec.name][sample])
        return first, first + int(starts[mesh + 1] - starts[mesh])


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
    if version != schema.SCHEMA:
        raise DataError(f"{path} has layout {version!r}", why=f"this gno reads {schema.SCHEMA!r}", fix=_REWRITE)
    if file["gno"].attrs.get("complete", 0) != 1:
        raise DataError(f"{path} is unfinished", why="it was not sealed", fix="resume its generation")


_REWRITE = "write the samples with gno.datasets.DatasetWriter"


class _TableReader(Items):
    def read(self) -> Tables:
        fields = self.fields()
        dim = int(self.file["gno"].attrs["dim"])
        mesh, number = self.mesh_numbers()
        samples, meshes = len(mesh), self.meshes(number, dim)
        ends = {"Point": meshes.points, "Cell": meshes.cells, "ConnectivityId": meshes.corners}
        self.equal("VTKHDF/Steps/NumberOfParts", np.ones_like(mesh))
        for name, starts in ends.items():
            self.equal(f"VTKHDF/Steps/{name}Offsets", starts[mesh])
        about = self.group("gno/attributes")
        return Tables(
            dim=dim,
            fields=fields,
            meshes=meshes,
            mesh=mesh,
            rows={spec.name: self.rows(spec, mesh, meshes.starts(spec)) for spec in fields},
            params={name: self.table(f"gno/params/{name}", (samples,)) for name in self.group("gno/params")},
            digests=self.table("gno/digests/samples", (samples, 32)),
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

    def mesh_numbers(self) -> tuple[np.ndarray, int]:
        mesh, meshes = self.integers("VTKHDF/Steps/PartOffsets"), len(self.integers("VTKHDF/NumberOfPoints"))
        samples = int(self.file["gno"].attrs["num_samples"])
        if samples < 1:
            raise DataError(f"{self.path} has {samples} samples", why="it needs one", fix="generate it again")
        self.shape("VTKHDF/Steps/PartOffsets", (samples,))
        self.below("VTKHDF/Steps/PartOffsets", mesh, meshes)
        return mesh, meshes

    def mesh_starts(self, array: str, meshes: int) -> np.ndarray:
        table = f"VTKHDF/{schema.COUNTS[array]}"
        self.shape(table, (meshes,))
        counts, end = self.integers(table), len(self.item(f"VTKHDF/{array}"))
        if (counts < 0).any() or (counts > end).any() or counts.sum() != end:
            raise DataError(f"{self.path}: {table} sums to {counts.sum()}", why=f"{array} has {end} rows", fix=COPY)
        return np.concatenate([[0], np.cumsum(counts)])

    def rows(self, spec: FieldSpec, mesh: np.ndarray, starts: np.ndarray) -> np.ndarray:
        counts = np.diff(starts)[mesh]
        first = starts[mesh] if spec.role == "static" else np.cumsum(counts) - counts
        self.equal(schema.offsets_path(spec), first)
        self.shape(schema.field_path(spec), spec.shape(int(starts[-1] if spec.role == "static" else counts.sum())))
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
