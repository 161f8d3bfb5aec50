"""VTKHDF files of others: steady ones, and steps that share a mesh."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from gno.datasets import DatasetWriter, FieldSpec, open_layout
from gno.datasets.layouts.vtkhdf import read_vtkhdf
from gno.errors import DataError
from gno.mesh import shapes
from gno.mesh.mesh import Mesh


def series(path: Path, steps: int) -> Mesh:
    """A file whose steps are the instants of one case: our own datasets are laid out so."""
    mesh = shapes.square(0.5)
    fields = [FieldSpec("u", components=2), FieldSpec("k", location="cell")]
    with DatasetWriter(path, fields) as writer:
        for i in range(steps):
            data = {"u": mesh.points + i}, {"k": np.arange(float(mesh.num_cells)) * i}
            writer.append(mesh.with_data(*data))
    with h5py.File(path, "r+") as file:
        del file["gno"]
    return mesh


def test_steps_are_instants(tmp_path: Path) -> None:
    mesh = series(tmp_path / "a.vtkhdf", 3)
    with open_layout(tmp_path / "a.vtkhdf") as dataset:
        assert (len(dataset), dataset.layout) == (1, "vtk-folder")
        found = dataset[0]
    np.testing.assert_array_equal(found.mesh.cells["triangle"], mesh.cells["triangle"])
    np.testing.assert_array_equal(found.point_series["u"][2], mesh.points + 2)
    np.testing.assert_array_equal(found.cell_series["k"][2], np.arange(mesh.num_cells) * 2)


def test_a_steady_file_of_mixed_cells(tmp_path: Path) -> None:
    path = tmp_path / "b.vtkhdf"
    with h5py.File(path, "w") as file:
        root = file.create_group("VTKHDF")
        root.attrs["Version"], root.attrs["Type"] = np.array([2, 1]), np.bytes_("UnstructuredGrid")
        root["Points"] = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0]], dtype="f4")
        root["Types"] = np.array([5, 9], dtype="u1")
        root["Connectivity"], root["Offsets"] = np.array([1, 4, 2, 0, 1, 2, 3]), np.array([0, 3, 7])
        for name, count in (("NumberOfPoints", 5), ("NumberOfCells", 2), ("NumberOfConnectivityIds", 7)):
            root[name] = np.array([count])
        root["PointData/u"], root["CellData/k"] = np.arange(5.0), np.array([50.0, 90.0])
    ((time, mesh),) = read_vtkhdf(path)
    assert time is None
    assert {kind: cells.tolist() for kind, cells in mesh.cells.items()} == {
        "triangle": [[1, 4, 2]],
        "quad": [[0, 1, 2, 3]],
    }
    assert (mesh.point_data["u"].tolist(), mesh.cell_data["k"].tolist()) == ([0, 1, 2, 3, 4], [50, 90])
    with h5py.File(path, "r+") as file:
        file["VTKHDF/NumberOfPoints"][0] = 7
    with pytest.raises(DataError, match="ends at row 5; rows to 7"):
        read_vtkhdf(path)
    with h5py.File(path, "r+") as file:
        file["VTKHDF"].attrs["Type"] = np.bytes_("ImageData")
    with pytest.raises(DataError, match="its type is 'ImageData'"):
        read_vtkhdf(path)
