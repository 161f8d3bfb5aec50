"""VTKHDF files of unstructured grids, one or one for each step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gno.datasets.packed import CORNERS_OF_TYPE, TYPE_NAME
from gno.datasets.sources.hdf5 import HDF5Source
from gno.errors import DataError
from gno.hdf5 import COPY
from gno.mesh.formats.clean import clean
from gno.mesh.formats.raw import RawMesh
from gno.mesh.mesh import Mesh


def read_vtkhdf(path: Path) -> list[tuple[float | None, Mesh]]:
    """The steps of a file: time and mesh with its fields; without steps one mesh, and no time.

    Args:
        path: the file.

    Raises:
        DataError: no unstructured grid, or damaged.
        MeshError: a mesh that cannot be used.

    Source: https://docs.vtk.org/en/latest/vtk_file_formats/vtkhdf_file_format/
    """
    source = HDF5Source(path)
    with source:
        kind = source.attribute("Type", "VTKHDF") if any(n.startswith("VTKHDF/") for n in source.shapes) else None
        if kind != "UnstructuredGrid":
            raise DataError(f"{path} holds no unstructured grid", why=f"its type is {kind!r}", fix="export it as one")
        times = source.whole("VTKHDF/Steps/Values").tolist() if "VTKHDF/Steps/Values" in source.shapes else [None]
        return [(time, _step(source, i, len(times) if time is not None else 0)) for i, time in enumerate(times)]


def _step(source: HDF5Source, i: int, steps: int) -> Mesh:
    def table(name: str) -> np.ndarray:
        return source.whole(f"VTKHDF/{name}").astype(np.int64).reshape(-1)

    def offset(name: str, default: int) -> int:
        return int(table(f"Steps/{name}")[i]) if f"VTKHDF/Steps/{name}" in source.shapes else default

    if steps and "VTKHDF/Steps/NumberOfParts" in source.shapes and table("Steps/NumberOfParts")[i] != 1:
        raise DataError(f"{source.path}: step {i} has several parts", why="one is read", fix="merge them in ParaView")
    counts = {name: table(name) for name in ("NumberOfPoints", "NumberOfCells", "NumberOfConnectivityIds")}
    part = offset("PartOffsets", 0) if steps else 0
    if not steps and len(counts["NumberOfPoints"]) != 1:
        raise DataError(f"{source.path} has several parts", why="one is read", fix="merge them in ParaView")
    if any(not 0 <= part < len(c) for c in counts.values()):
        raise DataError(f"{source.path}: step {i} is part {part}", why="there is no such part", fix=COPY)
    nodes, cells, corners = (int(c[part]) for c in counts.values())
    starts = {n: int(c[:part].sum()) for n, c in counts.items()}
    point0 = offset("PointOffsets", starts["NumberOfPoints"]) if steps else 0
    cell0 = offset("CellOffsets", starts["NumberOfCells"]) if steps else 0
    corner0 = offset("ConnectivityIdOffsets", starts["NumberOfConnectivityIds"]) if steps else 0
    types = _rows(source, "Types", cell0, cells)
    blocks, order = _blocks(source, types, _rows(source, "Connectivity", corner0, corners))
    data: dict[str, dict[str, Any]] = {"PointData": {}, "CellData": {}}
    for name in source.shapes:
        _, group, field = (*name.split("/", 2), "", "")[:3]
        if group in data and field and "/" not in field:
            first = offset(f"{group}Offsets/{field}", point0 if group == "PointData" else cell0)
            data[group][field] = _rows(source, f"{group}/{field}", first, nodes if group == "PointData" else cells)
    parts = {n: [v[rows] for rows in order] for n, v in data["CellData"].items()}
    points = _rows(source, "Points", point0, nodes).astype(np.float64)
    raw = RawMesh(points, blocks, {}, data["PointData"], parts)
    return clean(raw, source.path)


def _rows(source: HDF5Source, name: str, start: int, count: int) -> np.ndarray:
    values = source.rows(f"VTKHDF/{name}", start, start + count)
    if start < 0 or len(values) != count:
        raise DataError(
            f"{source.path}: {name} ends at row {start + len(values)}", why=f"rows to {start + count} are referred to"
        )
    return values


def _blocks(
    source: HDF5Source, types: np.ndarray, corners: np.ndarray
) -> tuple[list[tuple[str, np.ndarray]], list[np.ndarray]]:
    """Cells by type, and which rows they were."""
    known = set(np.unique(types).tolist())
    if not known <= set(TYPE_NAME):
        raise DataError(
            f"{source.path} has cells of VTK's type {min(known - set(TYPE_NAME))}", why=f"read are {TYPE_NAME}"
        )
    sizes = CORNERS_OF_TYPE[types]
    if sizes.sum() != len(corners):
        raise DataError(f"{source.path}: cells have {sizes.sum()} corners", why=f"{len(corners)} are stored", fix=COPY)
    first = np.cumsum(sizes) - sizes
    order = [np.flatnonzero(types == t) for t in sorted(known)]
    nodes = [corners[first[rows][:, None] + np.arange(sizes[rows[0]])].astype(np.int64) for rows in order]
    return [(TYPE_NAME[t], n) for t, n in zip(sorted(known), nodes)], order
