"""Layout of a sealed dataset file, and the seal over everything in it that is not values of samples.

The file is ragged VTKHDF 2.1, so that ParaView opens it with one time step per sample, plus a group ``gno``::

    VTKHDF/{NumberOfPoints, NumberOfCells, NumberOfConnectivityIds}   (meshes,)
    VTKHDF/{Points, Connectivity, Offsets, Types}                     meshes one after another
    VTKHDF/{PointData, CellData}/<field>                              samples one after another; static: meshes
    VTKHDF/Steps/{Values, PartOffsets, NumberOfParts, PointOffsets, ...}   (samples,); PartOffsets is the mesh
    gno/boundary/{facets, facet_ptr, tag, patch_ptr, names}           named boundary of each mesh
    gno/params/<name>, gno/splits/<name>                              one number per sample; sample numbers
    gno/stats/<field>/<number>                                        over the train split; all samples without one
    gno/digests/{meshes, samples}                                     SHA-256 of each mesh and each sample
    gno/marks/{meshes, samples}                                       of each of their arrays, 8 bytes of its SHA-256
    gno/sha256                                                        JSON: every other dataset to its SHA-256
    gno.attrs: schema, dim, num_samples, fields, complete; gno/attributes.attrs: what the author says of the data

In a file in time, whose layout is ``gno-2``, a sample is a trajectory and a step is an instant of one::

    VTKHDF/{PointData, CellData}/<field>                              transient: instants one after another
    VTKHDF/Steps/Values                                               times, the trajectories end to end
    gno/time, gno/trajectory                                          (instants,): time, and number of the sample
    gno/digests/instants, gno/marks/instants                          SHA-256 of each instant, and marks of its fields
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from gno.datasets.digest import digest
from gno.datasets.field import FieldSpec

SCHEMA = "gno-1"
"""Name and version of the layout."""
IN_TIME = "gno-2"
"""That of a file whose samples are trajectories."""
LIBVER = ("v108", "v110")
"""HDF5 format: old enough for every reader, new enough to have checksums in its object headers."""
COUNTS = {"Points": "NumberOfPoints", "Types": "NumberOfCells", "Connectivity": "NumberOfConnectivityIds"}
"""Array of the meshes to the table that counts its rows."""
BULK = {f"VTKHDF/{n}" for n in ("Points", "Connectivity", "Offsets", "Types")} | {"gno/boundary/facets"}
"""Arrays that a sample's or a mesh's own digest covers."""
MARKS = "gno/marks"
"""Tables that tell which array of a mesh, a sample or an instant differs; a file need not have them."""
NUMBERS = ("mean", "std", "min", "max", "count", "log_mean", "log_std")
"""Statistics of a field."""


def is_bulk(path: str) -> bool:
    """Whether a dataset is covered by the digests of samples and meshes instead of one of its own."""
    return path in BULK or path.startswith(("VTKHDF/PointData/", "VTKHDF/CellData/"))


def datasets(group: h5py.Group, prefix: str = "") -> Iterator[tuple[str, h5py.Dataset]]:
    """Every dataset below a group with its path, in sorted order."""
    for name in sorted(group):
        item = group[name]
        if isinstance(item, h5py.Dataset):
            yield prefix + name, item
        else:
            yield from datasets(item, f"{prefix}{name}/")


def seal_text(file: h5py.File) -> str:
    """The seal: JSON of each small dataset's SHA-256, and one for all attributes."""
    hashes = {
        path: digest(path, {"": item[...]}).hex()
        for path, item in datasets(file)
        if not is_bulk(path) and path != "gno/sha256"
    }
    hashes["attributes"] = digest(json.dumps(_attributes(file), sort_keys=True), {}).hex()
    return json.dumps(hashes, sort_keys=True)


def write_text(group: h5py.Group, name: str, text: str) -> None:
    """Store a text of any length as bytes."""
    if name in group:
        del group[name]
    group.create_dataset(name, data=np.frombuffer(text.encode(), dtype=np.uint8))


def read_text(item: h5py.Dataset) -> str:
    """The text that ``write_text`` stored."""
    return bytes(item[...].astype(np.uint8, copy=False)).decode()


def write_attribute(item: h5py.Group | h5py.Dataset, name: str, value: str | float | int) -> None:
    """Store an attribute; text as UTF-8 of fixed length."""
    if isinstance(value, str):
        raw = value.encode()
        item.attrs.create(name, np.array(raw, dtype=h5py.string_dtype("utf-8", max(len(raw), 1))))
    else:
        item.attrs.create(name, value)


def read_attribute(item: h5py.Group | h5py.Dataset, name: str) -> Any:
    """An attribute as a Python value: text, number or list."""
    value = item.attrs[name]
    if isinstance(value, bytes):
        return value.decode()
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def field_path(spec: FieldSpec) -> str:
    """Where the values of a field stand."""
    return f"VTKHDF/{spec.group}/{spec.name}"


def offsets_path(spec: FieldSpec) -> str:
    """Where the first rows of a field's samples stand."""
    return f"VTKHDF/Steps/{spec.group}Offsets/{spec.name}"


def _attributes(file: h5py.File) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}

    def visit(path: str, item: h5py.Group | h5py.Dataset) -> None:
        found[path] = {name: _jsonable(read_attribute(item, name)) for name in item.attrs if name != "complete"}

    visit("/", file)
    file.visititems(visit)
    found.pop("gno/sha256", None)
    return found


def _jsonable(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
