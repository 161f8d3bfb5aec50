from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from gno.errors import MeshError, ResourceError
from gno.mesh import Mesh, cell_volume, load, save
from tests.mesh.named import MESHES, plate

TRIANGLE = """<?xml version="1.0"?>
<VTKFile type="UnstructuredGrid" version="0.1" byte_order="LittleEndian"><UnstructuredGrid>
<Piece NumberOfPoints="{points}" NumberOfCells="2">
<Points><DataArray type="Float64" NumberOfComponents="3" format="ascii">{xyz}</DataArray></Points>
<Cells>
<DataArray type="Int64" Name="connectivity" format="ascii">{nodes}</DataArray>
<DataArray type="Int64" Name="offsets" format="ascii">{ends}</DataArray>
<DataArray type="UInt8" Name="types" format="ascii">{types}</DataArray>
</Cells></Piece></UnstructuredGrid></VTKFile>
"""


def _write(path: Path, **parts: str) -> Path:
    given = {"points": "4", "xyz": "0 0 0 1 0 0 0 1 0 1 1 0", "nodes": "0 1 2 1 3 2", "ends": "3 6", "types": "5 5"}
    path.write_text(TRIANGLE.format(**(given | parts)))
    return path


@pytest.mark.parametrize("name", MESHES)
def test_vtk_reads_the_same_mesh(name: str, tmp_path: Path) -> None:
    vtk_xml = pytest.importorskip("vtkmodules.vtkIOXML")
    filters = pytest.importorskip("vtkmodules.vtkFiltersVerdict")
    convert = pytest.importorskip("vtkmodules.util.numpy_support")
    mesh = MESHES[name]
    save(mesh, tmp_path / "m.vtu")
    reader = vtk_xml.vtkXMLUnstructuredGridReader()
    reader.SetFileName(str(tmp_path / "m.vtu"))
    size = filters.vtkCellSizeFilter()
    size.SetInputConnection(reader.GetOutputPort())
    size.Update()
    grid = size.GetOutput()
    assert (grid.GetNumberOfPoints(), grid.GetNumberOfCells()) == (mesh.num_points, mesh.num_cells)
    for field, values in mesh.point_data.items():
        found = convert.vtk_to_numpy(grid.GetPointData().GetArray(field))
        np.testing.assert_array_equal(found[..., : mesh.dim] if values.ndim > 1 else found, values)
    np.testing.assert_array_equal(
        convert.vtk_to_numpy(grid.GetCellData().GetArray("a & <b>")), mesh.cell_data["a & <b>"]
    )
    volume = convert.vtk_to_numpy(grid.GetCellData().GetArray("Area" if mesh.dim == 2 else "Volume"))
    if mesh.dim == 2 or name == "tetra":  # curved faces are cut by VTK as it likes
        np.testing.assert_allclose(volume, cell_volume(mesh), rtol=1e-12)
    assert (volume > 0).all()


def test_inverted_cells_are_turned_with_a_count(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="1 of 2 cells were inverted"):
        mesh = load(_write(tmp_path / "m.vtu", nodes="0 1 2 1 2 3"))
    assert (cell_volume(mesh) > 0).all()


def test_either_order_of_a_wedge_is_read_in_silence(tmp_path: Path) -> None:
    mesh = MESHES["wedge"]
    save(Mesh(mesh.points, {"wedge": mesh.cells["wedge"][:, [0, 2, 1, 3, 5, 4]]}), tmp_path / "m.vtu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cell_volume(load(tmp_path / "m.vtu"))[0] == pytest.approx(cell_volume(mesh)[0])


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"nodes": "0 1 2 1 99999 2"}, "cell 1 refers to point 99999; the mesh has 4 points, numbered from 0"),
        ({"nodes": "0 1 2 1 -1 2"}, "cell 1 refers to point -1"),
        ({"nodes": "0 1 2 2 0 1"}, "cells 0 and 1 (triangle) have the same nodes"),
        ({"nodes": "0 1 2 1 1 2"}, "1 degenerate cells, the first: 1"),
        ({"xyz": "0 0 0 1 0 0 0 1 0 .5 .5 0"}, "1 degenerate cells, the first: 1"),
        ({"xyz": "0 0 0 1 0 nan 0 1 0 1 1 0"}, "point 1 has coordinates (1, 0, nan)"),
        ({"xyz": "0 0 0 1 0 0 0 1 0 1 1 .1"}, "this is a surface mesh"),
        ({"nodes": "0 1 1 2", "ends": "2 4", "types": "3 3"}, "the mesh has no cells"),
        ({"nodes": "0 1 2 1 3 2", "types": "6 6"}, "cannot handle"),
        ({"points": "5"}, "cannot be read as vtu"),
        ({"nodes": "0 1 2 3 0 1", "ends": "6 6", "types": "22 22"}, "cells of type triangle6"),
    ],
)
def test_cells_that_cannot_be_used_are_refused(parts: dict[str, str], text: str, tmp_path: Path) -> None:
    with pytest.raises(MeshError) as caught:
        load(_write(tmp_path / "m.vtu", **parts))
    assert text in str(caught.value)


