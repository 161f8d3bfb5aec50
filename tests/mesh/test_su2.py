from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gno.errors import MeshError
from gno.mesh import edges, load

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "meshes"
COUNTS = {
    "xcoarse": (353, 42, 312, 707, 20),
    "coarse": (1843, 120, 1743, 3706, 40),
    "fine": (6684, 256, 6392, 13332, 164),
}
SQUARE = """% a square of one quad and one triangle
NDIME=\t2
NELEM= 2   % elements
9\t0.0\t1.0\t2.0\t3.0\t0
 5 1 4 2
NPOIN= 5 5
0.0 0.0 0

1.0 0 1
1 1e0 2
-0 1 3
2 .5
% markers
NMARK= 2
MARKER_TAG= the lower side
MARKER_ELEMS= 1
3 0 1
MARKER_TAG= rest % here
MARKER_ELEMS= 2
3 1.0 4.0
3 4 2
"""


@pytest.mark.parametrize("name", COUNTS)
def test_real_airfoils_keep_their_markers(name: str) -> None:
    path = REAL / f"NACA0012_{name}.su2"
    if not path.exists():
        pytest.skip("the real meshes are not beside the repository")
    start = time.perf_counter()
    mesh = load(path)
    assert time.perf_counter() - start < 5.0
    nodes, triangles, quads, num_edges, marker = COUNTS[name]
    assert mesh.num_points == nodes
    assert {kind: len(cells) for kind, cells in mesh.cells.items()} == {"triangle": triangles, "quad": quads}
    assert len(edges(mesh)) == num_edges
    assert {patch: len(facets) for patch, facets in mesh.boundary.items()} == {"airfoil": marker, "farfield": marker}


def test_floats_tabs_comments_and_missing_numbers_are_read(tmp_path: Path) -> None:
    (tmp_path / "m.su2").write_text(SQUARE)
    mesh = load(tmp_path / "m.su2")
    assert mesh.cells["quad"].tolist() == [[0, 1, 2, 3]]
    assert mesh.cells["triangle"].tolist() == [[1, 4, 2]]
    assert mesh.points[4].tolist() == [2, 0.5]
    assert {name: facets.tolist() for name, facets in mesh.boundary.items()} == {
        "the lower side": [[0, 1]],
        "rest": [[1, 4], [4, 2]],
    }


