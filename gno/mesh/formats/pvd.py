"""ParaView's collections: which file holds which instant."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree


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
