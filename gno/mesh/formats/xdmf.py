"""XDMF, read; the heavy data stand in the file or in an HDF5 file beside it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from gno.errors import DataError, MeshError
from gno.mesh.formats.meshio import raw_of, read_with_meshio, refuse_entities
from gno.mesh.formats.raw import RawMesh
from gno.mesh.formats.source import COPY


def read(path: Path) -> RawMesh:
    """Read an XDMF file of one grid, with its fields.

    Args:
        path: the file.

    Raises:
        MeshError: a file that cannot be used, or that refers to a file in another folder.
    """
    refuse_entities(path)
    for item in _items(path):
        form, name = item.get("Format", "XML"), (item.text or "").strip()
        if form == "XML":
            continue
        file = name.rpartition(":")[0]
        if form != "HDF" or Path(file).name != file:
            raise MeshError(
                f"{path} refers to {name[:60]!r} as {form}",
                why="heavy data must stand in an HDF5 file beside it",
                fix="move it there",
            )
        if not (path.parent / file).is_file():
            raise MeshError(f"{path} needs {file!r}, which is not beside it", fix="copy that file too")
        _check_heavy(path.parent / file)
    return raw_of(path, read_with_meshio(path, "xdmf"), vtk=False)


def _check_heavy(path: Path) -> None:
    """Refuse heavy data that refer to other files or are larger than they can be; meshio would follow them."""
    from gno.hdf5 import check_file

    try:
        check_file(path)
    except DataError as error:
        raise MeshError(error.what, why=error.why, fix=error.fix) from error


def _items(path: Path) -> list[ElementTree.Element]:
    try:
        return list(ElementTree.parse(path).iter("DataItem"))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise MeshError(f"{path} is damaged or no XML", why=str(error), fix=COPY) from None
