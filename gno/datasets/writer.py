"""Writing of a dataset: sample by sample into an unfinished file, sealed at the end."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from gno.datasets.archive import Contents, write_archive
from gno.datasets.difference import difference
from gno.datasets.digest import instant_digests, sample_digest, trajectory_digest
from gno.datasets.field import FieldSpec
from gno.datasets.guard import refusing
from gno.datasets.instants import checked_instants, checked_series
from gno.datasets.journal import Journal, Record, discard
from gno.datasets.naming import is_storable
from gno.datasets.packed import PackedMesh
from gno.datasets.splits import SPLITS, Samples, checked_splits, overlap
from gno.errors import ConfigError, DataError
from gno.files import check_file, replacing
from gno.mesh.mesh import Mesh

OVERWRITE = "overwrite it (overwrite=True, --overwrite)"
MESH_ARRAYS = ("points", "connectivity", "types", "facets", "facet_counts")


class DatasetWriter:
    """Writes a dataset of meshes with fields.

    Samples go to ``path + ".part"`` one by one and survive a kill at any instant; ``seal`` makes the finished file of
    them and puts it in place at once. Leaving the ``with`` block seals; leaving it by an exception keeps the
    unfinished file, which ``resume=True`` goes on with. Samples on the same mesh share it.

    Args:
        path: the file to be, by custom ``*.vtkhdf`` or ``*.h5``.
        fields: the fields that every sample has; other data of its mesh are not written.
        attributes: what to remember of the data: equation, seed, generator, license.
        resume: go on with the unfinished file, if there is one.
        overwrite: replace what stands at ``path``, finished or not.
        compress: gzip with checksums; else plain arrays, which read faster and are larger.

    Raises:
        ConfigError: no fields, a name twice, or an attribute that is neither text nor number.
        DataError: a file is in the way, or the unfinished file is of another dataset.
        ResourceError: no such folder, no right to write there, or the disk is full.

    Example:
        >>> from gno.datasets import FieldSpec, MeshDataset
        >>> from tempfile import mkdtemp
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> path = mkdtemp() + "/three.vtkhdf"
        >>> with DatasetWriter(path, [FieldSpec("u", role="target")]) as writer:
        ...     for value in (1.0, 2.0, 3.0):
        ...         writer.append(mesh.with_data({"u": np.full(3, value)}), {"amplitude": value})
        >>> with MeshDataset(path) as dataset:
        ...     len(dataset), dataset[1].params, dataset.statistics["u"].mean
        (3, {'amplitude': 2.0}, array([2.]))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        fields: Sequence[FieldSpec],
        *,
        attributes: Mapping[str, str | float | int] | None = None,
        resume: bool = False,
        overwrite: bool = False,
        compress: bool = True,
    ) -> None:
        self.path = Path(path)
        self.fields = _checked_fields(fields)
        self.compress = compress
        self._contents = Contents(self.fields, _checked_attributes(attributes or {}))
        self._mesh_ids: dict[str, int] = {}
        part = self.path.with_name(self.path.name + ".part")
        check_file(self.path)
        if self.path.exists() and not overwrite:
            raise DataError(f"{self.path} exists already", fix=f"give another name, or {OVERWRITE}")
        if overwrite and not resume:
            discard(part)
        if part.exists() and not resume:
            raise DataError(
                f"{part} exists already", fix=f"go on with it (resume=True; gno generate does), or {OVERWRITE}"
            )
        with refusing(part):
            self._journal = Journal(part)
        try:
            with refusing(part):
                self._begin()
        except BaseException:
            self._journal.close()
            raise

    @property
    def num_samples(self) -> int:
        """Samples written so far; generation resumes with this number."""
        return len(self._contents.samples)

    def append(
        self,
        mesh: Mesh,
        params: Mapping[str, float | int] | None = None,
        split: str | None = None,
        *,
        time: np.ndarray | Sequence[float] | None = None,
        point_series: Mapping[str, np.ndarray] | None = None,
        cell_series: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Write one sample; it is kept from here on.

        Args:
            mesh: a mesh with the fields of the dataset, but the transient ones.
            params: numbers of the sample as a whole: Reynolds number, angle; the same names in every sample.
            split: ``train``, ``valid`` or ``test``; where no sample has one, all train.
            time: instants ``(instants,)`` of a trajectory, where the dataset has transient fields.
            point_series: transient field to values ``(instants, nodes)`` or ``(instants, nodes, k)``.
            cell_series: transient field to values ``(instants, cells)`` or ``(instants, cells, k)``.

        Raises:
            DataError: a field is missing, has the wrong shape or type, or is not finite; names of parameters differ;
                time is missing or does not rise; the file is closed.
            ConfigError: an unknown split.
            ResourceError: the disk is full; what was written before is kept.
        """
        self._check_open()
        if split is not None and split not in SPLITS:
            raise ConfigError(f"split {split!r} is unknown", why=f"known: {', '.join(SPLITS)}")
        instants = self._checked_time(time)
        series = {"point": point_series or {}, "cell": cell_series or {}}
        moving = {} if instants is None else checked_series(self.fields, mesh, instants, series)
        values = {spec: spec.values(mesh) for spec in self.fields if not spec.transient}
        numbers = self._checked_params(params or {})
        number = self._mesh_number(mesh, {s.name: v for s, v in values.items() if s.role == "static"})
        still = {s.name: v for s, v in values.items() if s.role != "static"}
        meta = {"kind": "sample", "mesh": number, "params": numbers, "split": split}
        digest = sample_digest(self._contents.meshes[number].meta["digest"], numbers, still)
        if instants is not None:
            digests = instant_digests(moving, len(instants))
            digest = trajectory_digest(digest, instants, digests)
            meta |= {"time": instants.tolist(), "instants": digests.tobytes().hex()}
        meta["digest"] = digest
        self._contents.samples.append(self._journal.append(meta, still | moving))

    def seal(self, splits: Mapping[str, Sequence[int] | np.ndarray] | None = None) -> None:
        """Finish the file: statistics, checksums, and its name, given last.

        Statistics are over the training samples; over all samples where none trains, as in a file to test with.

        Args:
            splits: split to sample numbers; by default what ``append`` was told.

        Raises:
            ConfigError: splits that overlap or name samples that are not there.
            DataError: there are no samples, or the file is closed.
            ResourceError: the disk is full; the unfinished file is kept.
        """
        self._check_open()
        contents = self._contents
        if not contents.samples:
            raise DataError(f"{self.path} would have no samples", fix="append at least one")
        parts = self._splits() if splits is None else checked_splits(splits, self.num_samples)
        twins = overlap([s.meta["digest"].encode() for s in contents.samples], parts)
        if twins:
            warnings.warn(f"{twins} samples to validate or test are in the train split, too", stacklevel=2)
        self._journal.sync()
        kept = f"then resume: {self._journal.path} keeps all samples"
        with replacing(self.path, aside=self.path.with_name(self.path.name + ".sealing"), then=kept) as aside:
            write_archive(aside, self._journal, contents, parts, compress=self.compress)
        self._journal.path.unlink()
        self.close()

    def close(self) -> None:
        """Close without sealing; the unfinished file stays, unless there is nothing in it."""
        if self._journal.is_open and len(self._journal.records) == 1:
            self._journal.path.unlink()
        self._journal.close()

    def __enter__(self) -> DatasetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._journal.is_open:
                self.seal()
        finally:
            self.close()

    def _begin(self) -> None:
        header = {
            "kind": "header",
            "fields": [spec.to_dict() for spec in self.fields],
            "attributes": dict(self._contents.attributes),
        }
        records = self._journal.records
        if not records:
            self._journal.append(header, {})
            return
        for key, begun, wanted in ((k, records[0].meta.get(k), json.loads(json.dumps(header[k]))) for k in header):
            if begun != wanted:
                raise DataError(
                    f"{self._journal.path} is of another dataset",
                    why=difference({key: _by_name(begun)}, {key: _by_name(wanted)}),
                    fix=f"go on with the options it was begun with, or remove {self._journal.path.name}",
                )
        for record in records[1:]:
            if record.meta["kind"] == "mesh":
                self._add_mesh(record)
            else:
                self._contents.samples.append(record)

    def _check_open(self) -> None:
        if not self._journal.is_open:
            raise DataError(f"{self.path} is closed", why="it was sealed or left", fix="open another writer")

    def _checked_time(self, time: np.ndarray | Sequence[float] | None) -> np.ndarray | None:
        if self._contents.in_time != (time is not None):
            raise DataError(
                "the trajectory has no time" if time is None else "the sample has a time",
                why=f"of the fields of {self.path} {'some' if time is None else 'none'} are transient",
                fix="pass time=" if time is None else "make the fields with FieldSpec(..., transient=True)",
            )
        return None if time is None else checked_instants(time)

    def _mesh_number(self, mesh: Mesh, static: dict[str, np.ndarray]) -> int:
        packed = PackedMesh.pack(mesh)
        key = packed.digest(static).hex()
        if key not in self._mesh_ids:
            if mesh.num_points == 0 or mesh.num_cells == 0:
                raise DataError(f"the mesh has {mesh.num_points} points and {mesh.num_cells} cells", why="it is empty")
            if self._contents.meshes and self._contents.meshes[0].meta["dim"] != mesh.dim:
                raise DataError(f"the mesh is {mesh.dim}-D", why="the samples before it have the other dimension")
            arrays = {name: getattr(packed, name) for name in MESH_ARRAYS}
            arrays |= {f"static/{name}": values for name, values in static.items()}
            meta: dict[str, Any] = {"kind": "mesh", "digest": key, "dim": mesh.dim, "patches": packed.patches}
            self._add_mesh(self._journal.append(meta, arrays))
        return self._mesh_ids[key]

    def _add_mesh(self, record: Record) -> None:
        self._mesh_ids[record.meta["digest"]] = len(self._contents.meshes)
        self._contents.meshes.append(record)

    def _checked_params(self, params: Mapping[str, float | int]) -> dict[str, float]:
        for name, value in params.items():
            if not is_storable(name):
                raise DataError(f"parameter name {name!r} cannot be used", why="HDF5 forbids '/', '.' and empty names")
            if not _is_finite(value):
                raise DataError(f"parameter {name!r} is {value}", why="it must be a finite number")
        if self._contents.samples:
            wanted = self._contents.samples[0].meta["params"]
            if set(wanted) != set(params):
                raise DataError(
                    f"the sample has parameters {sorted(params)}", why=f"those before it have {sorted(wanted)}"
                )
        return {name: float(params[name]) for name in sorted(params)}

    def _splits(self) -> dict[str, Samples]:
        told = np.array([s.meta["split"] or "" for s in self._contents.samples])
        if not (told != "").any():
            return {"train": np.arange(len(told), dtype=np.int64)}
        return {name: np.flatnonzero(told == name) for name in SPLITS if (told == name).any()}


def _checked_fields(fields: Sequence[FieldSpec]) -> tuple[FieldSpec, ...]:
    names = [spec.name for spec in fields]
    twice = {name for name in names if names.count(name) > 1}
    if not names or twice:
        raise ConfigError(
            f"fields {sorted(twice)} stand twice" if twice else "a dataset needs at least one field",
            why="each sample is stored under the names of its fields",
        )
    return tuple(fields)


def _checked_attributes(attributes: Mapping[str, str | float | int]) -> dict[str, str | float | int]:
    for name, value in attributes.items():
        if not is_storable(name):
            raise ConfigError(f"attribute name {name!r} cannot be used", why="HDF5 forbids '/', '.' and empty names")
        if isinstance(value, str):
            if "\0" in value or len(value.encode(errors="replace")) > 60_000:
                raise ConfigError(f"attribute {name!r} has {len(value)} characters", why="HDF5 holds 60,000, none 0")
        elif not isinstance(value, (float, int)) or not -(2**63) <= value < 2**64:
            raise ConfigError(f"attribute {name!r} is {value!r}", why="it must be text or a finite number of 64 bits")
    return dict(attributes)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except (TypeError, ValueError):  # text, arrays
        return False


def _by_name(fields: Any) -> Any:
    """Fields by their names; anything else as it is."""
    return {field["name"]: field for field in fields} if isinstance(fields, list) else fields
