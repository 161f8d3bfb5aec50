"""Mesh files: one module a format, one table from suffix to reader and writer, one check of all that is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gno.errors import MeshError
from gno.files import write_bytes
from gno.mesh.formats import gmsh, polymesh, su2, vtk, vtu, xdmf
from gno.mesh.formats.clean import clean
from gno.mesh.formats.openfoam import find as find_case
from gno.mesh.formats.openfoam import read as read_case
from gno.mesh.formats.raw import RawMesh
from gno.mesh.formats.source import check_file
from gno.mesh.mesh import Mesh

__all__ = ["FORMATS", "Format", "load", "save"]


@dataclass(frozen=True)
class Format:
    """A file format: what it is called, and how it is read and written.

    Args:
        name: what its users call it.
        read: path to what stands in the file, unchecked.
        write: mesh to the bytes of a file; ``None`` where the format is only read.
    """

    name: str
    read: Callable[[Path], RawMesh]
    write: Callable[[Mesh], bytes] | None = None


FORMATS = {
    ".su2": Format("SU2", su2.read, su2.write),
    ".msh": Format("Gmsh", gmsh.read, gmsh.write),
    ".vtu": Format("VTK XML", vtu.read, vtu.write),
    ".vtk": Format("VTK legacy", vtk.read),
    ".xdmf": Format("XDMF", xdmf.read),
}
"""Suffix to format; an OpenFOAM polyMesh is a folder and has none."""


def load(path: str | Path) -> Mesh:
    """Read a mesh, with its named boundary and its fields, and check it.

    A flat mesh with a third coordinate becomes a 2-D mesh; inverted cells are turned, with a warning that counts
    them; cells of lower dimension become boundary facets. Nodes that no cell uses are kept.

    Args:
        path: a file (``.su2``, ``.msh``, ``.vtu``, ``.vtk``, ``.xdmf``), or a folder that is, or has in
            ``constant/polyMesh``, an OpenFOAM mesh; or ParaView's ``.foam`` file in it.

    Raises:
        MeshError: no such file, an unknown suffix, a damaged file, or a mesh that cannot be used.

    Example:
        >>> load("wing.stl")
        Traceback (most recent call last):
        gno.errors.MeshError: wing.stl: suffix '.stl' is unknown; meshes are read from .su2, .msh, .vtu, .vtk, .xdmf \
and OpenFOAM folders; convert the file, or give it the suffix of its format
    """
    path = Path(path)
    if path.is_dir() or path.suffix == ".foam":
        return clean(read_case(find_case(path if path.is_dir() else path.parent)), path)
    if path.suffix.lower() not in FORMATS:
        raise _unknown(path, "read from", f"{', '.join(FORMATS)} and OpenFOAM folders")
    check_file(path)
    return clean(FORMATS[path.suffix.lower()].read(path), path)


def save(mesh: Mesh, path: str | Path) -> None:
    """Write a mesh; each file is complete or not there at all.

    ``.vtu`` and ``.msh`` hold the boundary and all fields; ``.su2`` and OpenFOAM have no room for fields.

    Args:
        mesh: any mesh.
        path: a file with suffix ``.su2``, ``.msh`` or ``.vtu``; or a folder, that is, a name without suffix: a
            ``polyMesh`` folder, or an OpenFOAM case that shall have one in ``constant``.

    Raises:
        MeshError: a suffix that is not written, or a name that the format cannot hold.
        ResourceError: no space, no such folder, or no right to write there.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(mesh, f"{folder}/one.vtu")
        ...     load(f"{folder}/one.vtu")
        Mesh(2-D, 3 points, 1 triangle; boundary: none)
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS and (path.is_dir() or not path.suffix):
        polymesh.write(mesh, path if path.name == "polyMesh" else path / "constant" / "polyMesh")
        return
    form = FORMATS.get(path.suffix.lower())
    if form is None or form.write is None:
        suffixes = ", ".join(s for s, f in FORMATS.items() if f.write)
        raise _unknown(path, "written to", f"{suffixes} and OpenFOAM folders")
    write_bytes(path, form.write(mesh))


def _unknown(path: Path, verb: str, suffixes: str) -> MeshError:
    return MeshError(
        f"{path}: suffix {path.suffix!r} is {'unknown' if verb == 'read from' else 'not written'}",
        why=f"meshes are {verb} {suffixes}",
        fix="convert the file, or give it the suffix of its format" if verb == "read from" else "choose one of these",
    )
