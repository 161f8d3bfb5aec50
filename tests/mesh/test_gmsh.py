from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from gno.errors import MeshError
from gno.mesh import Mesh, load, save
from tests.mesh.named import plate

VERSION_2 = """$MeshFormat
2.2 0 8
$EndMeshFormat
$PhysicalNames
3
1 7 "the wall"
2 9 "fluid"
1 8 "inlet"
$EndPhysicalNames
$Nodes
5
10 0 0 0
20 1 0 0
30 1 1 0
40 0 1 0
99 2 0.5 0
$EndNodes
$Elements
6
1 15 2 0 1 10
2 1 2 7 1 10 20
3 1 2 8 2 40 10
4 3 2 9 1 10 20 30 40
5 1 2 5 2 30 40
6 2 2 9 1 20 99 30
$EndElements
$NodeData
1
"u"
1
0.0
3
0
1
5
99 5
10 1
20 2
30 3
40 4
$EndNodeData
$ElementData
1
"k"
1
0.0
3
0
1
2
4 12
6 3
$EndElementData
"""
VERSION_4 = """$MeshFormat
4.1 0 8
$EndMeshFormat
$PhysicalNames
2
1 7 "wall"
1 8 "all sides"
$EndPhysicalNames
$Entities
1 2 1 0
1 0 0 0 0
1 0 0 0 1 0 0 2 7 8 2 1 1
2 0 0 0 1 1 0 1 8 0
1 0 0 0 1 1 0 0 2 1 2
$EndEntities
$Nodes
2 4 1 9
0 1 0 1
1
0 0 0
2 1 0 3
2
3
9
1 0 0
1 1 0
0 1 0
$EndNodes
$Elements
3 4 1 4
1 1 1 1
1 1 2
1 2 1 1
2 2 3
2 1 2 2
3 1 2 3
4 1 3 9
$EndElements
"""


def _load(tmp_path: Path, content: str | bytes) -> Mesh:
    path = tmp_path / "m.msh"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(path)


def _check_version_2(mesh: Mesh) -> None:
    assert {kind: cells.tolist() for kind, cells in mesh.cells.items()} == {
        "quad": [[0, 1, 2, 3]],
        "triangle": [[1, 4, 2]],
    }
    assert {name: facets.tolist() for name, facets in mesh.boundary.items()} == {
        "the wall": [[0, 1]],
        "inlet": [[3, 0]],
        "physical_5": [[2, 3]],
    }


def test_version_2_with_sparse_numbers_names_and_fields(tmp_path: Path) -> None:
    mesh = _load(tmp_path, VERSION_2)
    _check_version_2(mesh)
    assert mesh.point_data["u"].tolist() == [1, 2, 3, 4, 5]
    assert mesh.cell_data["k"].tolist() == [12, 3]


def test_version_2_binary(tmp_path: Path) -> None:
    head = VERSION_2[: VERSION_2.index("$Nodes")].replace("2.2 0 8\n", "2.2 1 8\n").encode()
    head = head.replace(b"1 8\n", b"1 8\n" + struct.pack("<i", 1) + b"\n", 1)
    points = {10: (0, 0, 0), 20: (1, 0, 0), 30: (1, 1, 0), 40: (0, 1, 0), 99: (2, 0.5, 0)}
    nodes = b"".join(struct.pack("<i3d", tag, *xyz) for tag, xyz in points.items())
    blocks = [(1, 2, 2), (2, 7, 1, 10, 20), (3, 8, 2, 40, 10), (3, 1, 2), (4, 9, 1, 10, 20, 30, 40)]
    blocks += [(1, 1, 2), (5, 5, 2, 30, 40), (2, 1, 2), (6, 9, 1, 20, 99, 30)]
    elements = b"".join(struct.pack(f"<{len(b)}i", *b) for b in blocks)
    body = b"$Nodes\n5\n" + nodes + b"\n$EndNodes\n$Elements\n5\n" + elements + b"\n$EndElements\n"
    _check_version_2(_load(tmp_path, head + body))


def _check_version_4(mesh: Mesh) -> None:
    assert mesh.cells["triangle"].tolist() == [[0, 1, 2], [0, 2, 3]]
    assert {name: facets.tolist() for name, facets in mesh.boundary.items()} == {
        "wall": [[0, 1]],
        "all sides": [[0, 1], [1, 2]],
    }


def test_version_4_an_element_may_be_in_two_groups(tmp_path: Path) -> None:
    _check_version_4(_load(tmp_path, VERSION_4))


