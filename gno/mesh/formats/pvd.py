"""ParaView's collections: which file holds which instant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from gno.errors import MeshError
from gno.mesh.formats.meshio import refuse_entities
from gno.mesh.formats.source import COPY, check_file


def write(files: Mapping[str, float]) -> bytes:
    """A ``.pvd`` file.

    Args:
        files: name, from the folder of the collection on, to time.

    Example:
        >>> print(write({"u_0000.vtu": 0.0, "u_0001.vtu": 0.5}).decode())
        <?xml version='1.0' encoding='utf-8'?>
        <VTKFile type="Collection" version="1.0" byte_order="LittleEndian">
          <Collection>
            <DataSet timestep="0.0" part="0" file="u_0000.vtu" />
            <DataSet timestep="0.5" part="0" file="u_0001.vtu" />
          </Collection>
        </VTKFile>
    """
    root = ElementTree.Element("VTKFile", type="Collection", version="1.0", byte_order="LittleEndian")
    collection = ElementTree.SubElement(root, "Collection")
    for name, time in files.items():
        ElementTree.SubElement(collection, "DataSet", timestep=repr(float(time)), part="0", file=name)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def read(path: Path) -> dict[str, float]:
    """Name of each file of a collection to its time.

    Args:
        path: the collection.

    Raises:
        MeshError: no XML, other content, several parts at an instant, or nothing in it.
    """
    check_file(path)
    refuse_entities(path)
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise MeshError(f"{path} is no collection", why=str(error), fix=COPY) from error
    files: dict[str, float] = {}
    for item in root.iter("DataSet"):
        name, time = item.get("file", ""), _number(item.get("timestep", "0"))
        if not name or time is None or time in files.values() or item.get("part", "0") not in ("0", ""):
            raise MeshError(
                f"{path} has {name or 'no file'!r} at time {item.get('timestep')!r}, part {item.get('part', '0')!r}",
                why="each instant has one file, and a time that is a number",
                fix="merge the parts of each instant into one file",
            )
        files[name] = time
    if not files:
        raise MeshError(f"{path} names no files", why="a collection has an element DataSet for each", fix=COPY)
    return files


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
