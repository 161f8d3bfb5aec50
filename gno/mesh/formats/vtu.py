"""VTK's XML format for unstructured meshes; the boundary travels in the field data."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.meshio import raw_of, read_with_meshio, refuse_entities
from gno.mesh.formats.raw import RawMesh
from gno.mesh.mesh import Mesh

CODES = {"triangle": 5, "quad": 9, "tetra": 10, "hexahedron": 12, "wedge": 13, "pyramid": 14}
TYPES = {"f8": "Float64", "f4": "Float32", "i8": "Int64", "i4": "Int32", "i2": "Int16", "i1": "Int8"}
TYPES |= {"u8": "UInt64", "u4": "UInt32", "u2": "UInt16", "u1": "UInt8"}
PATCH = "boundary:"
"""Field data of this prefix hold the facets of a patch; other programs let them pass."""


def read(path: Path) -> RawMesh:
    """Read a ``.vtu`` file with its fields, and the boundary where we wrote it.

    Args:
        path: the file.

    Raises:
        MeshError: a file that cannot be used.
    """
    refuse_entities(path)
    pieces = len(re.findall(rb"<Piece\b", path.read_bytes()))
    if pieces > 1:
        raise MeshError(
            f"{path} has {pieces} pieces", why="one piece is read", fix="merge them: ParaView, Merge Blocks"
        )
    mesh = read_with_meshio(path, "vtu")
    raw = raw_of(path, mesh, vtk=True)
    for name, facets in mesh.field_data.items():
        if name.startswith(PATCH):
            raw.patches[name.removeprefix(PATCH)] = [_facets(path, name, np.asarray(facets))]
    return raw


def _facets(path: Path, name: str, facets: np.ndarray) -> np.ndarray:
    if facets.ndim != 2 or facets.dtype.kind not in "iu":
        raise MeshError(f"{path}: {name!r} has shape {facets.shape} of {facets.dtype}", why="facets are node numbers")
    return facets.astype(np.int64)


def write(mesh: Mesh) -> bytes:
    """A ``.vtu`` file of a mesh: points with three coordinates, cells in the order of the mesh, all fields.

    Args:
        mesh: any mesh; vectors with two components get a third, zero.

    Raises:
        MeshError: a field that is no array of real numbers, or a name that XML cannot hold.

    Example:
        >>> write(Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])}))[:21]
        b'<?xml version="1.0"?>'
    """
    cells = list(mesh.cells.values())
    corners = np.concatenate([np.zeros(0, np.int64), *(np.full(len(c), c.shape[1]) for c in cells)])
    types = np.concatenate(
        [np.zeros(0, np.uint8), *(np.full(len(c), CODES[k], np.uint8) for k, c in mesh.cells.items())]
    )
    nodes = np.concatenate([np.zeros(0, np.int64), *(c.ravel() for c in cells)])
    parts = [
        '<?xml version="1.0"?>',
        '<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
        "<UnstructuredGrid>",
        *_section("FieldData", {PATCH + name: facets for name, facets in mesh.boundary.items()}, counted=True),
        f'<Piece NumberOfPoints="{mesh.num_points}" NumberOfCells="{mesh.num_cells}">',
        *_section("Points", {"Points": _padded(mesh.points)}),
        *_section("Cells", {"connectivity": nodes, "offsets": np.cumsum(corners), "types": types}),
        *_section("PointData", {name: _padded(v) for name, v in mesh.point_data.items()}),
        *_section("CellData", {name: _padded(v) for name, v in mesh.cell_data.items()}),
        "</Piece>",
        "</UnstructuredGrid>",
        "</VTKFile>",
        "",
    ]
    return "\n".join(parts).encode()


def _section(tag: str, arrays: dict[str, Any], *, counted: bool = False) -> list[str]:
    if counted and not arrays:
        return []
    return [f"<{tag}>", *(_array(name, values, counted) for name, values in arrays.items()), f"</{tag}>"]


def _array(name: str, values: np.ndarray, counted: bool) -> str:
    if any(c < " " or "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff" for c in name):
        raise MeshError(f"name {name!r} cannot stand in a .vtu file", why="it has control characters", fix="rename it")
    values = values.astype(np.int8) if values.dtype.kind == "b" else values
    code = f"{values.dtype.kind}{values.dtype.itemsize}"
    if code not in TYPES:
        raise MeshError(f"field {name!r} has type {values.dtype}", why=f"VTK knows {', '.join(TYPES.values())}")
    flat = values.reshape(len(values), -1) if values.size else values.reshape(len(values), *values.shape[1:][:1])
    width = f' NumberOfComponents="{flat.shape[1]}"' if values.ndim > 1 else ""
    count = f' NumberOfTuples="{len(values)}"' if counted else ""
    content = np.ascontiguousarray(flat).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    text = base64.b64encode(len(content).to_bytes(8, "little") + content).decode()
    return f'<DataArray type="{TYPES[code]}" Name={quoteattr(name)}{width}{count} format="binary">{text}</DataArray>'


def _padded(values: np.ndarray) -> np.ndarray:
    """Vectors of the plane as vectors of space."""
    return np.pad(values, ((0, 0), (0, 1))) if values.ndim == 2 and values.shape[1] == 2 else values
