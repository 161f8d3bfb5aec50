"""SU2's native mesh format, read and written with the names of its markers."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.raw import RawMesh
from gno.mesh.formats.source import read_text
from gno.mesh.mesh import Mesh

KINDS = {3: ("line", 2), 5: ("triangle", 3), 9: ("quad", 4), 10: ("tetra", 4), 12: ("hexahedron", 8)}
KINDS |= {13: ("wedge", 6), 14: ("pyramid", 5), 1: ("vertex", 1)}
KNOWN = {str(code) for code in KINDS} | {f"{code}.0" for code in KINDS}
CODES = {kind: code for code, (kind, _) in KINDS.items()}
FIX = "export the mesh again, or mend this line"


def read(path: Path) -> RawMesh:
    """Read an SU2 mesh; its markers become the boundary.

    Source: https://su2code.github.io/docs_v7/Mesh-File/

    Args:
        path: the file. Node numbers written as floats (``88.0``) are taken where they are whole.

    Raises:
        MeshError: a line that cannot be used, by its number; a part that is missing.
    """
    file = _Lines(path)
    dim, points, blocks = 0, None, None
    patches: dict[str, list[np.ndarray]] = {}
    marker, declared, foreign = "", None, False
    while (entry := file.keyword(foreign)) is not None:
        key, value = entry
        foreign = False
        if key == "NDIME":
            dim = file.count(value)
        elif key == "NELEM":
            blocks = file.elements(file.count(value))
        elif key == "NPOIN":
            if dim not in (2, 3):
                raise file.error(f"NDIME is {dim or 'missing'}", "points have 2 or 3 coordinates: NDIME stands first")
            points = file.points(file.count(value), dim)
        elif key == "NMARK":
            declared = file.count(value)
        elif key == "MARKER_TAG":
            marker = value
            patches.setdefault(marker, [])
        elif key == "MARKER_ELEMS":
            if not marker:
                raise file.error("MARKER_ELEMS without MARKER_TAG", "each marker has a name")
            patches[marker] += [nodes for kind, nodes in file.elements(file.count(value)) if kind != "vertex"]
        elif key == "NZONE" and value != "1":
            raise file.error(f"the file has {value} zones", "one mesh is read at a time")
        else:
            foreign = True
    if points is None or blocks is None or (declared is not None and declared != len(patches)):
        missing = "NPOIN" if points is None else "NELEM" if blocks is None else f"markers ({len(patches)}/{declared})"
        raise MeshError(f"{path} is cut short or no SU2 mesh", why=f"missing: {missing}", fix="export the mesh again")
    return RawMesh(points, blocks, patches)


class _Lines:
    """Lines of an SU2 file that hold something, with their numbers."""

    def __init__(self, path: Path) -> None:
        self.path, self.lines, self.numbers, self.next = path, [], [], 0
        for number, line in enumerate(read_text(path).splitlines(), 1):
            text = line.partition("%")[0].strip()
            if text:
                self.lines.append(text)
                self.numbers.append(number)

    def error(self, what: str, why: str, at: int | None = None) -> MeshError:
        index = self.next - 1 if at is None else at
        line = self.numbers[index] if 0 <= index < len(self.numbers) else (self.numbers or [1])[-1]
        return MeshError(f"{self.path}, line {line}: {what}", why=why, fix=FIX)

    def keyword(self, skipping: bool) -> tuple[str, str] | None:
        """The next ``KEY= value``; lines that belong to a keyword of no use to us are skipped."""
        while self.next < len(self.lines):
            line = self.lines[self.next]
            self.next += 1
            if "=" in line:
                key, _, value = line.partition("=")
                return key.strip().upper(), value.strip()
            if not skipping:
                raise self.error(
                    f"expected KEY= value, found {line[:40]!r}", "the lines before are as many as declared"
                )
        return None

    def count(self, value: str) -> int:
        word = (value.split() or [""])[0]
        if not (word.isascii() and word.isdigit() and len(word) < 12):
            raise self.error(f"expected a number, found {value[:40]!r}", "a count follows this keyword")
        return int(word)

    def block(self, count: int) -> list[list[str]]:
        rows = self.lines[self.next : self.next + count]
        if len(rows) < count:
            raise self.error(f"{count} lines are declared, {len(rows)} follow", "the file is cut short")
        self.next += count
        return [row.split() for row in rows]

    def points(self, count: int, dim: int) -> np.ndarray:
        first = self.next
        rows = self.block(count)
        return self.table([row[:dim] for row in rows], dim, list(range(first, self.next)), "coordinates")

    def elements(self, count: int) -> list[tuple[str, np.ndarray]]:
        """Cells by type, in the order in which the types appear."""
        first = self.next
        groups: dict[str, list[int]] = {}
        rows = self.block(count)
        for i, row in enumerate(rows):
            groups.setdefault(row[0], []).append(i)
        result = []
        for code, members in groups.items():
            kind, corners = KINDS.get(int(float(code)) if code in KNOWN else -1, ("", 0))
            if not kind:
                known = ", ".join(f"{c} ({k})" for c, (k, _) in sorted(KINDS.items()))
                raise self.error(f"element type {code[:20]!r} is unknown", f"types are {known}", first + members[0])
            where = [first + i for i in members]
            nodes = self.table([rows[i][1 : corners + 1] for i in members], corners, where, "node numbers")
            bad = ((nodes != np.floor(nodes)) | (nodes < 0) | (nodes >= 2**53)).any(axis=1)
            if bad.any():
                at = where[int(np.flatnonzero(bad)[0])]
                raise self.error(f"node numbers are not whole: {self.lines[at][:60]!r}", "nodes count from 0", at)
            result.append((kind, nodes.astype(np.int64)))
        return result

    def table(self, rows: list[list[str]], width: int, where: list[int], what: str) -> np.ndarray:
        try:
            return np.array(rows, dtype=np.float64).reshape(len(rows), width)
        except ValueError:
            bad = (i for i, row in enumerate(rows) if len(row) != width or not all(map(_is_number, row)))
            at = where[next(bad, 0)]
            raise self.error(f"found {self.lines[at][:60]!r}", f"{width} {what} are needed", at) from None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def write(mesh: Mesh) -> bytes:
    """SU2 text of a mesh; fields are left out, with a warning.

    Args:
        mesh: any mesh.

    Raises:
        MeshError: a boundary name that the format cannot hold.

    Example:
        >>> mesh = Mesh(np.array([[0.0, 0], [1, 0], [0, 1]]), {"triangle": np.array([[0, 1, 2]])})
        >>> print(write(mesh).decode())
        NDIME= 2
        NELEM= 1
        5 0 1 2 0
        NPOIN= 3
        0 0 0
        1 0 1
        0 1 2
        NMARK= 0
        <BLANKLINE>
    """
    if mesh.point_data or mesh.cell_data:
        names = ", ".join([*mesh.point_data, *mesh.cell_data])
        warnings.warn(f"SU2 meshes hold no fields; left out: {names}", stacklevel=3)
    lines = [f"NDIME= {mesh.dim}", f"NELEM= {mesh.num_cells}"]
    for kind, cells in mesh.cells.items():
        lines += [
            f"{CODES[kind]} {' '.join(map(str, row))} {i}" for i, row in enumerate(cells.tolist(), len(lines) - 2)
        ]
    lines.append(f"NPOIN= {mesh.num_points}")
    lines += [f"{' '.join(f'{x:.17g}' for x in row)} {i}" for i, row in enumerate(mesh.points.tolist())]
    lines.append(f"NMARK= {len(mesh.boundary)}")
    for name, facets in mesh.boundary.items():
        if not name.strip() or name != name.strip() or any(c in name for c in "%\n\r\0") or len(name.splitlines()) > 1:
            raise MeshError(f"boundary name {name!r} cannot stand in an SU2 file", fix="rename it, or write .vtu")
        lines += [f"MARKER_TAG= {name}", f"MARKER_ELEMS= {len(facets)}"]
        for row in facets.tolist():
            nodes = [n for n in row if n >= 0]
            lines.append(f"{ {2: 3, 3: 5, 4: 9}[len(nodes)] } {' '.join(map(str, nodes))}")
    return ("\n".join(lines) + "\n").encode()
