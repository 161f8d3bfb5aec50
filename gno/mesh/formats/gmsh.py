"""Gmsh's format: 2.2 and 4.1 read, 2.2 ASCII written; physical groups are the boundary."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.msh import Contents, Elements, read_contents
from gno.mesh.formats.msh_sections import damaged
from gno.mesh.formats.raw import RawMesh
from gno.mesh.mesh import CELL_DIM, Mesh

CODES = {"triangle": 2, "quad": 3, "tetra": 4, "hexahedron": 5, "wedge": 6, "pyramid": 7}
FACETS = {2: 1, 3: 2, 4: 3}
"""Corners of a facet to its element type."""
DIM = {"vertex": 0, "line": 1} | CELL_DIM


def read(path: Path) -> RawMesh:
    """Read a Gmsh mesh, ASCII or binary; physical groups one dimension below the cells become the boundary.

    Source: https://gmsh.info/doc/texinfo/gmsh.html#MSH-file-format

    Args:
        path: the file.

    Raises:
        MeshError: a file that cannot be used.
    """
    found = read_contents(path)
    if len(np.unique(found.node_tags)) != len(found.node_tags):
        raise damaged(path, "two nodes have one number")
    blocks = [(part.kind, _numbered(path, found, part)) for part in found.elements]
    dim = max((DIM.get(kind, 0) for kind, nodes in blocks if len(nodes)), default=0) - 1
    names = {tag: name for (of, tag), name in found.names.items() if of == dim}
    patches: dict[str, list[np.ndarray]] = {name: [] for name in names.values()}
    for part, (kind, nodes) in zip(found.elements, blocks):
        for tag in part.groups if DIM.get(kind) == dim else ():
            patches.setdefault(names.get(tag, f"physical_{tag}"), []).append(nodes)
    point_data = {name: _spread(*data, found.node_tags) for name, data in found.node_data.items()}
    cell_data = {
        name: [_spread(*data, part.tags) for part in found.elements] for name, data in found.element_data.items()
    }
    return RawMesh(found.points, blocks, patches, point_data, cell_data)


def _numbered(path: Path, found: Contents, part: Elements) -> np.ndarray:
    """Nodes of elements, counted from 0 in the order of the file instead of by Gmsh's tags."""
    order = np.argsort(found.node_tags)
    tags = found.node_tags[order]
    place = np.minimum(np.searchsorted(tags, part.nodes), max(len(tags) - 1, 0))
    missing = tags[place] != part.nodes if len(tags) else np.ones(part.nodes.shape, dtype=bool)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise MeshError(
            f"{path}: element {part.tags[row]} refers to node {part.nodes[row, column]}",
            why=f"none of the {len(tags)} nodes has this number",
            fix="export the mesh again from the program that made it",
        )
    return order[place]


def _spread(tags: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Values in the order of the wanted tags; NaN where the file has none."""
    order = np.argsort(tags, kind="stable")
    result = np.full((len(wanted), *values.shape[1:]), np.nan)
    if len(tags):
        place = np.minimum(np.searchsorted(tags[order], wanted), len(tags) - 1)
        there = tags[order][place] == wanted
        result[there] = values[order][place[there]]
    return result


def write(mesh: Mesh) -> bytes:
    """Gmsh 2.2 text of a mesh: a physical group for each patch and one for all cells; fields as node and element data.

    Source: https://gmsh.info/doc/texinfo/gmsh.html#MSH-file-format-version-2-_0028Legacy_0029

    Args:
        mesh: any mesh; fields with at most nine components are written with 1, 3 or 9.

    Raises:
        MeshError: a name or field that the format cannot hold.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> write(mesh).decode().splitlines()[-3:]
        ['1', '1 2 2 1 1 1 2 3', '$EndElements']
    """
    volume = next(n for n in ("domain", *(f"domain_{i}" for i in range(10**6))) if n not in mesh.boundary)
    tags = {name: tag for tag, name in enumerate(mesh.boundary, 2)}
    for name in (*mesh.boundary, *mesh.point_data, *mesh.cell_data):
        if not name.strip() or name != name.strip() or not name.isprintable() or '"' in name or "\\" in name:
            raise MeshError(f"name {name!r} cannot stand in a Gmsh file", why="it is set in quotes", fix="rename it")
    groups = [f'{mesh.dim} 1 "{volume}"', *(f'{mesh.dim - 1} {tag} "{name}"' for name, tag in tags.items())]
    elements = _elements(mesh, tags)
    points = np.pad(mesh.points, ((0, 0), (0, 3 - mesh.dim))).tolist()
    lines = [
        "$MeshFormat\n2.2 0 8\n$EndMeshFormat",
        *("$PhysicalNames", str(len(groups)), *groups, "$EndPhysicalNames"),
        *("$Nodes", str(len(points)), *(f"{i} {x:.17g} {y:.17g} {z:.17g}" for i, (x, y, z) in enumerate(points, 1))),
        *("$EndNodes", "$Elements", str(len(elements)), *elements, "$EndElements"),
    ]
    for name, values in mesh.point_data.items():
        lines += _data("NodeData", name, values)
    for name, values in mesh.cell_data.items():
        lines += _data("ElementData", name, values)
    return ("\n".join(lines) + "\n").encode()


def _elements(mesh: Mesh, tags: dict[str, int]) -> list[str]:
    rows = [(CODES[kind], 1, row) for kind, cells in mesh.cells.items() for row in cells.tolist()]
    for name, facets in mesh.boundary.items():
        corners = [[n for n in row if n >= 0] for row in facets.tolist()]
        rows += [(FACETS[len(row)], tags[name], row) for row in corners]
    return [f"{i} {c} 2 {t} {t} {' '.join(str(n + 1) for n in row)}" for i, (c, t, row) in enumerate(rows, 1)]


def _data(section: str, name: str, values: np.ndarray) -> list[str]:
    flat = values.reshape(len(values), -1) if values.size else np.zeros((len(values), 1))
    width = next((w for w in (1, 3, 9) if w >= flat.shape[1]), 0)
    if not width or flat.dtype.kind not in "biuf":
        raise MeshError(
            f"field {name!r} has shape {values.shape} of {values.dtype}",
            why="Gmsh holds real fields with at most nine components",
            fix="write .vtu, or leave this field out",
        )
    table = np.pad(flat.astype(np.float64), ((0, 0), (0, width - flat.shape[1])))
    rows = (f"{i} {' '.join(f'{x:.17g}' for x in row)}" for i, row in enumerate(table.tolist(), 1))
    return [f"${section}", "1", f'"{name}"', "1", "0", "3", "0", str(width), str(len(table)), *rows, f"$End{section}"]
