from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest

from gno.errors import MeshError
from gno.mesh import Mesh, cell_centroid, faces, load, save, shapes
from gno.mesh.formats.slab import slab
from tests.mesh.conftest import box_of_hexahedra, box_of_many_kinds, one_cell
from tests.mesh.named import plate

SYSTEM = {
    "controlDict": "startFrom startTime; startTime 0; stopAt endTime; endTime 1; deltaT 1; writeInterval 1;",
    "fvSchemes": "gradSchemes {} divSchemes {} laplacianSchemes {}",
    "fvSolution": "",
}
"""What every program of OpenFOAM asks for."""


def patched(mesh: Mesh) -> Mesh:
    """The outer faces in two patches, and an empty third one."""
    outer = faces(mesh).nodes[faces(mesh).neighbor < 0]
    return Mesh(mesh.points, mesh.cells, {"wall": outer[::3], "rest": np.delete(outer, np.s_[::3], 0), "no": outer[:0]})


MESHES = {
    "triangles": patched(shapes.square(0.2)),
    "quads": patched(shapes.square(0.25, kind="quad")),
    "mixed": patched(Mesh(plate().points[:-1], plate().cells)),
    "tetrahedra": patched(shapes.cube(0.5)),
    "hexahedra": patched(box_of_hexahedra(2, noise=0.05)),
    "many kinds": patched(box_of_many_kinds(noise=0.02)),
}


def corners(mesh: Mesh) -> list[list[int]]:
    return sorted(sorted(nodes) for cells in mesh.cells.values() for nodes in cells.tolist())


@pytest.mark.parametrize("name", MESHES)
def test_round_trip_keeps_points_cells_faces_and_patches(name: str, tmp_path: Path) -> None:
    mesh = MESHES[name]
    save(mesh, tmp_path / "case")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = load(tmp_path / "case")
    np.testing.assert_array_equal(read.points, mesh.points)
    assert corners(read) == corners(mesh)
    for kind, cells in mesh.cells.items():
        np.testing.assert_array_equal(np.sort(read.cells[kind], axis=1), np.sort(cells, axis=1))
    assert sorted(map(sorted, faces(read).nodes.tolist())) == sorted(map(sorted, faces(mesh).nodes.tolist()))
    assert list(read.boundary) == list(mesh.boundary)
    for patch, facets in mesh.boundary.items():
        assert sorted(map(sorted, read.boundary[patch].tolist())) == sorted(map(sorted, facets.tolist()))


@pytest.mark.parametrize("name", MESHES)
def test_inner_faces_are_in_upper_triangular_order(name: str, tmp_path: Path) -> None:
    save(MESHES[name], tmp_path / "polyMesh")
    owner, neighbor = (_labels(tmp_path / "polyMesh" / which) for which in ("owner", "neighbour"))
    inner = owner[: len(neighbor)]
    assert (inner < neighbor).all()
    np.testing.assert_array_equal(np.lexsort((neighbor, inner)), np.arange(len(inner)))


def _labels(path: Path) -> np.ndarray:
    return np.array(path.read_text().split("(")[1].split(")")[0].split(), dtype=np.int64)


def test_cells_of_a_layer_stand_on_those_of_the_mesh() -> None:
    mesh = MESHES["mixed"]
    np.testing.assert_allclose(cell_centroid(slab(mesh))[:, :2], cell_centroid(mesh), rtol=1e-12)


def test_outer_faces_without_a_name_have_a_patch_of_their_own(tmp_path: Path) -> None:
    mesh = one_cell("tetra")
    save(Mesh(mesh.points, mesh.cells, {"floor": np.array([[0, 1, 2]])}), tmp_path / "polyMesh")
    read = load(tmp_path / "polyMesh")
    assert {name: len(facets) for name, facets in read.boundary.items()} == {"floor": 1, "defaultFaces": 3}


def test_what_a_polymesh_cannot_hold_is_left_out_or_refused(tmp_path: Path) -> None:
    mesh = plate()
    with pytest.warns(UserWarning, match="OpenFOAM meshes hold no fields; left out: u"):
        save(mesh.with_data({"u": np.ones(mesh.num_points)}), tmp_path / "case")
    assert load(tmp_path / "case").num_points == mesh.num_points - 1  # one belongs to no cell
    edge = np.array([[0, 1]])
    for names, text in (
        (["in out"], "cannot read"),
        (["a", "b"], "in patch 'a' and in 'b'"),
        (["frontAndBack"], "sides"),
    ):
        with pytest.raises(MeshError, match=text):
            save(Mesh(mesh.points, mesh.cells, dict.fromkeys(names, edge)), tmp_path / "refused")
    with pytest.raises(MeshError, match="no cells"):
        save(Mesh(mesh.points, {}), tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    (tmp_path / "m.vtu").mkdir()
    with pytest.raises(Exception, match="a folder stands there"):
        save(mesh, tmp_path / "m.vtu")


@pytest.mark.skipif(shutil.which("checkMesh") is None, reason="OpenFOAM is not installed")
@pytest.mark.parametrize("name", MESHES)
def test_openfoam_accepts_the_mesh(name: str, tmp_path: Path) -> None:
    save(MESHES[name], tmp_path)
    (tmp_path / "system").mkdir()
    for file, text in SYSTEM.items():
        head = f"FoamFile {{ version 2.0; format ascii; class dictionary; object {file}; }}\n"
        (tmp_path / "system" / file).write_text(head + text)
    root = os.environ.get("WM_PROJECT_DIR", "/usr/share/openfoam")
    check = f"source {root}/etc/bashrc; checkMesh -case {tmp_path}"
    told = subprocess.run(["bash", "-c", f"{check} 2>&1"], stdout=subprocess.PIPE, text=True, check=False).stdout
    assert "Mesh OK." in told, told[-2000:]
    assert f"cells:            {MESHES[name].num_cells}\n" in told
