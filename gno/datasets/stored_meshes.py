"""The meshes of a dataset, read when a sample on them is, and kept for the next one."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

from gno.datasets import schema
from gno.datasets.digest import differing
from gno.datasets.field import FieldSpec, check_finite
from gno.datasets.guard import damaged
from gno.datasets.packed import ARRAYS, PackedMesh
from gno.datasets.rows import Rows
from gno.datasets.tables import Tables
from gno.errors import DataError
from gno.mesh.mesh import Mesh

KEPT_MESHES = 8


class StoredMesh(NamedTuple):
    """A mesh, and the static fields on it.

    Args:
        mesh: the mesh without fields.
        static: name to values.
    """

    mesh: Mesh
    static: dict[str, np.ndarray]


class StoredMeshes:
    """Meshes by their number; the last few are kept.

    Args:
        rows: reads the arrays of the file.
        tables: where they stand.
    """

    def __init__(self, rows: Rows, tables: Tables) -> None:
        self._rows, self._tables = rows, tables
        self._kept: OrderedDict[int, StoredMesh] = OrderedDict()

    def __getitem__(self, number: int) -> StoredMesh:
        """Read a mesh.

        Raises:
            DataError: it is damaged, or its static fields are not finite.
        """
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        packed = self._packed(number)
        static = {s.name: self._static(s, number) for s in self._tables.fields if s.role == "static"}
        if packed.digest(static) != self._tables.meshes.digests[number].tobytes():
            raise self._damaged(number, packed, static)
        for name, values in static.items():
            check_finite(values, f"field {name!r} of mesh {number}")
        self._kept[number] = StoredMesh(packed.unpack(), static)
        if len(self._kept) > KEPT_MESHES:
            self._kept.popitem(last=False)
        return self._kept[number]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": OrderedDict()}

    def _static(self, spec: FieldSpec, number: int) -> np.ndarray:
        starts = self._tables.meshes.starts(spec)
        return self._rows(schema.field_path(spec), int(starts[number]), int(starts[number + 1]))

    def _damaged(self, number: int, packed: PackedMesh, static: dict[str, np.ndarray]) -> DataError:
        specs = {spec.name: spec for spec in self._tables.fields}
        paths = [*ARRAYS.values(), *(schema.field_path(specs[name]) for name in static)]
        arrays = packed.arrays | {f"static/{name}": values for name, values in static.items()}
        wrong = differing(self._rows.marks("meshes", number), arrays)
        return damaged(self._rows.path, f"mesh {number}", [paths[k] for k in wrong])

    def _packed(self, m: int) -> PackedMesh:
        t = self._tables.meshes
        patches = range(int(t.patch_ptr[m]), int(t.patch_ptr[m + 1]))
        ends = t.facet_ptr[patches.start : patches.stop + 1]
        return PackedMesh(
            self._tables.dim,
            self._rows("VTKHDF/Points", int(t.points[m]), int(t.points[m + 1])),
            self._rows("VTKHDF/Connectivity", int(t.corners[m]), int(t.corners[m + 1])),
            self._rows("VTKHDF/Types", int(t.cells[m]), int(t.cells[m + 1])),
            self._rows("gno/boundary/facets", int(ends[0]), int(ends[-1])),
            np.diff(ends),
            tuple(t.names[t.tag[p]] for p in patches),
        )
