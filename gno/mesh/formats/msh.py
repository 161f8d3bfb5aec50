"""The contents of a Gmsh file of version 2.2 or 4.1: nodes, elements, physical groups, fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gno.errors import MeshError
from gno.mesh.formats.msh_sections import Numbers, damaged, sections_of

TYPES = {1: ("line", 2), 2: ("triangle", 3), 3: ("quad", 4), 4: ("tetra", 4), 5: ("hexahedron", 8)}
TYPES |= {6: ("wedge", 6), 7: ("pyramid", 5), 15: ("vertex", 1), 8: ("line3", 3), 9: ("triangle6", 6)}
TYPES |= {10: ("quad9", 9), 11: ("tetra10", 10), 12: ("hexahedron27", 27), 13: ("wedge18", 18)}
TYPES |= {14: ("pyramid14", 14), 16: ("quad8", 8), 17: ("hexahedron20", 20), 18: ("wedge15", 15)}
TYPES |= {19: ("pyramid13", 13), 21: ("triangle10", 10), 26: ("line4", 4), 29: ("tetra20", 20)}
"""Gmsh's element types: our name and the number of nodes."""


@dataclass
class Elements:
    """Elements of one type, with the physical groups that all of them belong to.

    Args:
        kind: cell type.
        tags: numbers ``(n,)`` that Gmsh gives them.
        nodes: tags ``(n, corners)`` of their nodes.
        groups: tags of physical groups.
    """

    kind: str
    tags: np.ndarray
    nodes: np.ndarray
    groups: tuple[int, ...]


@dataclass
class Contents:
    """All that we take from a Gmsh file.

    Args:
        names: (dimension, tag) of a physical group to its name.
        groups: (dimension, tag) of an entity to the tags of its physical groups; version 4.1 only.
        node_tags: numbers ``(nodes,)`` that Gmsh gives the nodes.
        points: their coordinates ``(nodes, 3)``.
        elements: elements by type and group.
        node_data: name to node tags and values.
        element_data: name to element tags and values.
    """

    names: dict[tuple[int, int], str] = field(default_factory=dict)
    groups: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    node_tags: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    elements: list[Elements] = field(default_factory=list)
    node_data: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    element_data: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


def read_contents(path: Path) -> Contents:
    """Read the sections of a Gmsh file; those of no use to us are passed over.

    Args:
        path: the file.

    Raises:
        MeshError: another version, a section that is cut short or does not fit what it declares.
    """
    found, sections = Contents(), sections_of(path, path.read_bytes())
    name, body = next(sections, ("", b""))
    header = re.match(rb"\s*(\d+\.?\d*)\s+([01])\s+(\d+)\s*\n?", body)
    if name != "MeshFormat" or header is None:
        raise damaged(path, "it does not begin with $MeshFormat")
    version, binary = header[1].decode(), header[2] == b"1"
    if version not in ("2", "2.1", "2.2", "4.1"):
        fix = "save it with Mesh.MshFileVersion = 4.1"
        raise MeshError(f"{path} is Gmsh version {version}", why="versions 2.2 and 4.1 are read", fix=fix)
    if binary and (header[3] != b"8" or body[header.end() : header.end() + 4] != b"\x01\0\0\0"):
        raise MeshError(
            f"{path} is from another kind of machine", why="its numbers are swapped", fix="save it as ASCII"
        )
    for name, body in sections:
        numbers = Numbers(path, name, body, binary)
        if name == "PhysicalNames":
            _names(numbers, found)
        elif name in ("NodeData", "ElementData"):
            _data(numbers, found.node_data if name == "NodeData" else found.element_data)
        elif name == "PartitionedEntities":
            raise MeshError(f"{path} is partitioned", why="one whole mesh is read", fix="save it without partitions")
        elif (version[0], name) in _READERS:
            _READERS[version[0], name](numbers, found)
    return found


def _names(numbers: Numbers, found: Contents) -> None:
    for _ in range(numbers.count()):
        line = numbers.line()
        match = re.fullmatch(r'(\d)\s+(\d{1,9})\s+"(.*)"', line)
        if match is None:
            raise numbers.error(f'expected dimension, tag and "name", found {line[:40]!r}')
        found.names[int(match[1]), int(match[2])] = match[3]


