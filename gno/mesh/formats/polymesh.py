"""OpenFOAM's polyMesh folder, written as text."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.files import make_folder, write_text
from gno.mesh.faces import Faces, faces, patch_faces
from gno.mesh.formats.foam import header
from gno.mesh.formats.slab import ENDS, slab
from gno.mesh.mesh import Mesh
from gno.mesh.used import used_part

REST = "defaultFaces"
"""Patch of the outer faces that have no name; OpenFOAM calls it so, too."""
_PATCH = """    {name}
    {{
        type        {kind};
        nFaces      {count};
        startFace   {start};
    }}"""
_KINDS = {
    "points": "vectorField",
    "faces": "faceList",
    "owner": "labelList",
    "neighbour": "labelList",
    "boundary": "polyBoundaryMesh",
}
_NOT_IN_NAMES = re.compile(r"[\s\"'/;{}()$]")


def write(mesh: Mesh, folder: Path) -> None:
    """Write a mesh; a flat one as a layer one cell thick between ``empty`` patches. Cells keep their order.

    Inner faces are sorted by owner and then by neighbor, as OpenFOAM wants them; outer faces follow by patch, of type
    ``patch``. Nodes that no cell uses are left out, and fields are, too.

    Source: https://www.openfoam.com/documentation/user-guide/4-mesh-generation-and-conversion

    Args:
        mesh: any mesh.
        folder: the ``polyMesh`` folder; it is made.

    Raises:
        MeshError: no cells, a name that OpenFOAM cannot read, a face in two patches or in none of the mesh's.
        ResourceError: no space, or no right to write there.
    """
    if not mesh.num_cells:
        raise MeshError("the mesh has no cells", why="OpenFOAM keeps a mesh as the faces of its cells")
    if left := [*mesh.point_data, *mesh.cell_data]:
        warnings.warn(f"OpenFOAM meshes hold no fields; left out: {', '.join(left)}", stacklevel=3)
    mesh = used_part(mesh)[0]
    mesh = slab(mesh) if mesh.dim == 2 else mesh
    all_faces = faces(mesh)
    patches = _patches(mesh, all_faces)
    order = np.concatenate([np.arange(all_faces.num_inner), *patches.values()])
    content = {
        "points": [f"({x!r} {y!r} {z!r})" for x, y, z in mesh.points.tolist()],
        "faces": [_face(row) for row in all_faces.nodes[order].tolist()],
        "owner": map(str, all_faces.owner[order].tolist()),
        "neighbour": map(str, all_faces.neighbor[: all_faces.num_inner].tolist()),
        "boundary": _boundary(patches, all_faces.num_inner),
    }
    make_folder(folder)
    for name, lines in content.items():
        write_text(folder / name, header(_KINDS[name], "constant/polyMesh", name) + _list(lines))


def _patches(mesh: Mesh, all_faces: Faces) -> dict[str, np.ndarray]:
    """Faces of each patch, in the order of their numbers; what has no name comes last."""
    patches = {name: np.sort(numbers) for name, numbers in patch_faces(mesh).items()}
    for name in patches:
        if not name or _NOT_IN_NAMES.search(name):
            raise MeshError(f"patch {name!r} has a name that OpenFOAM cannot read", fix="use letters and digits")
    count = np.bincount(np.concatenate([all_faces.owner[:0], *patches.values()]), minlength=len(all_faces))
    if (count > 1).any():
        both = [name for name, numbers in patches.items() if int(count.argmax()) in numbers]
        raise MeshError(f"a face is in patch {both[0]!r} and in {both[-1]!r}", why="OpenFOAM has each in one")
    rest = np.flatnonzero((all_faces.neighbor < 0) & (count == 0))
    if len(rest):
        patches[REST] = np.sort(np.concatenate([patches.get(REST, rest[:0]), rest]))
    return patches


def _boundary(patches: dict[str, np.ndarray], start: int) -> Iterable[str]:
    for name, numbers in patches.items():
        kind = "empty" if name == ENDS else "patch"
        yield _PATCH.format(name=name, kind=kind, count=len(numbers), start=start)
        start += len(numbers)


def _face(nodes: list[int]) -> str:
    corners = [str(node) for node in nodes if node >= 0]
    return f"{len(corners)}({' '.join(corners)})"


def _list(lines: Iterable[str]) -> str:
    rows = list(lines)
    return "\n".join([str(len(rows)), "(", *rows, ")", ""])
