"""VTK's legacy format, read."""

from __future__ import annotations

from pathlib import Path

from gno.mesh.formats.meshio import raw_of, read_with_meshio
from gno.mesh.formats.raw import RawMesh


def read(path: Path) -> RawMesh:
    """Read a legacy VTK file, ASCII or binary, with its fields.

    Args:
        path: the file.

    Raises:
        MeshError: a file that cannot be used.
    """
    return raw_of(path, read_with_meshio(path, "vtk"), vtk=True)
