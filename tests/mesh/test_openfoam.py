from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from gno.errors import MeshError
from gno.mesh import Mesh, cell_volume, faces, load
from tests.mesh.conftest import UNIT_CELL, box_of_hexahedra, box_of_many_kinds, one_cell

HEADER = """/*--------------------------------*- C++ -*----------------------------------*\\
| =========                 |                                                 |
\\*---------------------------------------------------------------------------*/
FoamFile
{{
    version     2.0;
    format      ascii;
    class       {kind};
    note        "nPoints:8 // nCells:1";
    object      {name};
}}
// * * * * * * * * * * * * * * * //

"""
KINDS = {"points": "vectorField", "faces": "faceList", "owner": "labelList", "neighbour": "labelList"}


def write_foam(mesh: Mesh, patches: dict[str, tuple[str, np.ndarray]], folder: Path) -> Path:
    """A mesh as a polyMesh: inner faces, then those of each patch (kind, face numbers)."""
    all_faces, folder = faces(mesh), folder / "constant" / "polyMesh"
    folder.mkdir(parents=True)
    order = np.concatenate([np.arange(all_faces.num_inner), *(numbers for _, numbers in patches.values())])
    rows = [[n for n in all_faces.nodes[f].tolist() if n >= 0] for f in order]
    owner, neighbor = all_faces.owner[order].tolist(), all_faces.neighbor[: all_faces.num_inner].tolist()
    body = {
        "points": [f"({x!r} {y!r} {z!r}) // a point" for x, y, z in mesh.points.tolist()],
        "faces": [f"{len(row)}({' '.join(map(str, row))})" for row in rows],
        "owner": owner,
        "neighbour": neighbor,
    }
    for name, lines in body.items():
        text = f"{len(lines)}\n(\n" + "\n".join(map(str, lines)) + "\n)\n\n/* end */ // ****\n"
        (folder / name).write_text(HEADER.format(kind=KINDS[name], name=name) + text)
    start, blocks = all_faces.num_inner, []
    for name, (kind, numbers) in patches.items():
        blocks.append(f"    {name}\n    {{\n        type {kind};\n        inGroups 1({kind});\n")
        blocks.append(f"        nFaces {len(numbers)};\n        startFace {start};\n    }}\n")
        start += len(numbers)
    text = f"{len(patches)}\n(\n" + "".join(blocks) + ")\n"
    (folder / "boundary").write_text(HEADER.format(kind="polyBoundaryMesh", name="boundary") + text)
    return folder


def _outer(mesh: Mesh) -> np.ndarray:
    return np.flatnonzero(faces(mesh).neighbor < 0)