def test_version_4_binary(tmp_path: Path) -> None:
    def pack(*parts: tuple[str, list[float]]) -> bytes:
        return b"".join(struct.pack(f"<{len(v)}{k}", *(v if k == "d" else map(int, v))) for k, v in parts)

    flat, box = [0.0] * 3, [0.0] * 6
    entities = pack(("Q", [1, 2, 1, 0]), ("i", [1]), ("d", flat), ("Q", [0]))
    entities += pack(("i", [1]), ("d", box), ("Q", [2]), ("i", [7, 8]), ("Q", [2]), ("i", [1, 1]))
    entities += pack(("i", [2]), ("d", box), ("Q", [1]), ("i", [8]), ("Q", [0]))
    entities += pack(("i", [1]), ("d", box), ("Q", [0]), ("Q", [2]), ("i", [1, 2]))
    nodes = pack(("Q", [2, 4, 1, 9]), ("i", [0, 1, 0]), ("Q", [1, 1]), ("d", flat))
    nodes += pack(("i", [2, 1, 0]), ("Q", [3, 2, 3, 9]), ("d", [1, 0, 0, 1, 1, 0, 0, 1, 0]))
    elements = pack(("Q", [3, 4, 1, 4]), ("i", [1, 1, 1]), ("Q", [1, 1, 1, 2]), ("i", [1, 2, 1]), ("Q", [1, 2, 2, 3]))
    elements += pack(("i", [2, 1, 2]), ("Q", [2, 3, 1, 2, 3, 4, 1, 3, 9]))
    names = VERSION_4[VERSION_4.index("$PhysicalNames") : VERSION_4.index("$Entities")].encode()
    content = b"$MeshFormat\n4.1 1 8\n" + struct.pack("<i", 1) + b"\n$EndMeshFormat\n" + names
    for name, body in ((b"Entities", entities), (b"Nodes", nodes), (b"Elements", elements)):
        content += b"$" + name + b"\n" + body + b"\n$End" + name + b"\n"
    _check_version_4(_load(tmp_path, content))
    rng, path = np.random.default_rng(0), tmp_path / "m.msh"
    for _ in range(200):  # declared sizes are checked before anything is allocated
        broken = bytearray(content)
        broken[int(rng.integers(len(broken)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(broken)
        try:
            load(path)
        except (MeshError, UserWarning) as error:
            message = str(error)
            continue
    assert message


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("2.2 0 8", "4.0 0 8", "Gmsh version 4.0; versions 2.2 and 4.1 are read"),
        ("6 2 2 9 1 20 99 30", "6 2 2 9 1 20 98 30", "element 6 refers to node 98"),
        ("99 2 0.5 0", "40 2 0.5 0", "two nodes have one number"),
        ("6 2 2 9 1 20 99 30", "6 2 2 9 1 20 99", "triangle elements need 8 whole numbers"),
        ("6 2 2 9 1 20 99 30", "6 9 2 9 1 20 99 30 10 20 40", "1 cells of type triangle6"),
        ("6 2 2 9 1 20 99 30", "6 93 2 9 1 20 99 30 10 20 40", "element type 93 is unknown"),
        ("$EndElements", "", "section $Elements does not end"),
        ('1 7 "the wall"', "1 7 the wall", 'expected dimension, tag and "name"'),
        ("10 0 0 0", "10 0 nan 0", "point 0 has coordinates (0, nan, 0)"),
        ("99 2 0.5 0", "99 2 0.5 1", "this is a surface mesh"),
    ],
)
def test_bad_files_say_where(old: str, new: str, text: str, tmp_path: Path) -> None:
    assert old in VERSION_2
    with pytest.raises(MeshError) as caught:
        _load(tmp_path, VERSION_2.replace(old, new, 1))
    assert text in str(caught.value)


def test_a_facet_between_two_cells_is_left_out(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="1 boundary facets lie between two cells"):
        mesh = _load(tmp_path, VERSION_2.replace("2 1 2 7 1 10 20", "2 1 2 7 1 30 20"))
    assert len(mesh.boundary["the wall"]) == 0


def test_meshio_reads_what_is_written(tmp_path: Path) -> None:
    import meshio

    mesh = plate()
    save(Mesh(mesh.points, mesh.cells, {"low side": np.array([[0, 1], [1, 2]])}), tmp_path / "m.msh")
    other = meshio.read(tmp_path / "m.msh")
    assert {block.type: len(block.data) for block in other.cells} == {"quad": 2, "triangle": 2, "line": 2}
    assert {name: values.tolist() for name, values in other.field_data.items()} == {
        "domain": [1, 2],
        "low side": [2, 1],
    }
