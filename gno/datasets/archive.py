"""The finished file, written from the journal in one pass that holds one sample at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from gno.datasets import schema
from gno.datasets.digest import Marks, marks
from gno.datasets.field import FieldSpec
from gno.datasets.instants import end_to_end
from gno.datasets.journal import Journal, Record
from gno.datasets.packed import CORNERS_OF_TYPE
from gno.datasets.sink import Sink
from gno.datasets.splits import Samples, measured
from gno.datasets.statistics import RunningStatistics

CHUNK_BYTES = 64 * 1024


@dataclass
class Contents:
    """What a journal holds.

    Args:
        fields: the fields of every sample.
        attributes: what the author says of the data.
        meshes: record of each distinct mesh.
        samples: record of each sample.
    """

    fields: tuple[FieldSpec, ...]
    attributes: Mapping[str, str | float | int]
    meshes: list[Record] = field(default_factory=list)
    samples: list[Record] = field(default_factory=list)

    @property
    def mesh_of_sample(self) -> np.ndarray:
        """Number of the mesh of each sample."""
        return np.array([s.meta["mesh"] for s in self.samples], dtype=np.int64)

    def mesh_starts(self, array: str) -> np.ndarray:
        """First row of each mesh in an array of all meshes, and the end of the last."""
        return _starts([m.rows(array) for m in self.meshes])

    @property
    def in_time(self) -> bool:
        """Whether samples are trajectories."""
        return any(spec.transient for spec in self.fields)

    @property
    def step_starts(self) -> np.ndarray:
        """First step of each sample, and the end of the last: a step is an instant of a trajectory, or a sample."""
        return _starts([len(s.meta["time"]) if self.in_time else 1 for s in self.samples])

    @property
    def sample_of_step(self) -> np.ndarray:
        """Number of the sample of each step."""
        return np.repeat(np.arange(len(self.samples)), np.diff(self.step_starts))

    def field_starts(self, spec: FieldSpec) -> np.ndarray:
        """First row of each sample in a field, and the number of rows."""
        array = "points" if spec.location == "point" else "types"
        if spec.role == "static":
            starts = self.mesh_starts(array)
            return np.append(starts[self.mesh_of_sample], starts[-1])
        instants = np.diff(self.step_starts) if spec.transient else np.ones(len(self.samples), dtype=np.int64)
        rows = np.array([m.rows(array) for m in self.meshes], dtype=np.int64)[self.mesh_of_sample]
        return _starts(instants * rows)

    def step_rows(self, spec: FieldSpec) -> np.ndarray:
        """First row of each step in a field."""
        starts, sample = self.field_starts(spec)[:-1], self.sample_of_step
        if not spec.transient:
            return starts[sample]
        rows = np.diff(self.field_starts(spec)) // np.diff(self.step_starts)
        return starts[sample] + (np.arange(len(sample)) - self.step_starts[:-1][sample]) * rows[sample]

    def dtype(self, spec: FieldSpec) -> np.dtype:
        """The narrowest type that holds the field of every sample exactly."""
        records, name = (self.meshes, f"static/{spec.name}") if spec.role == "static" else (self.samples, spec.name)
        return np.result_type(*{kind for r in records for n, kind, _ in r.arrays if n == name})


def write_archive(
    path: Path, journal: Journal, contents: Contents, splits: Mapping[str, Samples], *, compress: bool
) -> None:
    """Write the sealed file.

    Args:
        path: where to write.
        journal: the unfinished file.
        contents: what it holds.
        splits: split to sample numbers; statistics are over ``train``, or over all samples where it has none.
        compress: gzip with checksums; else plain arrays, which read faster.

    Raises:
        OSError: the disk is full.
    """
    with Sink(path) as sink, h5py.File(sink, "w", libver=schema.LIBVER) as file:
        make = _Maker(compress)
        _write_header(file, contents)
        _create_meshes(file, contents, make)
        _create_fields(file, contents, make)
        _write_steps(file, contents)
        _write_tables(file, contents, splits)
        counted, noted = set(measured(splits, len(contents.samples)).tolist()), _Noted()
        _fill_meshes(file, journal, contents, sink, noted)
        _fill_samples(file, journal, contents, counted, sink, noted)
        noted.write(file)
        reseal(file)


def reseal(file: h5py.File) -> None:
    """Write the seal, and last of all the mark that the file is complete."""
    schema.write_text(file["gno"], "sha256", schema.seal_text(file))
    file.flush()
    file["gno"].attrs["complete"] = 1


class _Maker:
    """Creates large arrays, in chunks with checksums or plain."""

    def __init__(self, compress: bool) -> None:
        self.compress = compress

    def __call__(self, group: h5py.Group, name: str, shape: tuple[int, ...], dtype: Any) -> h5py.Dataset:
        row = np.dtype(dtype).itemsize * int(np.prod(shape[1:]))
        if not self.compress or shape[0] == 0:
            return group.create_dataset(name, shape, dtype)
        chunks = (min(shape[0], max(CHUNK_BYTES // row, 1)), *shape[1:])
        return group.create_dataset(
            name, shape, dtype, chunks=chunks, compression="gzip", compression_opts=1, shuffle=True, fletcher32=True
        )


def _write_header(file: h5py.File, contents: Contents) -> None:
    vtk, gno = file.create_group("VTKHDF"), file.create_group("gno")
    vtk.attrs["Version"] = np.array([2, 1], dtype=np.int64)
    vtk.attrs["Type"] = np.bytes_("UnstructuredGrid")
    schema.write_attribute(gno, "schema", schema.IN_TIME if contents.in_time else schema.SCHEMA)
    gno.attrs["dim"] = contents.meshes[0].meta["dim"]
    gno.attrs["num_samples"] = len(contents.samples)
    schema.write_text(gno, "fields", json.dumps([spec.to_dict() for spec in contents.fields]))
    attributes = gno.create_group("attributes")
    for name, value in contents.attributes.items():
        schema.write_attribute(attributes, name, value)


def _create_meshes(file: h5py.File, contents: Contents, make: _Maker) -> None:
    vtk, boundary = file["VTKHDF"], file["gno"].create_group("boundary")
    for array, table in schema.COUNTS.items():
        vtk[table] = np.diff(contents.mesh_starts(array.lower()))
    points, corners, cells = (int(contents.mesh_starts(a)[-1]) for a in ("points", "connectivity", "types"))
    make(vtk, "Points", (points, 3), "f8")
    make(vtk, "Connectivity", (corners,), "i8")
    make(vtk, "Offsets", (cells + len(contents.meshes),), "i8")
    make(vtk, "Types", (cells,), "u1")
    width = 2 if contents.meshes[0].meta["dim"] == 2 else 4
    make(boundary, "facets", (int(contents.mesh_starts("facets")[-1]), width), "i8")


def _create_fields(file: h5py.File, contents: Contents, make: _Maker) -> None:
    vtk = file["VTKHDF"]
    for spec in contents.fields:
        rows = int(contents.field_starts(spec)[-1])
        item = make(vtk.require_group(spec.group), spec.name, spec.shape(rows), contents.dtype(spec))
        schema.write_attribute(item, "role", spec.role)
        schema.write_attribute(item, "units", spec.units)


def _write_steps(file: h5py.File, contents: Contents) -> None:
    steps, meshes = file["VTKHDF"].create_group("Steps"), contents.mesh_of_sample[contents.sample_of_step]
    steps.attrs["NSteps"] = len(meshes)
    values = np.arange(len(meshes), dtype=np.float64)
    if contents.in_time:
        time = np.concatenate([s.meta["time"] for s in contents.samples])
        values = end_to_end(time, contents.step_starts)
        file["gno"]["time"], file["gno"]["trajectory"] = time, contents.sample_of_step
    steps["Values"] = values
    steps["PartOffsets"] = meshes
    steps["NumberOfParts"] = np.ones(len(meshes), dtype=np.int64)
    steps["PointOffsets"] = contents.mesh_starts("points")[meshes]
    steps["CellOffsets"] = contents.mesh_starts("types")[meshes, None]
    steps["ConnectivityIdOffsets"] = contents.mesh_starts("connectivity")[meshes, None]
    for spec in contents.fields:
        _put(file, schema.offsets_path(spec), contents.step_rows(spec))


def _write_tables(file: h5py.File, contents: Contents, splits: Mapping[str, Samples]) -> None:
    gno = file["gno"]
    params, members = gno.create_group("params"), gno.create_group("splits")
    for name in contents.samples[0].meta["params"]:
        params[name] = np.array([s.meta["params"][name] for s in contents.samples], dtype=np.float64)
    for name, rows in splits.items():
        members[name] = rows
    patches = [m.meta["patches"] for m in contents.meshes]
    names = list(dict.fromkeys(name for group in patches for name in group))
    number = {name: i for i, name in enumerate(names)}
    gno["boundary/tag"] = np.array([number[n] for group in patches for n in group], dtype=np.int64)
    gno["boundary/patch_ptr"] = _starts([len(group) for group in patches])
    schema.write_text(gno["boundary"], "names", json.dumps(names))
    for kind, records in (("meshes", contents.meshes), ("samples", contents.samples)):
        raw = b"".join(bytes.fromhex(r.meta["digest"]) for r in records)
        _put(gno, f"digests/{kind}", np.frombuffer(raw, dtype=np.uint8).reshape(-1, 32))
    if contents.in_time:
        raw = b"".join(bytes.fromhex(s.meta["instants"]) for s in contents.samples)
        _put(gno, "digests/instants", np.frombuffer(raw, dtype=np.uint8).reshape(-1, 32))


class _Noted:
    """Marks of what is written, for the tables that name the array that differs."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Marks]] = {}

    def add(self, kind: str, arrays: Mapping[str, np.ndarray]) -> None:
        if arrays:
            self.rows.setdefault(kind, []).append(marks(arrays))

    def write(self, file: h5py.File) -> None:
        for kind, rows in self.rows.items():
            _put(file, f"{schema.MARKS}/{kind}", np.stack(rows))