def test_an_edge_of_three_cells_is_refused(tmp_path: Path) -> None:
    text = TRIANGLE.replace('NumberOfCells="2"', 'NumberOfCells="3"')
    points = "0 0 0 1 0 0 0 1 0 0 -1 0 1 2 0"
    content = text.format(points=5, xyz=points, nodes="0 1 2 0 3 1 0 1 4", ends="3 6 9", types="5 5 5")
    (tmp_path / "m.vtu").write_text(content)
    with pytest.raises(MeshError, match="more than two cells share the face"):
        load(tmp_path / "m.vtu")


def test_lines_among_triangles_are_the_boundary(tmp_path: Path) -> None:
    text = TRIANGLE.replace('NumberOfCells="2"', 'NumberOfCells="4"')
    content = text.format(
        points=4, xyz="0 0 3 1 0 3 0 1 3 1 1 3", nodes="0 1 0 1 2 0 2 1 3 2", ends="2 5 7 10", types="3 5 3 5"
    )
    (tmp_path / "m.vtu").write_text(content)
    mesh = load(tmp_path / "m.vtu")
    assert (mesh.dim, mesh.num_cells) == (2, 2)
    assert mesh.boundary["boundary"].tolist() == [[0, 1], [0, 2]]


def test_entities_pieces_and_outside_files_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "m.vtu")
    path.write_text(path.read_text().replace("<VTKFile", '<!DOCTYPE a [<!ENTITY b "c">]><VTKFile', 1))
    with pytest.raises(MeshError, match="declares a DOCTYPE"):
        load(path)
    path = _write(tmp_path / "m.vtu")
    path.write_text(
        path.read_text().replace("</Piece>", '</Piece><Piece NumberOfPoints="0" NumberOfCells="0"></Piece>')
    )
    with pytest.raises(MeshError, match="has 2 pieces"):
        load(path)
    for form, name in (("HDF", "/etc/passwd:/a"), ("HDF", "../x.h5:/a"), ("Binary", "raw.bin")):
        item = f'<DataItem Dimensions="3 3" Format="{form}">{name}</DataItem>'
        (tmp_path / "m.xdmf").write_text(f'<Xdmf Version="3.0"><Domain><Grid>{item}</Grid></Domain></Xdmf>')
        with pytest.raises(MeshError, match="heavy data must stand in an HDF5 file beside it"):
            load(tmp_path / "m.xdmf")


def test_xdmf_finds_its_heavy_data_beside_it(tmp_path: Path) -> None:
    import meshio

    mesh = plate()
    meshio.Mesh(mesh.points, list(mesh.cells.items())).write(tmp_path / "m.xdmf")
    assert load(tmp_path / "m.xdmf").num_cells == 4
    (tmp_path / "m.h5").unlink()
    with pytest.raises(MeshError, match=r"needs 'm\.h5', which is not beside it"):
        load(tmp_path / "m.xdmf")


@pytest.mark.parametrize(
    ("kind", "says"),
    [("link", "is a link to another file"), ("storage", "keeps its values in another"), ("bomb", "claims .* GiB")],
)
def test_heavy_data_that_reach_out_of_their_file_are_refused(tmp_path: Path, kind: str, says: str) -> None:
    import h5py
    import meshio

    mesh = plate()
    meshio.Mesh(mesh.points, list(mesh.cells.items())).write(tmp_path / "m.xdmf")
    with h5py.File(tmp_path / "m.h5", "r+") as raw:
        del raw["data0"]
        if kind == "link":
            raw["data0"] = h5py.ExternalLink("/etc/passwd", "/x")
        elif kind == "storage":
            raw.create_dataset("data0", (9, 2), "u1", external=[("/etc/passwd", 0, 18)])
        else:
            raw.create_dataset("data0", (5 * 10**12, 2), "f8", chunks=(1024, 2))
    with pytest.raises(ResourceError if kind == "bomb" else MeshError, match=says):
        load(tmp_path / "m.xdmf")
    (tmp_path / "m.h5").write_bytes(b"hello")
    with pytest.raises(MeshError, match="damaged or no HDF5"):
        load(tmp_path / "m.xdmf")