def _data(numbers: Numbers, into: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    strings = [numbers.line().strip('"') for _ in range(numbers.count())]
    for _ in range(numbers.count()):
        numbers.line()  # times
    integers = [numbers.count() for _ in range(numbers.count())]
    if not strings or len(integers) < 3 or integers[1] > 9:
        raise numbers.error("it has no name, or no number of components and values")
    tags, values = numbers.table(integers[2], ("i4", 1), ("f8", integers[1]))
    into[strings[0]] = tags[:, 0], values[:, 0] if integers[1] == 1 else values


def _kind(numbers: Numbers, code: int) -> tuple[str, int]:
    if code not in TYPES:
        raise numbers.error(f"element type {code} is unknown")
    return TYPES[code]


def _nodes_2(numbers: Numbers, found: Contents) -> None:
    tags, found.points = numbers.table(numbers.count(), ("i4", 1), ("f8", 3))
    found.node_tags = tags[:, 0]


def _elements_2(numbers: Numbers, found: Contents) -> None:
    rows: dict[tuple[int, int], list[np.ndarray]] = {}
    for code, num_tags, table in (_binary_2 if numbers.binary else _ascii_2)(numbers, numbers.count()):
        rows.setdefault((code, num_tags), []).append(table)
    for (code, num_tags), tables in rows.items():
        table = np.concatenate(tables)
        group = table[:, 1] if num_tags else np.zeros(len(table), dtype=np.int64)
        for tag in dict.fromkeys(group.tolist()):
            part = table[group == tag]
            nodes, groups = part[:, 1 + num_tags :], (tag,) if tag else ()
            found.elements.append(Elements(TYPES[code][0], part[:, 0], nodes, groups))


def _ascii_2(numbers: Numbers, count: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Element type, number of tags, and rows ``tag, tags, nodes`` of the elements, one a line."""
    groups: dict[tuple[str, str], list[list[str]]] = {}
    lines = numbers.body[numbers.at :].decode("latin-1").splitlines()
    rows = [row for row in map(str.split, lines) if row]
    if len(rows) != count or min(map(len, rows), default=3) < 3:
        raise numbers.error(f"{count} elements are declared, {len(rows)} are there")
    for row in rows:
        groups.setdefault((row[1], row[2]), []).append(row)
    for (word, tags), members in groups.items():
        if not all(w.isascii() and w.isdigit() and len(w) < 4 for w in (word, tags)):
            raise numbers.error(f"element type {word[:20]!r} with {tags[:20]!r} tags")
        width = 3 + int(tags) + _kind(numbers, int(word))[1]
        try:
            table = np.array(members, dtype=np.int64).reshape(len(members), width)
        except (ValueError, OverflowError) as error:
            raise numbers.error(f"{_kind(numbers, int(word))[0]} elements need {width} whole numbers") from error
        yield int(word), int(tags), np.delete(table, (1, 2), axis=1)


def _binary_2(numbers: Numbers, count: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """The same from blocks of elements."""
    while count > 0:
        code, block, num_tags = numbers.row("i4", 3)
        if block < 1 or not 0 <= num_tags < 1000:
            raise numbers.error(f"a block has {block} elements with {num_tags} tags")
        yield code, num_tags, numbers.table(block, ("i4", 1 + num_tags + _kind(numbers, code)[1]))[0]
        count -= block


def _entities_4(numbers: Numbers, found: Contents) -> None:
    for dim, count in enumerate(numbers.row("u8", 4)):
        for _ in range(count):
            (tag,) = numbers.row("i4", 1)
            numbers.table(1, ("f8", 6 if dim else 3))  # its bounding box
            found.groups[dim, tag] = tuple(numbers.row("i4", *numbers.row("u8", 1)))
            if dim:
                numbers.row("i4", *numbers.row("u8", 1))  # the entities around it


def _nodes_4(numbers: Numbers, found: Contents) -> None:
    blocks, _, _, _ = numbers.row("u8", 4)
    tags, points = [found.node_tags], [found.points]
    for _ in range(blocks):
        dim, _, parametric = numbers.row("i4", 3)
        (count,) = numbers.row("u8", 1)
        tags.append(numbers.table(count, ("u8", 1))[0][:, 0])
        points.append(numbers.table(count, ("f8", 3 + (max(0, min(dim, 3)) if parametric else 0)))[0][:, :3])
    found.node_tags, found.points = np.concatenate(tags), np.concatenate(points)


def _elements_4(numbers: Numbers, found: Contents) -> None:
    blocks, _, _, _ = numbers.row("u8", 4)
    for _ in range(blocks):
        dim, entity, code = numbers.row("i4", 3)
        kind, corners = _kind(numbers, code)
        (count,) = numbers.row("u8", 1)
        table = numbers.table(count, ("u8", 1 + corners))[0]
        found.elements.append(Elements(kind, table[:, 0], table[:, 1:], found.groups.get((dim, entity), ())))


_READERS = {("2", "Nodes"): _nodes_2, ("2", "Elements"): _elements_2, ("4", "Entities"): _entities_4}
_READERS |= {("4", "Nodes"): _nodes_4, ("4", "Elements"): _elements_4}