@pytest.mark.parametrize("name", [k for k in UNIT_CELL if k not in ("triangle", "quad")] + ["box", "hexahedra"])
def test_cells_are_recognized_from_their_faces(name: str, tmp_path: Path) -> None:
    boxes = {"box": box_of_many_kinds(noise=0.02), "hexahedra": box_of_hexahedra(2, noise=0.1)}
    mesh = boxes.get(name) or one_cell(name, noise=0.05)
    outer = _outer(mesh)
    write_foam(
        mesh, {"wall": ("wall", outer[:2]), '"in out"': ("patch", outer[2:]), "none": ("wall", outer[:0])}, tmp_path
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = load(tmp_path)
    np.testing.assert_array_equal(read.points, mesh.points)
    assert {k: len(c) for k, c in read.cells.items()} == {k: len(c) for k, c in mesh.cells.items()}
    for kind, nodes in mesh.cells.items():
        assert sorted(map(sorted, nodes.tolist())) == sorted(map(sorted, read.cells[kind].tolist()))
    volume = cell_volume(read)
    np.testing.assert_allclose(np.sort(volume), np.sort(cell_volume(mesh)), rtol=1e-12)
    assert {patch: len(facets) for patch, facets in read.boundary.items()} == {
        "wall": 2,
        "in out": len(outer) - 2,
        "none": 0,
    }


def _slab(axis: int) -> tuple[Mesh, dict[str, tuple[str, np.ndarray]]]:
    """Two squares and a triangle, one cell thick along an axis, between empty patches."""
    flat = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1], [3, 0]])
    near, far = np.insert(flat, axis, 0.0, axis=1), np.insert(flat, axis, 0.1, axis=1)
    cells = {
        "hexahedron": np.array([[0, 1, 4, 3, 7, 8, 11, 10], [1, 2, 5, 4, 8, 9, 12, 11]]),
        "wedge": np.array([[2, 6, 5, 9, 13, 12]]),
    }
    if axis == 1:  # x, z, y is left-handed
        cells = {kind: np.roll(nodes, nodes.shape[1] // 2, axis=1) for kind, nodes in cells.items()}
    mesh = Mesh(np.concatenate([near, far]), cells)
    outer = _outer(mesh)
    x = mesh.points[np.where(faces(mesh).nodes < 0, faces(mesh).nodes[:, [0]], faces(mesh).nodes)][outer]
    empty, left = np.ptp(x[:, :, axis], axis=1) == 0, (x[:, :, 1 if axis == 0 else 0] == 0).all(axis=1)
    sides = {"inlet": ("patch", outer[left]), "walls": ("wall", outer[~left & ~empty])}
    return mesh, sides | {"frontAndBack": ("empty", outer[empty])}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slab_between_empty_patches_is_flat(axis: int, tmp_path: Path) -> None:
    write_foam(*_slab(axis), tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mesh = load(tmp_path)
    assert (mesh.dim, mesh.num_points) == (2, 7)
    assert {kind: len(nodes) for kind, nodes in mesh.cells.items()} == {"triangle": 1, "quad": 2}
    np.testing.assert_allclose(np.sort(cell_volume(mesh)), [0.5, 1, 1])
    assert {name: len(facets) for name, facets in mesh.boundary.items()} == {"inlet": 1, "walls": 6}
    assert mesh.points[mesh.boundary["inlet"]].tolist() in ([[[0, 0], [0, 1]]], [[[0, 1], [0, 0]]])


def test_the_folder_may_be_named_at_each_level(tmp_path: Path) -> None:
    folder = write_foam(*_slab(2), tmp_path)
    (tmp_path / "case.foam").touch()
    assert load(tmp_path / "case.foam").num_cells == 3
    assert load(folder).num_cells == load(folder.parent).num_cells == load(str(tmp_path)).num_cells == 3


def test_compact_lists_are_read(tmp_path: Path) -> None:
    mesh = one_cell("tetra")
    folder = write_foam(mesh, {"all": ("wall", _outer(mesh))}, tmp_path)
    nodes = " ".join(map(str, faces(mesh).nodes.ravel()))
    text = HEADER.format(kind="faceCompactList", name="faces") + f"5(0 3 6 9 12)\n12({nodes})\n"
    (folder / "faces").write_text(text)
    (folder / "owner").write_text(HEADER.format(kind="labelList", name="owner") + "4{0}\n")
    (folder / "neighbour").write_text(HEADER.format(kind="labelList", name="neighbour") + "0()\n")
    assert load(tmp_path).num_cells == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "text"),
    [
        ("points", "ascii", "binary", "is a binary OpenFOAM file; the ASCII form is read; set writeFormat ascii"),
        ("points", "14\n(", "15\n(", "15 points are declared, 14 are there"),
        ("points", "(0.0 1.0 0.0)", "(0.0 1.0 zero)", "'zero' is no number"),
        ("faces", "(1 4 11 8)", "(1 4 99 8)", "a face refers to point 99; the mesh has 14 points"),
        ("faces", "4(1 4 11 8)", "5(1 4 11 8 5)", "face 0 has 5 corners; 1 faces are neither triangles nor quads"),
        ("faces", "4(1 4 11 8)", "3(1 4 11)", "cell 0 is a polyhedron of 1 triangles and 5 quads"),
        ("faces", "4(1 4 11 8)", "3(1 4 11 8)", "face 0 says 3 corners"),
        ("faces", "4(1 4 11 8)", "4(1 4 10 8)", "do not close to a hexahedron"),
        ("owner", "15\n(", "14\n(", "14 numbers are declared"),
        ("owner", "FoamFile", "Foam", "it does not begin with FoamFile"),
        ("boundary", "nFaces 1;", "nFaces 100;", "patch inlet has faces"),
        ("boundary", "nFaces 1;", "", "patch inlet has no usable 'nFaces'"),
        ("boundary", "3\n(", "4\n(", "4 patches are declared, 3 are there"),
    ],
)
def test_bad_folders_say_where(file: str, old: str, new: str, text: str, tmp_path: Path) -> None:
    mesh, patches = _slab(2)
    patches = {name: ("wall" if "cell" in text or "close" in text else kind, f) for name, (kind, f) in patches.items()}
    folder = write_foam(mesh, patches, tmp_path)
    content = (folder / file).read_text()
    assert old in content
    (folder / file).write_text(content.replace(old, new, 1))
    with pytest.raises(MeshError) as caught:
        load(tmp_path)
    assert text in str(caught.value)
    (folder / file).unlink()
    with pytest.raises(MeshError, match="no such file"):
        load(tmp_path)
    (folder / f"{file}.gz").write_bytes(b"")
    with pytest.raises(MeshError, match="is compressed; plain text is read; run: gunzip"):
        load(tmp_path)


@pytest.mark.parametrize("file", ["points", "faces", "owner", "neighbour", "boundary"])
def test_damage_gives_a_mesh_error_or_a_mesh_and_nothing_else(
    file: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = write_foam(*_slab(2), tmp_path)
    whole, rng = (folder / file).read_bytes(), np.random.default_rng(0)
    damaged = [whole[:n] for n in range(0, len(whole), 10)]
    for _ in range(100):
        content = bytearray(whole)
        content[rng.integers(0, len(whole))] ^= 1 << int(rng.integers(0, 8))
        damaged.append(bytes(content))
    refused = 0
    for content in damaged:
        (folder / file).write_bytes(content)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r".* (inverted|left out)")
            try:
                assert isinstance(load(tmp_path), Mesh)
            except MeshError:
                refused += 1
    assert refused > len(damaged) // 3
    assert capfd.readouterr() == ("", "")