def _fill_meshes(file: h5py.File, journal: Journal, contents: Contents, sink: Sink, noted: _Noted) -> None:
    vtk, boundary = file["VTKHDF"], file["gno/boundary"]
    static = [spec for spec in contents.fields if spec.role == "static"]
    targets = {"points": vtk["Points"], "connectivity": vtk["Connectivity"], "types": vtk["Types"]}
    targets |= {"facets": boundary["facets"]} | {f"static/{s.name}": file[schema.field_path(s)] for s in static}
    starts = {name: contents.mesh_starts(name) for name in targets}
    counts: list[int] = []
    for m, record in enumerate(contents.meshes):
        sink.check()
        arrays = journal.read(record)
        noted.add("meshes", {name: arrays[name] for name in targets})
        for name, item in targets.items():
            if arrays[name].size:
                item[starts[name][m] : starts[name][m + 1]] = arrays[name]
        ends = np.cumsum(CORNERS_OF_TYPE[arrays["types"]])
        first = int(starts["types"][m]) + m
        vtk["Offsets"][first : first + len(ends) + 1] = np.concatenate([[0], ends])
        counts.extend(int(n) for n in arrays["facet_counts"])
    boundary["facet_ptr"] = _starts(counts)


def _fill_samples(
    file: h5py.File, journal: Journal, contents: Contents, counted: set[int], sink: Sink, noted: _Noted
) -> None:
    targets = {s.name: file[schema.field_path(s)] for s in contents.fields}
    spans = {s.name: list(pairwise(contents.field_starts(s))) for s in contents.fields if s.role != "static"}
    running = {s.name: RunningStatistics(s.name, s.components) for s in contents.fields}
    static: dict[str, np.ndarray] = {}
    moving = [s.name for s in contents.fields if s.transient]
    last = -1
    for i, record in enumerate(contents.samples):
        sink.check()
        arrays = journal.read(record)
        noted.add("samples", {name: arrays[name] for name in spans if name not in moving})
        for instant in zip(*(arrays[name] for name in moving)):
            noted.add("instants", dict(zip(moving, instant)))
        for name, rows in spans.items():
            first, end = rows[i]
            targets[name][first:end] = arrays[name].reshape(end - first, *targets[name].shape[1:])
        if i not in counted:
            continue
        if len(spans) < len(running) and record.meta["mesh"] != last:
            last = record.meta["mesh"]
            static = _static(journal.read(contents.meshes[last]))
        for name, values in (arrays | static).items():
            running[name].update(values)
    for name, statistics in running.items():
        for number, value in asdict(statistics.result()).items():
            if value is not None:
                _put(file, f"gno/stats/{name}/{number}", value)


def _put(group: h5py.Group, path: str, values: Any) -> None:
    *groups, name = path.split("/")
    for step in groups:  # one by one: a group that HDF5 makes by itself on the way carries the time of day
        group = group.require_group(step)
    group[name] = values


def _static(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {n.removeprefix("static/"): a for n, a in arrays.items() if n.startswith("static/")}


def _starts(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
