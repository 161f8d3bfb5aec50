"""The one guarded door to meshio, which exits, prints, and passes on whatever goes wrong inside it."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.raw import RawMesh
from gno.mesh.formats.source import COPY

LOSSES = ("cannot handle", "Skipping", "corrupt")
"""What meshio prints when it leaves out a part of the file."""


def read_with_meshio(path: Path, file_format: str) -> Any:
    """Read a file with meshio; whatever goes wrong is a ``MeshError`` in one line, and nothing is printed.

    Args:
        path: the file.
        file_format: meshio's name of the format: ``vtu``, ``vtk``, ``xdmf``.

    Returns:
        a ``meshio.Mesh``.

    Raises:
        MeshError: anything that meshio raises, exits with, or leaves out.
    """
    printed = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            mesh = importlib.import_module(f"meshio.{file_format}").read(str(path))
    except (Exception, SystemExit) as error:
        text = _one_line(str(error)) if not isinstance(error, SystemExit) else ""
        why = text or _one_line(printed.getvalue()) or "it breaks off, or does not go on as the format says"
        raise MeshError(
            f"{path} cannot be read as {file_format}: it is damaged or foreign", why=why, fix=COPY
        ) from None
    told = _one_line(printed.getvalue())
    if any(word in told for word in LOSSES):
        raise MeshError(f"{path} has parts that cannot be read", why=told, fix="export the mesh with other cell types")
    return mesh


def raw_of(path: Path, mesh: Any, *, vtk: bool) -> RawMesh:
    """What meshio read, as our readers say it: points, blocks, fields; no boundary yet.

    Args:
        path: the file, for the messages.
        mesh: a ``meshio.Mesh``.
        vtk: whether the file is VTK's, whose wedges meshio turns.

    Raises:
        MeshError: arrays that are no rectangles of numbers.
    """
    try:
        return RawMesh(
            np.array(mesh.points, dtype=np.float64),
            [(block.type, _nodes(block, vtk)) for block in mesh.cells],
            {},
            {name: np.asarray(v) for name, v in mesh.point_data.items()},
            {name: [np.asarray(v) for v in parts] for name, parts in mesh.cell_data.items()},
        )
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise MeshError(
            f"{path} cannot be read: it is damaged or foreign", why=_one_line(str(error)), fix=COPY
        ) from None


def refuse_entities(path: Path) -> None:
    """Refuse XML that declares entities: they can blow up a parser or name other files.

    Args:
        path: an XML file.

    Raises:
        MeshError: a document type or an entity is declared.
    """
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:64]:
        raise MeshError(f"{path} is not XML in UTF-8", why="other encodings are not read", fix=COPY)
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", content, re.IGNORECASE):
        raise MeshError(f"{path} declares a DOCTYPE", why="mesh files need none", fix="do not trust this file")


def _nodes(block: Any, vtk: bool) -> np.ndarray:
    if block.type.startswith("polyhedron"):
        return np.zeros((len(block.data), 0), dtype=np.int64)
    nodes = np.asarray(block.data)
    if block.type == "wedge" and vtk:
        nodes = nodes[:, [0, 2, 1, 3, 5, 4]]  # meshio turns them; VTK 9.7 counts them as we do
    if nodes.dtype.kind not in "iu" or nodes.ndim != 2:
        raise ValueError(f"{block.type} cells have shape {nodes.shape} of {nodes.dtype}")
    return nodes.astype(np.int64)


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())[:300]