PLAIN = """NDIME= 2
NELEM= 2
9 0 1 2 3
5 1 4 2
NPOIN= 5
0.0 0.0
1.0 0.0
1.0 1.0
0.0 1.0
2.0 0.5
NMARK= 2
MARKER_TAG= airfoil
MARKER_ELEMS= 1
3 0 1
MARKER_TAG= farfield
MARKER_ELEMS= 2
3 1 4
3 4 2
"""
CELLS, POINTS = "NELEM= 2\n9 0 1 2 3\n5 1 4 2\n", "NPOIN= 5\n0.0 0.0\n1.0 0.0\n1.0 1.0\n0.0 1.0\n2.0 0.5\n"
PATTERNS: dict[str, Callable[[str], str]] = {
    "node numbers as floats": lambda text: text.replace("9 0 1 2 3", "9 0 1 2.0 3.0").replace("3 1 4", "3 1.0 4.0"),
    "tabs": lambda text: "\n".join(line if "=" in line else line.replace(" ", " \t ") for line in text.split("\n")),
    "comments above": lambda text: re.sub(r"^(N[DEPM])", r"%\n% Inner element connectivity\n%\n\1", text, flags=re.M),
    "comments behind": lambda text: text.replace("\n", " % here\n"),
    "blank lines": lambda text: text.replace("\n", "\n\n  \n"),
    "no space behind the sign": lambda text: text.replace("= ", "="),
    "spaces around the sign": lambda text: text.replace("= ", " =   "),
    "columns that stand flush right": lambda text: re.sub(r"(^| )(?=\d)", "      ", text, flags=re.M),
    "numbers of cells": lambda text: text.replace("1 2 3\n", "1 2 3 0\n").replace("5 1 4 2", "5 1 4 2 1"),
    "numbers of points": lambda text: re.sub(r"^(\d\.\d \d\.\d)$", r"\1    7", text, flags=re.M),
    "numbers of facets": lambda text: re.sub(r"^(3 \d \d)$", r"\1 0", text, flags=re.M),
    "exponents": lambda text: text.replace("2.0 0.5", "2.000000000000000e+00 5.000000000000000E-01"),
    "points before cells": lambda text: text.replace(POINTS, "").replace(CELLS, POINTS + CELLS),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "no line end at the end": lambda text: text.rstrip("\n"),
}
"""Ways in which the airfoils of CFD-GCN's repository, and SU2's own meshes, are written."""


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_way_to_write_a_mesh_gives_the_same_one(pattern: str, tmp_path: Path) -> None:
    text = PATTERNS[pattern](PLAIN)
    assert text != PLAIN
    (tmp_path / "plain.su2").write_text(PLAIN)
    (tmp_path / "other.su2").write_bytes(text.encode())
    plain, other = load(tmp_path / "plain.su2"), load(tmp_path / "other.su2")
    assert list(other.boundary) == ["airfoil", "farfield"]
    np.testing.assert_array_equal(other.points, plain.points)
    for kind in ("cells", "boundary"):
        ours, theirs = getattr(plain, kind), getattr(other, kind)
        assert {name: a.tolist() for name, a in ours.items()} == {name: a.tolist() for name, a in theirs.items()}


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("1.0\t2.0", "1.5\t2.0", "line 4: node numbers are not whole"),
        ("1.0\t2.0", "nan\t2.0", "line 4: node numbers are not whole"),
        (" 5 1 4 2", " 5 1 4", "line 5: found '5 1 4'; 3 node numbers are needed"),
        (" 5 1 4 2", " 77 1 4 2", "line 5: element type '77' is unknown"),
        ("1 1e0 2", "1 one 2", "line 10: found '1 one 2'; 2 coordinates are needed"),
        ("NELEM= 2", "NELEM= 1", "line 5: expected KEY= value"),
        ("NELEM= 2", "NELEM= two", "line 3: expected a number, found 'two'"),
        ("MARKER_ELEMS= 2", "MARKER_ELEMS= 3", "line 19: 3 lines are declared, 2 follow"),
        ("NMARK= 2", "NMARK= 3", "markers"),
        ("NDIME=\t2", "NDIME= 4", "line 6: NDIME is 4"),
        ("NDIME=\t2", "NDIME= 2\nNZONE= 2", "line 3: the file has 2 zones"),
        (" 5 1 4 2", " 5 1 99999 2", "cell 1 refers to point 99999; the mesh has 5 points"),
        ("3 4 2", "3 4 0", "boundary 'rest' facet 1"),
        ("3 4 2", "3 4 99", "boundary 'rest' facet 1 refers to point 99"),
        ("NPOIN= 5 5", "NPOIN= 99999999999", "99999999999 lines are declared"),
    ],
)
def test_bad_lines_are_named(old: str, new: str, text: str, tmp_path: Path) -> None:
    assert old in SQUARE
    (tmp_path / "m.su2").write_text(SQUARE.replace(old, new))
    with pytest.raises(MeshError) as caught:
        load(tmp_path / "m.su2")
    assert text in str(caught.value)


def test_foreign_keywords_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "m.su2").write_text(SQUARE + "FFD_NBOX= 1\nFFD_CORNER_POINTS= 4\n0 0\n1 0\n1 1\n0 1\n")
    assert load(tmp_path / "m.su2").num_cells == 2


def test_nodes_are_numbered_as_in_the_file_also_where_no_cell_uses_them(tmp_path: Path) -> None:
    text = SQUARE.replace("NPOIN= 5 5", "NPOIN= 6").replace("2 .5", "2 .5\n7 7")
    (tmp_path / "m.su2").write_text(text)
    np.testing.assert_array_equal(load(tmp_path / "m.su2").points[5], [7, 7])
